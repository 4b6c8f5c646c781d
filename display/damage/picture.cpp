#include "display/damage/picture.h"

namespace oriel::display {

namespace {

constexpr std::uint32_t kColour = 0x00ffffff;

// Without an early exit, so that the compiler makes wide instructions of it: a block is compared in about the
// time that its memory takes.
bool differs(std::uint32_t const* one, std::size_t one_stride, std::uint32_t const* other,
             std::size_t other_stride, std::uint32_t width, std::uint32_t height) {
  std::uint32_t difference = 0;
  if (width == kBlock) {
    for (std::uint32_t y = 0; y < height; ++y, one += one_stride, other += other_stride)
      for (std::uint32_t x = 0; x < kBlock; ++x) difference |= one[x] ^ other[x];
  } else {
    for (std::uint32_t y = 0; y < height; ++y, one += one_stride, other += other_stride)
      for (std::uint32_t x = 0; x < width; ++x) difference |= one[x] ^ other[x];
  }
  return (difference & kColour) != 0;
}

}  // namespace

void Picture::update(Piece const& piece, BlockMap& changed) {
  if (piece.area.x >= size_.width || piece.area.y >= size_.height) return;
  std::uint32_t const right = std::min(piece.area.right(), size_.width);
  std::uint32_t const bottom = std::min(piece.area.bottom(), size_.height);
  for (std::uint32_t top = piece.area.y; top < bottom; top = (top / kBlock + 1) * kBlock) {
    std::uint32_t const height = std::min((top / kBlock + 1) * kBlock, bottom) - top;
    std::uint32_t const* const source_row =
        piece.pixels + static_cast<std::size_t>(top - piece.area.y) * piece.stride;
    std::uint32_t* const target_row = pixels_.data() + static_cast<std::size_t>(top) * size_.width;
    for (std::uint32_t left = piece.area.x; left < right; left = (left / kBlock + 1) * kBlock) {
      std::uint32_t const width = std::min((left / kBlock + 1) * kBlock, right) - left;
      std::uint32_t const* source = source_row + (left - piece.area.x);
      std::uint32_t* target = target_row + left;
      if (!differs(source, piece.stride, target, size_.width, width, height)) continue;
      // Without the undefined byte, so that later comparisons need not mind it.
      for (std::uint32_t y = 0; y < height; ++y, source += piece.stride, target += size_.width)
        for (std::uint32_t x = 0; x < width; ++x) target[x] = source[x] & kColour;
      changed.set(left / kBlock, top / kBlock);
    }
  }
}

void Picture::drop_equal(std::span<std::uint32_t const> other, BlockMap& blocks) const {
  for (std::uint32_t row = 0; row < blocks.rows(); ++row) {
    std::uint32_t const top = row * kBlock;
    std::uint32_t const height = std::min(kBlock, size_.height - top);
    for (std::uint32_t column = 0; column < blocks.columns(); ++column) {
      if (!blocks.has(column, row)) continue;
      std::uint32_t const left = column * kBlock;
      std::size_t const offset = static_cast<std::size_t>(top) * size_.width + left;
      if (!differs(pixels_.data() + offset, size_.width, other.data() + offset, size_.width,
                   std::min(kBlock, size_.width - left), height))
        blocks.clear(column, row);
    }
  }
}

bool Picture::is_uniform(Rectangle const& area) const {
  std::uint32_t const right = std::min(area.right(), size_.width);
  std::uint32_t const bottom = std::min(area.bottom(), size_.height);
  if (area.x >= right || area.y >= bottom) return true;
  std::uint32_t const first = *at(area.x, area.y) & kColour;
  for (std::uint32_t y = area.y; y < bottom; ++y)
    for (std::uint32_t x = area.x; x < right; ++x)
      if ((*at(x, y) & kColour) != first) return false;
  return true;
}

}  // namespace oriel::display
