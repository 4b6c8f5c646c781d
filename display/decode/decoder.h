#pragma once
// The client's half of the display route: compiled natively for the server's tests and to WebAssembly for the
// browser, so that both run the same code. Hence no exceptions, no threads, no input or output, no C++
// library: <stdint.h>, memory and zstd.
#include <stdint.h>

#include "protocol/display/messages.h"

struct ZSTD_DCtx_s;

namespace oriel::display {

/// What a push found. Everything but `kOk` is final: the connection has to end.
enum class DecodeStatus : int32_t {
  kOk = 0,
  /// Framing: a body that is too long, cut short, or of a length its type cannot have.
  kBadMessage = -1,
  /// A mandatory type that this version does not know.
  kUnknownType = -2,
  /// A picture message before the first RESET, or a RESET that keeps a picture of another size.
  kBadReset = -3,
  /// zstd refused the stream.
  kBadStream = -4,
  /// A record with an unknown kind, a rectangle outside the frame buffer, or a COPY that is not the first of
  /// its frame.
  kBadRecord = -5,
  /// END in the middle of a record.
  kCutRecord = -6,
  kOutOfMemory = -7,
};

/// A rectangle in pixels. The layout is read from JavaScript: four 32-bit numbers.
struct DirtyRectangle {
  uint32_t x;
  uint32_t y;
  uint32_t width;
  uint32_t height;
};

/// What the last END said. The layout is read from JavaScript.
struct EndInformation {
  uint32_t epoch;
  uint32_t frame;
  uint32_t input_sequence;
  uint32_t flags;
  double capture_time_us;
};

/// Applies the messages of the display route to a frame buffer. Not thread safe.
class Decoder {
 public:
  /// Most rectangles that `dirty` reports; further ones are merged where they grow least.
  static constexpr uint32_t kMaximumDirty = 64;
  /// Most vectors and rectangles of one COPY.
  static constexpr uint32_t kMaximumVectors = 255;
  static constexpr uint32_t kMaximumCopies = 1U << 16;

  Decoder() = default;
  ~Decoder();
  Decoder(Decoder const&) = delete;
  Decoder& operator=(Decoder const&) = delete;

  /// Applies one message. RESET, LZ and END are understood; the other types of the route are checked for
  /// their length alone and are the caller's to read. After anything but `kOk` the decoder refuses all
  /// further messages with the same status.
  DecodeStatus push(uint8_t type, uint8_t const* body, uint32_t length);

  /// RGBA, `width * height * 4` bytes, rows without padding; valid until the next RESET. Null before the
  /// first one.
  uint8_t const* frame_buffer() const { return frame_buffer_; }
  uint32_t width() const { return width_; }
  uint32_t height() const { return height_; }

  /// What changed since `clear_dirty`. To be presented at END only: before it the picture is half of two
  /// frames.
  DirtyRectangle const* dirty() const { return dirty_; }
  uint32_t dirty_count() const { return dirty_count_; }
  void clear_dirty() { dirty_count_ = 0; }

  EndInformation const& end() const { return end_; }
  uint32_t epoch() const { return epoch_; }

 private:
  DecodeStatus reset(uint8_t const* body, uint32_t length);
  DecodeStatus inflate(uint8_t const* body, uint32_t length);
  DecodeStatus finish(uint8_t const* body, uint32_t length);

  // Records are read by a small machine that can stop after any byte.
  enum class Expect : uint8_t { kRecord, kPixels, kCopyRectangles };
  DecodeStatus records(uint8_t const* bytes, uint32_t length);
  // Reads one header from the bytes at hand: how many it took, 0 if it needs more, -1 if it is bad.
  int32_t read_record(uint8_t const* bytes, uint32_t length);
  int32_t read_copy_rectangle(uint8_t const* bytes, uint32_t length);
  uint32_t read_pixels(uint8_t const* bytes, uint32_t length);
  void put_run(uint8_t const* bytes, uint32_t pixels);
  bool inside(uint32_t x, uint32_t y, uint32_t width, uint32_t height) const;
  void fill(DirtyRectangle const& area, uint32_t colour);
  bool snapshot(DirtyRectangle const& destination, uint32_t vector);
  void land_copies();
  void mark_dirty(DirtyRectangle const& area);

  uint8_t* frame_buffer_ = nullptr;
  uint32_t width_ = 0;
  uint32_t height_ = 0;
  uint32_t epoch_ = 0;
  bool has_epoch_ = false;
  DecodeStatus status_ = DecodeStatus::kOk;

  ZSTD_DCtx_s* stream_ = nullptr;
  uint8_t* inflated_ = nullptr;

  Expect expect_ = Expect::kRecord;
  bool frame_has_records_ = false;
  // The bytes of a header (or of a pixel) that continues in the next piece. The longest header is a COPY with
  // all its vectors.
  static constexpr uint32_t kLongestHeader = 1 + 5 + kMaximumVectors * 10 + 5;
  uint8_t held_[kLongestHeader];
  uint32_t held_length_ = 0;

  // The PIXELS record that is being read.
  DirtyRectangle area_{};
  protocol::Layout layout_ = protocol::Layout::kRows;
  uint32_t run_x_ = 0;
  uint32_t run_y_ = 0;
  uint32_t pixels_left_ = 0;

  // The COPY record that is being read: sources are taken into `copied_` at once and land when the record is
  // whole.
  int32_t vectors_[kMaximumVectors][2];
  uint32_t vector_count_ = 0;
  uint32_t copies_left_ = 0;
  DirtyRectangle* copies_ = nullptr;
  uint32_t copy_count_ = 0;
  uint8_t* copied_ = nullptr;
  uint32_t copied_pixels_ = 0;

  DirtyRectangle dirty_[kMaximumDirty];
  uint32_t dirty_count_ = 0;
  EndInformation end_{};
};

}  // namespace oriel::display
