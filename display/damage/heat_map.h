#pragma once

#include <algorithm>
#include <cstdint>
#include <vector>

#include "display/damage/block_map.h"

namespace oriel::display {

/// How often each block changed lately: what a video plays in is hot, what is typed is cold. Where a link
/// cannot carry everything, the cold goes first.
class HeatMap {
 public:
  HeatMap() = default;
  explicit HeatMap(Size size)
      : columns_((size.width + kBlock - 1) / kBlock),
        heat_(static_cast<std::size_t>(columns_) * ((size.height + kBlock - 1) / kBlock)) {}

  /// One capture: everything cools a little, what changed heats up. A block that changes at each capture is
  /// hot after sixteen.
  void note(BlockMap const& changed) {
    for (auto& heat : heat_) heat = static_cast<std::uint8_t>(heat - (heat > 0 ? 1 : 0));
    for (std::uint32_t row = 0; row < changed.rows(); ++row)
      for (std::uint32_t column = 0; column < changed.columns(); ++column)
        if (changed.has(column, row)) {
          auto& heat = heat_[static_cast<std::size_t>(row) * columns_ + column];
          heat = static_cast<std::uint8_t>(std::min(255, heat + kRise));
        }
  }
  /// 0 cold to 255 hot.
  [[nodiscard]] std::uint8_t at(std::uint32_t column, std::uint32_t row) const {
    return heat_[static_cast<std::size_t>(row) * columns_ + column];
  }

 private:
  static constexpr int kRise = 17;
  std::uint32_t columns_ = 0;
  std::vector<std::uint8_t> heat_;
};

}  // namespace oriel::display
