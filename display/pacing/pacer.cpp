#include "display/pacing/pacer.h"

#include <algorithm>
#include <limits>

namespace oriel::display {

namespace {

using std::chrono::microseconds;

// Smaller frames say nothing about the link's rate.
constexpr std::size_t kLeastSample = 8U << 10;
constexpr auto kShortestAge = std::chrono::seconds(10);
constexpr auto kLeastTransfer = microseconds(200);

}  // namespace

void Pacer::reset() {
  in_flight_.clear();
  bytes_in_flight_ = 0;
  any_sent_ = false;
}

std::size_t Pacer::frame_budget() const {
  if (rate_ == 0) return std::numeric_limits<std::size_t>::max();
  double const seconds = std::chrono::duration<double>(limits::kFrameTransfer).count();
  return std::max(limits::kLeastFrameBytes, static_cast<std::size_t>(rate_ * seconds));
}

bool Pacer::has_credit() const {
  return visible_ && in_flight_.size() < limits::kUnacknowledgedFrames &&
         bytes_in_flight_ < limits::kUnacknowledgedBytes;
}

void Pacer::frame_sent(std::uint32_t frame, std::size_t bytes, Time now) {
  bool const behind_another = !in_flight_.empty();
  in_flight_.push_back({frame, bytes, now, behind_another ? in_flight_.back().when : now, behind_another});
  bytes_in_flight_ += bytes;
  newest_ = frame;
  any_sent_ = true;
}

bool Pacer::frame_acknowledged(std::uint32_t frame, Time now) {
  if (!any_sent_ || frame > newest_) return false;
  while (!in_flight_.empty() && in_flight_.front().frame <= frame) {
    Sent const& sent = in_flight_.front();
    if (sent.frame == frame) {
      auto const sample = std::chrono::duration_cast<microseconds>(now - sent.when);
      round_trip_ = round_trip_.count() == 0 ? sample : (round_trip_ * 7 + sample) / 8;
      bool const small = sent.bytes < kLeastSample;
      // A large frame's time holds its transfer: it may only shorten the measure, or on a slow link the
      // measure would become that.
      if (sample < shortest_ || (small && (shortest_.count() == 0 || now - shortest_since_ > kShortestAge))) {
        shortest_ = sample;
        shortest_since_ = now;
      }
      if (!small) {
        // A frame that was sent while another was on its way had the link from that one's arrival on. A
        // viewer may acknowledge two at once, so it did not take less than what lay between their sending
        // either.
        auto const transfer = sent.behind_another
                                  ? std::max(now - last_acknowledged_, sent.when - sent.previous)
                                  : now - sent.when - shortest_;
        auto const time = std::max(std::chrono::duration_cast<microseconds>(transfer), kLeastTransfer);
        double const rate = static_cast<double>(sent.bytes) * 1e6 / static_cast<double>(time.count());
        double const weight = rate_ == 0 ? 1 : rate > rate_ ? 0.5 : 0.25;
        rate_ += (rate - rate_) * weight;
      }
      last_acknowledged_ = now;
    }
    bytes_in_flight_ -= sent.bytes;
    in_flight_.pop_front();
  }
  return true;
}

}  // namespace oriel::display
