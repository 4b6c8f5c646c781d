#include "libs/base/log_ring.h"

#include <algorithm>

#include "libs/base/text.h"

namespace oriel::log {

void Ring::add(std::string_view line) {
  auto text = to_utf8(line, line_bytes_);
  std::lock_guard const lock(mutex_);
  if (lines_.size() >= most_) lines_.pop_front();
  lines_.push_back(std::move(text));
  ++added_;
}

std::vector<Ring::Line> Ring::after(std::uint64_t number, std::size_t most) const {
  std::lock_guard const lock(mutex_);
  auto const first_kept = added_ - lines_.size() + 1;
  auto next = std::max(number + 1, first_kept);
  std::vector<Line> found;
  while (next <= added_ && found.size() < most) {
    found.push_back({next, lines_[next - first_kept]});
    ++next;
  }
  return found;
}

}  // namespace oriel::log
