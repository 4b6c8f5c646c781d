#pragma once

#include <cstdint>
#include <span>
#include <vector>

#include "display/damage/block_map.h"
#include "display/damage/picture.h"
#include "display/screen/geometry.h"

namespace oriel::display {

/// By how much something moved: right and down are positive.
struct Move {
  std::int32_t dx = 0;
  std::int32_t dy = 0;
  friend bool operator==(Move const&, Move const&) = default;
};

/// What of a frame is an exact translation of the frame before: scrolled pages, dragged windows. Nothing else
/// that is cheap to do divides the bytes of a scroll like this.
class MoveFinder {
 public:
  struct Found {
    std::vector<Move> moves;
    struct Piece {
      std::uint8_t move;  ///< Index into `moves`.
      Rectangle area;     ///< Where it is now.
    };
    std::vector<Piece> pieces;
  };

  /// Looks at the changed blocks and takes those out of `changed` that `before` (the same size as `now`)
  /// holds elsewhere. Few changed blocks are not worth a search: then nothing is found.
  [[nodiscard]] Found find(std::span<std::uint32_t const> before, Picture const& now, BlockMap& changed);

 private:
  struct Vote {
    Move move;
    std::uint32_t count = 0;
  };
  // Scrolls: rows of narrow stripes that are found at another height.
  void vote_vertical(std::span<std::uint32_t const> before, Picture const& now, BlockMap const& changed,
                     Rectangle const& box);
  // Any translation: short runs of textured pixels, chosen by their content, that are found elsewhere.
  void vote_anywhere(std::span<std::uint32_t const> before, Picture const& now, Rectangle const& box);
  void add_vote(Move move);
  [[nodiscard]] std::vector<Move> winners(std::uint32_t least) const;
  [[nodiscard]] bool matches(std::span<std::uint32_t const> before, Picture const& now,
                             Rectangle const& block, Move move) const;

  struct Anchor {
    std::uint64_t hash = 0;
    std::uint16_t x = 0;
    std::uint16_t y = 0;
    bool ambiguous = false;
  };
  std::vector<Anchor> anchors_;
  std::vector<Vote> votes_;
  std::vector<Move> last_;
  unsigned fruitless_ =
      0;  // Searches in a row that found nothing: a playing video is not searched at each frame.
  unsigned pause_ = 0;
};

}  // namespace oriel::display
