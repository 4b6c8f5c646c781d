#pragma once

#include <chrono>
#include <cstddef>
#include <cstdint>
#include <deque>

#include "display/limits.h"

namespace oriel::display {

/// When the next frame may go to one viewer. Pure policy: no clock, no socket, no timer of its own. The
/// newest state wins: a frame is only encoded when it may leave, and what changes meanwhile becomes part of
/// the next one.
class Pacer {
 public:
  using Time = std::chrono::steady_clock::time_point;

  /// A viewer whose page is hidden gets no frames.
  void set_visible(bool visible) { visible_ = visible; }
  [[nodiscard]] bool visible() const { return visible_; }

  /// Forgets what is in flight: a new epoch.
  void reset();

  /// Whether acknowledgements allow a frame; the frame clock, which all viewers share, aside.
  [[nodiscard]] bool has_credit() const;

  void frame_sent(std::uint32_t frame, std::size_t bytes, Time now);
  /// False when the viewer acknowledges what it never got. One acknowledgement covers the frames before it.
  [[nodiscard]] bool frame_acknowledged(std::uint32_t frame, Time now);

  [[nodiscard]] std::size_t frames_in_flight() const { return in_flight_.size(); }
  [[nodiscard]] std::size_t bytes_in_flight() const { return bytes_in_flight_; }
  /// How many bytes the next frame should have, so that a later, smaller one does not wait behind it: what
  /// the link carries in limits::kFrameTransfer, as measured; without a measure no bound.
  [[nodiscard]] std::size_t frame_budget() const;

  /// Smoothed time from the end of a frame's encoding to its acknowledgement; 0 before the first.
  [[nodiscard]] std::chrono::microseconds round_trip() const { return round_trip_; }

 private:
  struct Sent {
    std::uint32_t frame;
    std::size_t bytes;
    Time when;
    Time previous;  // When the one before it was sent, if that was still on its way.
    bool behind_another;
  };

  std::deque<Sent> in_flight_;
  std::size_t bytes_in_flight_ = 0;
  std::uint32_t newest_ = 0;
  bool any_sent_ = false;
  bool visible_ = true;
  std::chrono::microseconds round_trip_{0};
  // The shortest time between sending and acknowledgement lately: the way there and back without the transfer
  // itself.
  std::chrono::microseconds shortest_{0};
  Time shortest_since_{};
  Time last_acknowledged_{};
  double rate_ = 0;  // Bytes per second; 0 unknown.
};

/// Bounds how often the screen is captured. The first capture after quiet never waits for it.
class FrameClock {
 public:
  using Time = std::chrono::steady_clock::time_point;
  void captured(Time now) { last_ = now; }
  [[nodiscard]] Time next() const { return last_ + limits::kFrameInterval; }

 private:
  Time last_{};
};

}  // namespace oriel::display
