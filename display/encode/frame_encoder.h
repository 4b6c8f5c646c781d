#pragma once

#include <cstdint>
#include <functional>
#include <memory>
#include <vector>

#include "display/damage/block_map.h"
#include "display/damage/heat_map.h"
#include "display/damage/picture.h"
#include "display/encode/move_finder.h"
#include "display/screen/geometry.h"
#include "libs/base/text.h"

struct ZSTD_CCtx_s;

namespace oriel::display {

/// What closes a frame (protocol/display, END).
struct FrameEnd {
  std::uint32_t frame = 0;
  std::uint64_t capture_time_us = 0;
  std::uint32_t input_sequence = 0;
  std::uint8_t flags = 0;
};

/// Turns changed blocks of a picture into messages of the display route: one zstd stream per epoch, in it
/// copies of what moved, fills and pixel rectangles. It keeps what the viewer holds, so that a block that
/// changed and changed back costs nothing. A frame is encoded in steps, so that input never waits behind a
/// large one. One thread.
class FrameEncoder {
 public:
  /// Takes a finished piece of the stream: whole protocol messages, at most protocol::kMessageTarget bytes.
  using Sink = std::function<void(Bytes message)>;

  explicit FrameEncoder(Sink sink);
  ~FrameEncoder();
  FrameEncoder(FrameEncoder const&) = delete;
  FrameEncoder& operator=(FrameEncoder const&) = delete;

  /// Starts an epoch: RESET goes out and the stream starts anew. Drops a frame that was being encoded.
  void reset(std::uint32_t epoch, bool keep, Size size);

  /// What a frame may cost, and what goes first when not all of it fits.
  struct Budget {
    std::size_t bytes = SIZE_MAX;
    HeatMap const* heat = nullptr;  ///< Of the picture's size; without it nothing is put off.
  };

  /// Starts a frame of the `changed` blocks of `picture`, which stays as it is until `step` answers false.
  /// `reset` came before. Answers the blocks that did not fit into the budget: they remain to be sent, and
  /// END does not say that the picture is exact.
  BlockMap begin(Picture const& picture, BlockMap const& changed, FrameEnd end, Budget const& budget);

  /// Encodes about `budget` bytes of raw pixels; false when the frame is complete and its END is with the
  /// sink.
  bool step(std::size_t budget);
  [[nodiscard]] bool busy() const { return busy_; }

  /// Bytes of the frame so far, framing included.
  [[nodiscard]] std::size_t frame_bytes() const { return frame_bytes_; }

 private:
  struct Area {
    Rectangle area;
    std::uint32_t colour = 0;
  };

  [[nodiscard]] BlockMap take_moves(BlockMap const& changed, Budget const& budget, BlockMap& deferred);
  void plan(BlockMap const& changed);
  void write_copies();
  void write_fills();
  void start_rectangle();
  // Packs columns of the present rectangle until the staging buffer or the budget is full.
  std::size_t pack(std::size_t budget);
  // Passes the staging buffer through zstd; with `flush` everything comes out.
  void compress(bool flush);
  void start_message();
  void finish_chunk();
  void send();

  Sink sink_;
  ZSTD_CCtx_s* stream_ = nullptr;
  Picture const* picture_ = nullptr;
  FrameEnd end_;
  bool busy_ = false;
  std::vector<std::uint32_t> held_;  // The viewer's frame buffer after the last frame.
  bool held_is_known_ = false;
  bool held_is_black_ = true;
  double block_bytes_ = 150;  // What a drawn block costs lately.
  std::size_t drawn_blocks_ = 0;
  std::uint32_t rotation_ = 0;
  MoveFinder moves_;
  MoveFinder::Found moved_;
  std::vector<Area> fills_;
  std::vector<Rectangle> pixels_;
  std::size_t next_fill_ = 0;
  std::size_t next_rectangle_ = 0;
  bool in_rectangle_ = false;
  std::uint32_t band_ = 0;    // Top of the present band, relative to the rectangle.
  std::uint32_t column_ = 0;  // Next column in it.
  Bytes staging_;
  Bytes message_;
  std::size_t chunk_start_ = 0;  // Where the present LZ message's header stands in message_.
  std::size_t frame_bytes_ = 0;
};

}  // namespace oriel::display
