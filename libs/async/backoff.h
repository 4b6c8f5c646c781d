#pragma once

#include <chrono>

#include "libs/async/async.h"
#include "libs/base/limits.h"

namespace oriel {

/// Doubling waits with jitter (each between half and all of its step), for reconnecting.
class Backoff {
 public:
  explicit Backoff(std::chrono::milliseconds first = limits::kBackoffFirst,
                   std::chrono::milliseconds longest = limits::kBackoffLongest)
      : first_(first), longest_(longest), step_(first) {}

  /// The next wait; advances.
  [[nodiscard]] std::chrono::milliseconds next();
  /// Sleeps for next().
  [[nodiscard]] Async<> wait();
  /// After success: the next wait is the first again.
  void reset() { step_ = first_; }

 private:
  std::chrono::milliseconds first_;
  std::chrono::milliseconds longest_;
  std::chrono::milliseconds step_;
};

}  // namespace oriel
