#include "init/restarts.h"

#include <algorithm>

#include "init/limits.h"

namespace oriel::init {

using std::chrono::duration_cast;
using std::chrono::milliseconds;

Restarts::Time Restarts::ended(Time now) {
  if (now - started_ >= limits::kSteady) in_a_row_ = 0;
  ++in_a_row_;
  if (in_a_row_ == 1) return now;
  auto wait = duration_cast<milliseconds>(limits::kBackoffFirst);
  for (int i = 2; i < in_a_row_ && wait < limits::kBackoffLongest; ++i) wait *= 2;
  return now + std::min(wait, duration_cast<milliseconds>(limits::kBackoffLongest));
}

}  // namespace oriel::init
