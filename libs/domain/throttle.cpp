#include "libs/domain/throttle.h"

#include <algorithm>

namespace oriel::domain {

std::chrono::seconds ThrottlePolicy::delay_after(int failures) const {
  if (failures < free_attempts) return std::chrono::seconds(0);
  // 2^20 first delays are longer than any `longest`: the shift stays defined for every count.
  auto const doublings = std::min(failures - free_attempts, 20);
  return std::min(longest, first_delay * (1 << doublings));
}

}  // namespace oriel::domain
