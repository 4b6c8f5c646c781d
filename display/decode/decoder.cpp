#include "display/decode/decoder.h"

#include <stdlib.h>
#include <string.h>
#include <zstd.h>

namespace oriel::display {

namespace {

using protocol::Layout;
using protocol::Message;
using protocol::Record;

constexpr uint32_t kInflatedSize = 128U << 10;
constexpr uint32_t kPixelSize = 4;
constexpr uint32_t kWirePixelSize = 3;
constexpr uint32_t kBlack = 0xff000000U;

uint16_t read_u16(uint8_t const* bytes) { return static_cast<uint16_t>(bytes[0] | bytes[1] << 8); }

uint32_t read_u32(uint8_t const* bytes) {
  return static_cast<uint32_t>(bytes[0]) | static_cast<uint32_t>(bytes[1]) << 8 |
         static_cast<uint32_t>(bytes[2]) << 16 | static_cast<uint32_t>(bytes[3]) << 24;
}

uint32_t rgba_of_bgr(uint8_t const* bgr) {
  return static_cast<uint32_t>(bgr[2]) | static_cast<uint32_t>(bgr[1]) << 8 |
         static_cast<uint32_t>(bgr[0]) << 16 | kBlack;
}

void store(uint8_t* pixel, uint32_t colour) { memcpy(pixel, &colour, kPixelSize); }

// Reads fields one after the other and remembers the first trouble, so that a caller checks once.
class HeaderReader {
 public:
  HeaderReader(uint8_t const* bytes, uint32_t length) : bytes_(bytes), length_(length) {}

  uint32_t byte() {
    if (used_ == length_) {
      short_ = true;
      return 0;
    }
    return bytes_[used_++];
  }

  uint32_t varint() {
    uint64_t value = 0;
    for (uint32_t shift = 0; shift < 35; shift += 7) {
      uint32_t const next = byte();
      if (short_) return 0;
      value |= static_cast<uint64_t>(next & 0x7fU) << shift;
      if ((next & 0x80U) == 0) {
        if (value > UINT32_MAX) bad_ = true;
        return static_cast<uint32_t>(value);
      }
    }
    bad_ = true;
    return 0;
  }

  int32_t zigzag() {
    uint32_t const value = varint();
    return static_cast<int32_t>(value >> 1 ^ (0U - (value & 1U)));
  }

  DirtyRectangle rectangle() {
    DirtyRectangle area{};
    area.x = varint();
    area.y = varint();
    area.width = varint();
    area.height = varint();
    return area;
  }

  bool bad() const { return bad_; }
  bool cut() const { return short_; }
  int32_t used() const { return static_cast<int32_t>(used_); }

 private:
  uint8_t const* bytes_;
  uint32_t length_;
  uint32_t used_ = 0;
  bool short_ = false;
  bool bad_ = false;
};

constexpr int32_t kNeedsMore = 0;
constexpr int32_t kIsBad = -1;

uint64_t area_of(DirtyRectangle const& rectangle) {
  return static_cast<uint64_t>(rectangle.width) * rectangle.height;
}

DirtyRectangle joined(DirtyRectangle const& one, DirtyRectangle const& other) {
  uint32_t const left = one.x < other.x ? one.x : other.x;
  uint32_t const top = one.y < other.y ? one.y : other.y;
  uint32_t const right_one = one.x + one.width;
  uint32_t const right_other = other.x + other.width;
  uint32_t const bottom_one = one.y + one.height;
  uint32_t const bottom_other = other.y + other.height;
  uint32_t const right = right_one > right_other ? right_one : right_other;
  uint32_t const bottom = bottom_one > bottom_other ? bottom_one : bottom_other;
  return {left, top, right - left, bottom - top};
}

}  // namespace

Decoder::~Decoder() {
  ZSTD_freeDCtx(stream_);
  free(frame_buffer_);
  free(inflated_);
  free(copies_);
  free(copied_);
}

DecodeStatus Decoder::push(uint8_t type, uint8_t const* body, uint32_t length) {
  if (status_ != DecodeStatus::kOk) return status_;
  if (length > protocol::kMaximumBody) return status_ = DecodeStatus::kBadMessage;
  switch (static_cast<Message>(type)) {
    case Message::kReset:
      return status_ = reset(body, length);
    case Message::kLz:
      return status_ = inflate(body, length);
    case Message::kEnd:
      return status_ = finish(body, length);
    case Message::kHello:
      if (length < 5) return status_ = DecodeStatus::kBadMessage;
      return DecodeStatus::kOk;
    case Message::kCursor: {
      if (length < 12) return status_ = DecodeStatus::kBadMessage;
      uint32_t const width = read_u16(body + 8);
      uint32_t const height = read_u16(body + 10);
      if (width > protocol::kMaximumCursorSide || height > protocol::kMaximumCursorSide ||
          length != 12 + width * height * kPixelSize)
        return status_ = DecodeStatus::kBadMessage;
      return DecodeStatus::kOk;
    }
    case Message::kPointer:
    case Message::kPong:
      if (length != 4) return status_ = DecodeStatus::kBadMessage;
      return DecodeStatus::kOk;
    case Message::kState:
    case Message::kStats:
      return DecodeStatus::kOk;
    default:
      if (type >= protocol::kFirstOptionalType) return DecodeStatus::kOk;
      return status_ = DecodeStatus::kUnknownType;
  }
}

DecodeStatus Decoder::reset(uint8_t const* body, uint32_t length) {
  if (length != 9) return DecodeStatus::kBadMessage;
  bool const keep = body[4] != 0;
  uint32_t const width = read_u16(body + 5);
  uint32_t const height = read_u16(body + 7);
  if (width == 0 || height == 0 || width > protocol::kMaximumSide || height > protocol::kMaximumSide ||
      width * height > protocol::kMaximumPixels)
    return DecodeStatus::kBadReset;

  if (stream_ == nullptr) {
    stream_ = ZSTD_createDCtx();
    inflated_ = static_cast<uint8_t*>(malloc(kInflatedSize));
    if (stream_ == nullptr || inflated_ == nullptr) return DecodeStatus::kOutOfMemory;
    if (ZSTD_isError(ZSTD_DCtx_setParameter(stream_, ZSTD_d_windowLogMax, protocol::kWindowLog)) != 0)
      return DecodeStatus::kBadStream;
  }
  ZSTD_DCtx_reset(stream_, ZSTD_reset_session_only);
  expect_ = Expect::kRecord;
  held_length_ = 0;
  frame_has_records_ = false;

  if (keep) {
    if (frame_buffer_ == nullptr || width != width_ || height != height_) return DecodeStatus::kBadReset;
  } else {
    if (frame_buffer_ == nullptr || width != width_ || height != height_) {
      free(frame_buffer_);
      free(copied_);
      copied_ = nullptr;
      width_ = 0;
      height_ = 0;
      frame_buffer_ = static_cast<uint8_t*>(malloc(static_cast<size_t>(width) * height * kPixelSize));
      if (frame_buffer_ == nullptr) return DecodeStatus::kOutOfMemory;
      width_ = width;
      height_ = height;
    }
    dirty_count_ = 0;
    fill({0, 0, width, height}, kBlack);
  }
  epoch_ = read_u32(body);
  has_epoch_ = true;
  return DecodeStatus::kOk;
}

DecodeStatus Decoder::inflate(uint8_t const* body, uint32_t length) {
  if (!has_epoch_) return DecodeStatus::kBadReset;
  ZSTD_inBuffer input{body, length, 0};
  for (;;) {
    ZSTD_outBuffer output{inflated_, kInflatedSize, 0};
    size_t const before = input.pos;
    size_t const left = ZSTD_decompressStream(stream_, &output, &input);
    // The epoch is one endless zstd frame: an end of frame inside it is as wrong as an error.
    if (ZSTD_isError(left) != 0 || left == 0) return DecodeStatus::kBadStream;
    DecodeStatus const status = records(inflated_, static_cast<uint32_t>(output.pos));
    if (status != DecodeStatus::kOk) return status;
    bool const drained = output.pos < output.size;
    if (input.pos == input.size && drained) return DecodeStatus::kOk;
    if (input.pos == before && output.pos == 0) return DecodeStatus::kBadStream;
  }
}

DecodeStatus Decoder::finish(uint8_t const* body, uint32_t length) {
  if (length != 17) return DecodeStatus::kBadMessage;
  if (!has_epoch_) return DecodeStatus::kBadReset;
  if (expect_ != Expect::kRecord || held_length_ != 0) return DecodeStatus::kCutRecord;
  frame_has_records_ = false;
  end_.epoch = epoch_;
  end_.frame = read_u32(body);
  uint64_t const time = static_cast<uint64_t>(read_u32(body + 8)) << 32 | read_u32(body + 4);
  end_.capture_time_us = static_cast<double>(time);
  end_.input_sequence = read_u32(body + 12);
  end_.flags = body[16];
  return DecodeStatus::kOk;
}

DecodeStatus Decoder::records(uint8_t const* bytes, uint32_t length) {
  while (length > 0) {
    if (expect_ == Expect::kPixels) {
      uint32_t const taken = read_pixels(bytes, length);
      bytes += taken;
      length -= taken;
      continue;
    }
    uint32_t const held_before = held_length_;
    uint8_t const* at = bytes;
    uint32_t available = length;
    if (held_before > 0) {
      uint32_t const room = kLongestHeader - held_before;
      uint32_t const added = length < room ? length : room;
      memcpy(held_ + held_before, bytes, added);
      at = held_;
      available = held_before + added;
    }
    int32_t const taken =
        expect_ == Expect::kRecord ? read_record(at, available) : read_copy_rectangle(at, available);
    if (taken < 0) return DecodeStatus::kBadRecord;
    if (taken == kNeedsMore) {
      if (available >= kLongestHeader) return DecodeStatus::kBadRecord;
      if (held_before == 0) memcpy(held_, bytes, available);
      held_length_ = available;
      return DecodeStatus::kOk;
    }
    // What was held alone was too short, so the header ended in the new bytes.
    bytes += static_cast<uint32_t>(taken) - held_before;
    length -= static_cast<uint32_t>(taken) - held_before;
    held_length_ = 0;
  }
  return DecodeStatus::kOk;
}

int32_t Decoder::read_record(uint8_t const* bytes, uint32_t length) {
  HeaderReader reader(bytes, length);
  auto const kind = static_cast<Record>(reader.byte());
  switch (kind) {
    case Record::kFill: {
      DirtyRectangle const area = reader.rectangle();
      uint8_t bgr[kWirePixelSize];
      for (uint8_t& channel : bgr) channel = static_cast<uint8_t>(reader.byte());
      if (reader.bad()) return kIsBad;
      if (reader.cut()) return kNeedsMore;
      if (!inside(area.x, area.y, area.width, area.height)) return kIsBad;
      fill(area, rgba_of_bgr(bgr));
      break;
    }
    case Record::kPixels: {
      DirtyRectangle const area = reader.rectangle();
      uint32_t const layout = reader.byte();
      if (reader.bad()) return kIsBad;
      if (reader.cut()) return kNeedsMore;
      if (!inside(area.x, area.y, area.width, area.height) ||
          layout > static_cast<uint32_t>(Layout::kColumns))
        return kIsBad;
      area_ = area;
      layout_ = static_cast<Layout>(layout);
      run_x_ = 0;
      run_y_ = 0;
      pixels_left_ = area.width * area.height;
      expect_ = Expect::kPixels;
      break;
    }
    case Record::kCopy: {
      uint32_t const count = reader.varint();
      if (reader.bad() || (!reader.cut() && (count == 0 || count > kMaximumVectors))) return kIsBad;
      for (uint32_t index = 0; index < count && !reader.cut() && !reader.bad(); ++index) {
        vectors_[index][0] = reader.zigzag();
        vectors_[index][1] = reader.zigzag();
      }
      uint32_t const rectangles = reader.varint();
      if (reader.bad()) return kIsBad;
      if (reader.cut()) return kNeedsMore;
      // Snapshot semantics without a second frame buffer: the snapshot is the frame buffer as long as nothing
      // was drawn.
      if (frame_has_records_ || rectangles == 0 || rectangles > kMaximumCopies) return kIsBad;
      if (copies_ == nullptr)
        copies_ = static_cast<DirtyRectangle*>(malloc(sizeof(DirtyRectangle) * kMaximumCopies));
      if (copied_ == nullptr)
        copied_ = static_cast<uint8_t*>(malloc(static_cast<size_t>(width_) * height_ * kPixelSize));
      if (copies_ == nullptr || copied_ == nullptr) return kIsBad;
      vector_count_ = count;
      copies_left_ = rectangles;
      copy_count_ = 0;
      copied_pixels_ = 0;
      expect_ = Expect::kCopyRectangles;
      break;
    }
    default:
      return length == 0 ? kNeedsMore : kIsBad;
  }
  frame_has_records_ = true;
  return reader.used();
}

int32_t Decoder::read_copy_rectangle(uint8_t const* bytes, uint32_t length) {
  HeaderReader reader(bytes, length);
  uint32_t const vector = reader.byte();
  DirtyRectangle const destination = reader.rectangle();
  if (reader.bad()) return kIsBad;
  if (reader.cut()) return kNeedsMore;
  if (!snapshot(destination, vector)) return kIsBad;
  --copies_left_;
  if (copies_left_ == 0) {
    land_copies();
    expect_ = Expect::kRecord;
  }
  return reader.used();
}

bool Decoder::snapshot(DirtyRectangle const& destination, uint32_t vector) {
  if (vector >= vector_count_ || !inside(destination.x, destination.y, destination.width, destination.height))
    return false;
  int64_t const left = static_cast<int64_t>(destination.x) - vectors_[vector][0];
  int64_t const top = static_cast<int64_t>(destination.y) - vectors_[vector][1];
  if (left < 0 || top < 0 || left + destination.width > width_ || top + destination.height > height_)
    return false;
  uint32_t const pixels = destination.width * destination.height;
  if (pixels > width_ * height_ - copied_pixels_) return false;

  uint8_t* target = copied_ + static_cast<size_t>(copied_pixels_) * kPixelSize;
  uint8_t const* source =
      frame_buffer_ + (static_cast<size_t>(top) * width_ + static_cast<size_t>(left)) * kPixelSize;
  size_t const row = static_cast<size_t>(destination.width) * kPixelSize;
  for (uint32_t y = 0; y < destination.height; ++y) {
    memcpy(target, source, row);
    target += row;
    source += static_cast<size_t>(width_) * kPixelSize;
  }
  copied_pixels_ += pixels;
  copies_[copy_count_++] = destination;
  return true;
}

void Decoder::land_copies() {
  uint8_t const* source = copied_;
  for (uint32_t index = 0; index < copy_count_; ++index) {
    DirtyRectangle const& area = copies_[index];
    size_t const row = static_cast<size_t>(area.width) * kPixelSize;
    uint8_t* target = frame_buffer_ + (static_cast<size_t>(area.y) * width_ + area.x) * kPixelSize;
    for (uint32_t y = 0; y < area.height; ++y) {
      memcpy(target, source, row);
      source += row;
      target += static_cast<size_t>(width_) * kPixelSize;
    }
    mark_dirty(area);
  }
}

uint32_t Decoder::read_pixels(uint8_t const* bytes, uint32_t length) {
  uint32_t used = 0;
  if (held_length_ > 0) {
    while (held_length_ < kWirePixelSize && used < length) held_[held_length_++] = bytes[used++];
    if (held_length_ < kWirePixelSize) return used;
    put_run(held_, 1);
    held_length_ = 0;
  }
  uint32_t const whole = (length - used) / kWirePixelSize;
  uint32_t const pixels = whole < pixels_left_ ? whole : pixels_left_;
  put_run(bytes + used, pixels);
  used += pixels * kWirePixelSize;
  if (pixels_left_ == 0) {
    mark_dirty(area_);
    expect_ = Expect::kRecord;
    return used;
  }
  while (used < length) held_[held_length_++] = bytes[used++];
  return used;
}

void Decoder::put_run(uint8_t const* bytes, uint32_t pixels) {
  pixels_left_ -= pixels;
  size_t const stride = static_cast<size_t>(width_) * kPixelSize;
  if (layout_ == Layout::kRows) {
    while (pixels > 0) {
      uint32_t const left_in_row = area_.width - run_x_;
      uint32_t const count = pixels < left_in_row ? pixels : left_in_row;
      uint8_t* target =
          frame_buffer_ + (area_.y + run_y_) * stride + static_cast<size_t>(area_.x + run_x_) * kPixelSize;
      for (uint32_t index = 0; index < count; ++index) {
        store(target, rgba_of_bgr(bytes));
        target += kPixelSize;
        bytes += kWirePixelSize;
      }
      pixels -= count;
      run_x_ += count;
      if (run_x_ == area_.width) {
        run_x_ = 0;
        ++run_y_;
      }
    }
    return;
  }
  while (pixels > 0) {
    uint32_t const band = run_y_ / protocol::kBandRows * protocol::kBandRows;
    uint32_t const rest = area_.height - band;
    uint32_t const band_end = band + (rest < protocol::kBandRows ? rest : protocol::kBandRows);
    uint32_t const left_in_column = band_end - run_y_;
    uint32_t const count = pixels < left_in_column ? pixels : left_in_column;
    uint8_t* target =
        frame_buffer_ + (area_.y + run_y_) * stride + static_cast<size_t>(area_.x + run_x_) * kPixelSize;
    for (uint32_t index = 0; index < count; ++index) {
      store(target, rgba_of_bgr(bytes));
      target += stride;
      bytes += kWirePixelSize;
    }
    pixels -= count;
    run_y_ += count;
    if (run_y_ == band_end) {
      ++run_x_;
      run_y_ = band;
      if (run_x_ == area_.width) {
        run_x_ = 0;
        run_y_ = band_end;
      }
    }
  }
}

bool Decoder::inside(uint32_t x, uint32_t y, uint32_t width, uint32_t height) const {
  return width > 0 && height > 0 && x < width_ && y < height_ && width <= width_ - x && height <= height_ - y;
}

void Decoder::fill(DirtyRectangle const& area, uint32_t colour) {
  size_t const stride = static_cast<size_t>(width_) * kPixelSize;
  uint8_t* first = frame_buffer_ + area.y * stride + static_cast<size_t>(area.x) * kPixelSize;
  for (uint32_t x = 0; x < area.width; ++x) store(first + static_cast<size_t>(x) * kPixelSize, colour);
  for (uint32_t y = 1; y < area.height; ++y)
    memcpy(first + y * stride, first, static_cast<size_t>(area.width) * kPixelSize);
  mark_dirty(area);
}

void Decoder::mark_dirty(DirtyRectangle const& area) {
  uint32_t best = 0;
  uint64_t best_growth = UINT64_MAX;
  for (uint32_t index = 0; index < dirty_count_; ++index) {
    DirtyRectangle const both = joined(dirty_[index], area);
    uint64_t const whole = area_of(both);
    // Presenting has a cost per rectangle: neighbours are joined when that adds few pixels nobody changed.
    uint64_t const apart = area_of(dirty_[index]) + area_of(area);
    if (whole <= apart + apart / 4) {
      dirty_[index] = both;
      return;
    }
    uint64_t const growth = whole - area_of(dirty_[index]);
    if (growth < best_growth) {
      best_growth = growth;
      best = index;
    }
  }
  if (dirty_count_ < kMaximumDirty) {
    dirty_[dirty_count_++] = area;
    return;
  }
  dirty_[best] = joined(dirty_[best], area);
}

}  // namespace oriel::display
