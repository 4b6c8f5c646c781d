#pragma once

#include <array>
#include <cstdint>
#include <deque>
#include <memory>
#include <optional>
#include <string>

#include "display/damage/block_map.h"
#include "display/damage/heat_map.h"
#include "display/damage/picture.h"
#include "display/encode/frame_encoder.h"
#include "display/loop/event_loop.h"
#include "display/pacing/pacer.h"
#include "display/screen/geometry.h"
#include "display/screen/input.h"
#include "display/screen/screen.h"
#include "display/transport/connection.h"

namespace oriel::display {

/// One browser tab: its streams, its place in the picture's stream, and what it holds down. It knows what of
/// the picture the viewer lacks, and turns that into frames when pacing allows.
class Viewer {
 public:
  explicit Viewer(std::string id);
  Viewer(Viewer const&) = delete;
  Viewer& operator=(Viewer const&) = delete;

  [[nodiscard]] std::string const& id() const { return id_; }

  // The streams, owned by the server. Null where there is none.
  Connection* display = nullptr;
  Connection* input_stream = nullptr;
  Connection* clipboard = nullptr;
  [[nodiscard]] bool connected() const {
    return display != nullptr || input_stream != nullptr || clipboard != nullptr;
  }

  // Input.
  std::unique_ptr<Input> input;
  std::uint32_t input_sequence = 0;
  std::optional<Size> wished_size;

  // What STATE said last, so that only changes go out.
  std::string last_state;
  bool wants_statistics = false;
  EventLoop::TimerId forget = 0;

  /// The display stream opened; `resume`: what the viewer says it holds. Sends RESET when the screen is
  /// known.
  void start(Size screen, std::optional<std::uint32_t> epoch, std::optional<std::uint32_t> frame);
  /// The screen has another size: everything anew.
  void restart(Size screen);
  /// The display stream ended; the place in the stream is kept for a resume.
  void stop();

  void add_changes(BlockMap const& changed);
  /// A frame is due even without changes: its END has news.
  void owe_end() { owes_end_ = true; }
  /// Whether there is something to send and it may be sent.
  [[nodiscard]] bool wants_frame() const;
  /// Whether a frame could be sent if there were something.
  [[nodiscard]] bool could_send() const;
  void begin_frame(Picture const& picture, HeatMap const& heat, std::uint64_t capture_time_us,
                   std::uint8_t flags);
  /// Encodes some of the frame; false when it is complete.
  [[nodiscard]] bool encode_some();
  [[nodiscard]] bool encoding() const { return encoder_ && encoder_->busy(); }
  /// False: the viewer acknowledged what it never got.
  [[nodiscard]] bool acknowledge(std::uint32_t epoch, std::uint32_t frame);
  void set_visible(bool visible) { pacer_.set_visible(visible); }

  void send_cursor(Cursor const& cursor);

  struct Statistics {
    std::uint64_t frames = 0;
    std::uint64_t bytes = 0;
    std::uint64_t encode_us = 0;  ///< All frames together.
  };
  [[nodiscard]] Statistics const& statistics() const { return statistics_; }
  [[nodiscard]] Pacer const& pacer() const { return pacer_; }

  /// Epochs are numbered through the whole server, from a random start, so that no two servers share one.
  static std::uint32_t next_epoch();

 private:
  void reset(Size screen, bool keep);

  std::string id_;
  std::unique_ptr<FrameEncoder> encoder_;
  Pacer pacer_;
  Size size_;
  std::uint32_t epoch_ = 0;
  bool has_epoch_ = false;
  std::uint32_t frame_ = 0;
  std::uint32_t acknowledged_ = 0;
  BlockMap pending_;
  bool any_pending_ = false;
  bool owes_end_ = false;
  // What each frame in flight carried: a viewer that comes back with an earlier frame lacks the later ones.
  struct Sent {
    std::uint32_t frame;
    BlockMap blocks;
  };
  std::deque<Sent> in_flight_;
  Statistics statistics_;
  Time encode_started_{};
  std::chrono::nanoseconds encode_time_{0};
};

}  // namespace oriel::display
