#pragma once

#include <algorithm>
#include <bit>
#include <cstdint>
#include <vector>

#include "display/screen/geometry.h"

namespace oriel::display {

/// Side of a block in pixels: the grain of comparing and sending.
inline constexpr std::uint32_t kBlock = 16;

/// A set of 16x16 blocks of a screen, one bit each.
class BlockMap {
 public:
  BlockMap() = default;
  explicit BlockMap(Size size)
      : columns_((size.width + kBlock - 1) / kBlock),
        rows_((size.height + kBlock - 1) / kBlock),
        words_per_row_((columns_ + 63) / 64),
        bits_(static_cast<std::size_t>(words_per_row_) * rows_) {}

  [[nodiscard]] std::uint32_t columns() const { return columns_; }
  [[nodiscard]] std::uint32_t rows() const { return rows_; }

  void set(std::uint32_t column, std::uint32_t row) { bits_[word(column, row)] |= 1ULL << (column % 64); }
  void clear(std::uint32_t column, std::uint32_t row) {
    bits_[word(column, row)] &= ~(1ULL << (column % 64));
  }
  [[nodiscard]] bool has(std::uint32_t column, std::uint32_t row) const {
    return (bits_[word(column, row)] >> (column % 64) & 1) != 0;
  }

  void clear() { std::fill(bits_.begin(), bits_.end(), 0); }
  void set_all() {
    for (std::uint32_t row = 0; row < rows_; ++row)
      for (std::uint32_t column = 0; column < columns_; ++column) set(column, row);
  }
  [[nodiscard]] bool empty() const {
    return std::all_of(bits_.begin(), bits_.end(), [](std::uint64_t bits) { return bits == 0; });
  }
  [[nodiscard]] std::size_t count() const {
    std::size_t total = 0;
    for (auto const bits : bits_) total += static_cast<std::size_t>(std::popcount(bits));
    return total;
  }
  /// Adds the other's blocks. Both are of the same screen.
  void add(BlockMap const& other) {
    for (std::size_t index = 0; index < bits_.size(); ++index) bits_[index] |= other.bits_[index];
  }
  /// Takes the other's blocks away. Both are of the same screen.
  void remove(BlockMap const& other) {
    for (std::size_t index = 0; index < bits_.size(); ++index) bits_[index] &= ~other.bits_[index];
  }
  /// Whether a block of the set touches the rectangle.
  [[nodiscard]] bool touches(Rectangle const& area) const {
    if (area.width == 0 || area.height == 0) return false;
    for (std::uint32_t row = area.y / kBlock; row < std::min(rows_, (area.bottom() + kBlock - 1) / kBlock);
         ++row)
      for (std::uint32_t column = area.x / kBlock;
           column < std::min(columns_, (area.right() + kBlock - 1) / kBlock); ++column)
        if (has(column, row)) return true;
    return false;
  }

 private:
  [[nodiscard]] std::size_t word(std::uint32_t column, std::uint32_t row) const {
    return static_cast<std::size_t>(row) * words_per_row_ + column / 64;
  }

  std::uint32_t columns_ = 0;
  std::uint32_t rows_ = 0;
  std::uint32_t words_per_row_ = 0;
  std::vector<std::uint64_t> bits_;
};

}  // namespace oriel::display
