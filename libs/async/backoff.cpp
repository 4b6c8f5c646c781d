#include "libs/async/backoff.h"

#include <algorithm>
#include <cstdint>

#include "libs/async/sleep.h"
#include "libs/base/text.h"

namespace oriel {

std::chrono::milliseconds Backoff::next() {
  auto const step = step_;
  step_ = std::min(step_ * 2, longest_);
  // Jitter: many clients of one server that restarted must not come back in the same millisecond.
  auto const random = random_bytes(2);
  auto const fraction = (random[0] << 8 | random[1]) % 1000;
  return step / 2 + step / 2 * fraction / 1000;
}

Async<> Backoff::wait() {
  auto const duration = next();
  co_await sleep_for(duration);
}

}  // namespace oriel
