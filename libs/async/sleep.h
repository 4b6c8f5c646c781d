#pragma once

#include <chrono>

#include "libs/async/async.h"

namespace oriel {

/// Resumes after the duration.
[[nodiscard]] Async<> sleep_for(std::chrono::steady_clock::duration duration);
[[nodiscard]] Async<> sleep_until(std::chrono::steady_clock::time_point when);

/// Lets the others of this loop run once.
[[nodiscard]] Async<> yield_now();

}  // namespace oriel
