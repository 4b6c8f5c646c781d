#pragma once

#include <cstddef>
#include <cstdint>

#include "display/damage/block_map.h"
#include "display/damage/heat_map.h"

namespace oriel::display {

/// Leaves the `most` coldest blocks in the set and answers the others. Among equally hot ones it begins at
/// the row `rotation`, which moves on, so that all of them get their turn.
[[nodiscard]] BlockMap defer_hot_blocks(BlockMap& blocks, HeatMap const& heat, std::size_t most,
                                        std::uint32_t& rotation);

}  // namespace oriel::display
