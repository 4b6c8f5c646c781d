#pragma once

#include <cstdint>
#include <span>
#include <vector>

#include "display/damage/block_map.h"
#include "display/screen/geometry.h"
#include "display/screen/screen.h"

namespace oriel::display {

/// The last captured picture: what the next capture is compared with, and what every viewer is sent from. The
/// highest byte of its pixels is 0.
class Picture {
 public:
  Picture() = default;
  /// Black.
  explicit Picture(Size size) : size_(size), pixels_(size.pixels(), 0) {}

  [[nodiscard]] Size size() const { return size_; }
  [[nodiscard]] std::span<std::uint32_t const> pixels() const { return pixels_; }
  [[nodiscard]] std::uint32_t const* at(std::uint32_t x, std::uint32_t y) const {
    return pixels_.data() + static_cast<std::size_t>(y) * size_.width + x;
  }

  /// Takes over a captured piece and adds the blocks that really changed to `changed`. Applications report
  /// many times more than they change, so the comparison decides. Parts of the piece outside the picture are
  /// ignored; the undefined byte of a pixel is not compared.
  void update(Piece const& piece, BlockMap& changed);

  /// Takes those blocks out of the set in which this picture is the same as `other`, which has its size.
  void drop_equal(std::span<std::uint32_t const> other, BlockMap& blocks) const;

  /// Whether all pixels of the area are the same.
  [[nodiscard]] bool is_uniform(Rectangle const& area) const;

 private:
  Size size_;
  std::vector<std::uint32_t> pixels_;
};

}  // namespace oriel::display
