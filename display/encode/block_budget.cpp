#include "display/encode/block_budget.h"

#include <array>

namespace oriel::display {

BlockMap defer_hot_blocks(BlockMap& blocks, HeatMap const& heat, std::size_t most, std::uint32_t& rotation) {
  std::array<std::size_t, 256> histogram{};
  std::size_t count = 0;
  for (std::uint32_t row = 0; row < blocks.rows(); ++row)
    for (std::uint32_t column = 0; column < blocks.columns(); ++column)
      if (blocks.has(column, row)) {
        ++histogram[heat.at(column, row)];
        ++count;
      }
  BlockMap deferred = blocks;
  deferred.clear();
  if (count <= most) return deferred;

  // All that is colder than the threshold goes, and of those at it as many as fit.
  std::size_t threshold = 0;
  std::size_t left = most;
  while (threshold < 255 && histogram[threshold] <= left) left -= histogram[threshold++];
  std::uint32_t const first = blocks.rows() == 0 ? 0 : rotation % blocks.rows();
  for (std::uint32_t index = 0; index < blocks.rows(); ++index) {
    std::uint32_t const row = (first + index) % blocks.rows();
    for (std::uint32_t column = 0; column < blocks.columns(); ++column) {
      if (!blocks.has(column, row) || heat.at(column, row) < threshold) continue;
      if (heat.at(column, row) == threshold && left > 0) {
        --left;
        rotation = row + 1;
        continue;
      }
      blocks.clear(column, row);
      deferred.set(column, row);
    }
  }
  return deferred;
}

}  // namespace oriel::display
