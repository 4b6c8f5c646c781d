#include "display/encode/frame_encoder.h"

#include <cstring>

#include <zstd.h>

#include "display/encode/block_budget.h"
#include "display/encode/wire.h"
#include "libs/base/assert.h"

namespace oriel::display {

namespace {

constexpr int kLevel = 3;
constexpr std::size_t kPixelBytes = 3;
constexpr std::size_t kStagingBytes = 64U << 10;
constexpr std::size_t kEndBytes = protocol::kHeaderSize + 17;
// zstd may leave a few bytes unused; a chunk is closed when less than this is left for it.
constexpr std::size_t kLeastRoom = 256;
constexpr std::uint32_t kColour = 0x00ffffff;
// A frame draws at least this much, and less of it says nothing about what a block costs.
constexpr std::size_t kLeastDrawn = 32;

// The block's colour, or nothing when it has more than one.
bool one_colour(Picture const& picture, Rectangle const& block, std::uint32_t& colour) {
  std::uint32_t const* row = picture.at(block.x, block.y);
  std::uint32_t const first = *row;
  std::uint32_t difference = 0;
  for (std::uint32_t y = 0; y < block.height; ++y, row += picture.size().width) {
    for (std::uint32_t x = 0; x < block.width; ++x) difference |= row[x] ^ first;
    if ((difference & kColour) != 0) return false;
  }
  colour = first & kColour;
  return true;
}

}  // namespace

FrameEncoder::FrameEncoder(Sink sink) : sink_(std::move(sink)), stream_(ZSTD_createCCtx()) {
  ORIEL_ASSERT(stream_ != nullptr);
  ZSTD_CCtx_setParameter(stream_, ZSTD_c_compressionLevel, kLevel);
  ZSTD_CCtx_setParameter(stream_, ZSTD_c_windowLog, protocol::kWindowLog);
  ZSTD_CCtx_setParameter(stream_, ZSTD_c_checksumFlag, 0);
  ZSTD_CCtx_setParameter(stream_, ZSTD_c_contentSizeFlag, 0);
  staging_.reserve(kStagingBytes);
}

FrameEncoder::~FrameEncoder() { ZSTD_freeCCtx(stream_); }

void FrameEncoder::reset(std::uint32_t epoch, bool keep, Size size) {
  ZSTD_CCtx_reset(stream_, ZSTD_reset_session_only);
  busy_ = false;
  picture_ = nullptr;
  staging_.clear();
  message_.clear();
  // A kept picture is known to equal ours only where nothing is pending: nothing can be compared with it
  // before it was completed.
  held_is_known_ = !keep;
  if (!keep) held_.assign(size.pixels(), 0);
  held_is_black_ = !keep;
  Bytes body;
  wire::put_u32(body, epoch);
  wire::put_u8(body, keep ? 1 : 0);
  wire::put_u16(body, size.width);
  wire::put_u16(body, size.height);
  sink_(wire::message(protocol::Message::kReset, body));
}

BlockMap FrameEncoder::begin(Picture const& picture, BlockMap const& changed, FrameEnd end,
                             Budget const& budget) {
  ORIEL_ASSERT(!busy_);
  picture_ = &picture;
  end_ = end;
  busy_ = true;
  in_rectangle_ = false;
  next_fill_ = 0;
  next_rectangle_ = 0;
  frame_bytes_ = 0;
  BlockMap deferred(picture.size());
  BlockMap const drawn = take_moves(changed, budget, deferred);
  drawn_blocks_ = drawn.count();
  if (!deferred.empty()) end_.flags &= static_cast<std::uint8_t>(~protocol::kEndExact);
  plan(drawn);
  start_message();
  write_copies();
  return deferred;
}

// What is left to be drawn after what the viewer holds already, here or elsewhere. `held_` becomes what it
// will hold.
BlockMap FrameEncoder::take_moves(BlockMap const& changed, Budget const& budget, BlockMap& deferred) {
  moved_ = {};
  BlockMap rest = changed;
  if (!held_is_known_) {
    held_.assign(picture_->pixels().begin(), picture_->pixels().end());
    held_is_known_ = true;
    return rest;
  }
  picture_->drop_equal(held_, rest);
  BlockMap differing = rest;
  // Nothing can have moved out of a black picture.
  if (!held_is_black_) moved_ = moves_.find(held_, *picture_, rest);
  held_is_black_ = false;
  if (budget.heat != nullptr &&
      static_cast<double>(rest.count()) * block_bytes_ > static_cast<double>(budget.bytes)) {
    auto const most = static_cast<std::size_t>(static_cast<double>(budget.bytes) / block_bytes_);
    deferred = defer_hot_blocks(rest, *budget.heat, std::max(kLeastDrawn, most), rotation_);
    differing.remove(deferred);
  }
  Size const size = picture_->size();
  for (std::uint32_t row = 0; row < differing.rows(); ++row) {
    for (std::uint32_t column = 0; column < differing.columns();) {
      if (!differing.has(column, row)) {
        ++column;
        continue;
      }
      std::uint32_t end = column + 1;
      while (end < differing.columns() && differing.has(end, row)) ++end;
      std::uint32_t const left = column * kBlock;
      std::size_t const bytes = (std::min(end * kBlock, size.width) - left) * sizeof(std::uint32_t);
      for (std::uint32_t y = row * kBlock; y < std::min((row + 1) * kBlock, size.height); ++y)
        std::memcpy(held_.data() + static_cast<std::size_t>(y) * size.width + left, picture_->at(left, y),
                    bytes);
      column = end;
    }
  }
  return rest;
}

void FrameEncoder::write_copies() {
  if (moved_.pieces.empty()) return;
  auto const zigzag = [](std::int32_t value) {
    return static_cast<std::uint32_t>(value) << 1 ^ static_cast<std::uint32_t>(value >> 31);
  };
  wire::put_u8(staging_, static_cast<std::uint32_t>(protocol::Record::kCopy));
  wire::put_varint(staging_, static_cast<std::uint32_t>(moved_.moves.size()));
  for (auto const& move : moved_.moves) {
    wire::put_varint(staging_, zigzag(move.dx));
    wire::put_varint(staging_, zigzag(move.dy));
  }
  wire::put_varint(staging_, static_cast<std::uint32_t>(moved_.pieces.size()));
  for (auto const& piece : moved_.pieces) {
    wire::put_u8(staging_, piece.move);
    wire::put_varint(staging_, piece.area.x);
    wire::put_varint(staging_, piece.area.y);
    wire::put_varint(staging_, piece.area.width);
    wire::put_varint(staging_, piece.area.height);
    if (staging_.size() + 64 >= kStagingBytes) compress(false);
  }
}

// Blocks become runs along their row, and a run that continues the run above it makes that one taller.
// Rectangles start on the block grid, so that bands of columns and rows of blocks are the same thing.
void FrameEncoder::plan(BlockMap const& changed) {
  fills_.clear();
  pixels_.clear();
  Size const size = picture_->size();
  std::vector<std::size_t> fills_above;
  std::vector<std::size_t> pixels_above;
  std::vector<std::size_t> fills_here;
  std::vector<std::size_t> pixels_here;

  for (std::uint32_t row = 0; row < changed.rows(); ++row) {
    fills_here.clear();
    pixels_here.clear();
    std::uint32_t const y = row * kBlock;
    std::uint32_t const height = std::min(kBlock, size.height - y);
    std::size_t above_fill = 0;
    std::size_t above_pixel = 0;

    auto const close_run = [&](std::uint32_t from, std::uint32_t to, bool fill, std::uint32_t colour) {
      Rectangle const run{from * kBlock, y, std::min(to * kBlock, size.width) - from * kBlock, height};
      if (fill) {
        while (above_fill < fills_above.size() && fills_[fills_above[above_fill]].area.x < run.x)
          ++above_fill;
        if (above_fill < fills_above.size()) {
          Area& above = fills_[fills_above[above_fill]];
          if (above.area.x == run.x && above.area.width == run.width && above.colour == colour) {
            above.area.height += height;
            fills_here.push_back(fills_above[above_fill]);
            return;
          }
        }
        fills_.push_back({run, colour});
        fills_here.push_back(fills_.size() - 1);
        return;
      }
      while (above_pixel < pixels_above.size() && pixels_[pixels_above[above_pixel]].x < run.x) ++above_pixel;
      if (above_pixel < pixels_above.size()) {
        Rectangle& above = pixels_[pixels_above[above_pixel]];
        if (above.x == run.x && above.width == run.width) {
          above.height += height;
          pixels_here.push_back(pixels_above[above_pixel]);
          return;
        }
      }
      pixels_.push_back(run);
      pixels_here.push_back(pixels_.size() - 1);
    };

    enum class Run { kNone, kFill, kPixels };
    Run run = Run::kNone;
    std::uint32_t run_start = 0;
    std::uint32_t run_colour = 0;
    for (std::uint32_t column = 0; column <= changed.columns(); ++column) {
      Run kind = Run::kNone;
      std::uint32_t colour = 0;
      if (column < changed.columns() && changed.has(column, row)) {
        std::uint32_t const x = column * kBlock;
        bool const solid = one_colour(*picture_, {x, y, std::min(kBlock, size.width - x), height}, colour);
        kind = solid ? Run::kFill : Run::kPixels;
      }
      if (kind == run && (kind != Run::kFill || colour == run_colour)) continue;
      if (run != Run::kNone) close_run(run_start, column, run == Run::kFill, run_colour);
      run = kind;
      run_start = column;
      run_colour = colour;
    }
    fills_above.swap(fills_here);
    pixels_above.swap(pixels_here);
  }
}

bool FrameEncoder::step(std::size_t budget) {
  if (!busy_) return false;
  while (budget > 0) {
    if (next_fill_ < fills_.size()) {
      write_fills();
      continue;
    }
    if (!in_rectangle_) {
      if (next_rectangle_ == pixels_.size()) break;
      start_rectangle();
    }
    std::size_t const packed = pack(budget);
    budget -= std::min(budget, packed);
    if (staging_.size() >= kStagingBytes - kBlock * kPixelBytes) compress(false);
  }
  if (next_fill_ < fills_.size() || in_rectangle_ || next_rectangle_ < pixels_.size()) {
    compress(false);
    return true;
  }

  if (!fills_.empty() || !pixels_.empty() || !moved_.pieces.empty()) compress(true);
  finish_chunk();
  if (message_.size() + kEndBytes > protocol::kMessageTarget) send();
  wire::put_header(message_, protocol::Message::kEnd, 17);
  wire::put_u32(message_, end_.frame);
  wire::put_u64(message_, end_.capture_time_us);
  wire::put_u32(message_, end_.input_sequence);
  wire::put_u8(message_, end_.flags);
  send();
  if (drawn_blocks_ >= kLeastDrawn)
    block_bytes_ =
        (block_bytes_ + static_cast<double>(frame_bytes_) / static_cast<double>(drawn_blocks_)) / 2;
  busy_ = false;
  picture_ = nullptr;
  return false;
}

void FrameEncoder::write_fills() {
  for (; next_fill_ < fills_.size() && staging_.size() + 64 < kStagingBytes; ++next_fill_) {
    Area const& fill = fills_[next_fill_];
    wire::put_u8(staging_, static_cast<std::uint32_t>(protocol::Record::kFill));
    wire::put_varint(staging_, fill.area.x);
    wire::put_varint(staging_, fill.area.y);
    wire::put_varint(staging_, fill.area.width);
    wire::put_varint(staging_, fill.area.height);
    wire::put_u8(staging_, fill.colour);
    wire::put_u8(staging_, fill.colour >> 8);
    wire::put_u8(staging_, fill.colour >> 16);
  }
  if (staging_.size() + 64 >= kStagingBytes) compress(false);
}

void FrameEncoder::start_rectangle() {
  Rectangle const& area = pixels_[next_rectangle_];
  wire::put_u8(staging_, static_cast<std::uint32_t>(protocol::Record::kPixels));
  wire::put_varint(staging_, area.x);
  wire::put_varint(staging_, area.y);
  wire::put_varint(staging_, area.width);
  wire::put_varint(staging_, area.height);
  wire::put_u8(staging_, static_cast<std::uint32_t>(protocol::Layout::kColumns));
  in_rectangle_ = true;
  band_ = 0;
  column_ = 0;
}

std::size_t FrameEncoder::pack(std::size_t budget) {
  Rectangle const& area = pixels_[next_rectangle_];
  std::uint32_t const height = std::min(kBlock, area.height - band_);
  std::size_t const column_bytes = height * kPixelBytes;
  std::size_t const room =
      std::min(budget + column_bytes - 1, kStagingBytes - std::min(kStagingBytes, staging_.size())) /
      column_bytes;
  std::uint32_t const columns = static_cast<std::uint32_t>(std::min<std::size_t>(room, area.width - column_));
  if (columns == 0) {
    compress(false);
    return 0;
  }
  std::size_t const stride = picture_->size().width;
  std::uint32_t const* const top = picture_->at(area.x + column_, area.y + band_);
  std::size_t const packed = columns * column_bytes;
  std::size_t const at = staging_.size();
  staging_.resize(at + packed);
  std::uint8_t* target = staging_.data() + at;
  for (std::uint32_t x = 0; x < columns; ++x) {
    std::uint32_t const* pixel = top + x;
    for (std::uint32_t y = 0; y < height; ++y, pixel += stride, target += kPixelBytes) {
      target[0] = static_cast<std::uint8_t>(*pixel);
      target[1] = static_cast<std::uint8_t>(*pixel >> 8);
      target[2] = static_cast<std::uint8_t>(*pixel >> 16);
    }
  }
  column_ += columns;
  if (column_ == area.width) {
    column_ = 0;
    band_ += height;
    if (band_ == area.height) {
      in_rectangle_ = false;
      ++next_rectangle_;
    }
  }
  return packed;
}

void FrameEncoder::compress(bool flush) {
  ZSTD_inBuffer input{staging_.data(), staging_.size(), 0};
  for (;;) {
    if (message_.size() + kLeastRoom > protocol::kMessageTarget) {
      finish_chunk();
      send();
      start_message();
    }
    std::size_t const before = message_.size();
    message_.resize(protocol::kMessageTarget);
    ZSTD_outBuffer output{message_.data() + before, message_.size() - before, 0};
    std::size_t const left =
        ZSTD_compressStream2(stream_, &output, &input, flush ? ZSTD_e_flush : ZSTD_e_continue);
    ORIEL_ASSERT(ZSTD_isError(left) == 0, ZSTD_getErrorName(left));
    message_.resize(before + output.pos);
    if (input.pos == input.size && (!flush || left == 0)) break;
  }
  staging_.clear();
}

void FrameEncoder::start_message() {
  message_.reserve(protocol::kMessageTarget);
  chunk_start_ = message_.size();
  wire::put_header(message_, protocol::Message::kLz, 0);
}

void FrameEncoder::finish_chunk() {
  std::size_t const length = message_.size() - chunk_start_ - protocol::kHeaderSize;
  if (length == 0) {
    message_.resize(chunk_start_);
    return;
  }
  for (std::uint32_t index = 0; index < 4; ++index)
    message_[chunk_start_ + 1 + index] = static_cast<std::uint8_t>(length >> (8 * index));
}

void FrameEncoder::send() {
  if (message_.empty()) return;
  frame_bytes_ += message_.size();
  sink_(std::move(message_));
  message_ = {};
  chunk_start_ = 0;
}

}  // namespace oriel::display
