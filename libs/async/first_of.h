#pragma once

#include <cstddef>

#include "libs/async/async.h"

namespace oriel {

/// Runs both. When one ends, the other is cancelled and awaited; gives which ended first (0 or 1) and
/// rethrows what that one threw. What the cancelled one throws is dropped unless it is something else than
/// its cancellation.
[[nodiscard]] Async<std::size_t> first_of(Async<> first, Async<> second);

}  // namespace oriel
