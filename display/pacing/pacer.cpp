#include "display/pacing/pacer.h"

namespace oriel::display {

void Pacer::reset() {
  in_flight_.clear();
  bytes_in_flight_ = 0;
  any_sent_ = false;
}

bool Pacer::has_credit() const {
  return visible_ && in_flight_.size() < limits::kUnacknowledgedFrames &&
         bytes_in_flight_ < limits::kUnacknowledgedBytes;
}

void Pacer::frame_sent(std::uint32_t frame, std::size_t bytes, Time now) {
  in_flight_.push_back({frame, bytes, now});
  bytes_in_flight_ += bytes;
  newest_ = frame;
  any_sent_ = true;
}

bool Pacer::frame_acknowledged(std::uint32_t frame, Time now) {
  if (!any_sent_ || frame > newest_) return false;
  while (!in_flight_.empty() && in_flight_.front().frame <= frame) {
    Sent const& sent = in_flight_.front();
    if (sent.frame == frame) {
      auto const sample = std::chrono::duration_cast<std::chrono::microseconds>(now - sent.when);
      round_trip_ = round_trip_.count() == 0 ? sample : (round_trip_ * 7 + sample) / 8;
    }
    bytes_in_flight_ -= sent.bytes;
    in_flight_.pop_front();
  }
  return true;
}

}  // namespace oriel::display
