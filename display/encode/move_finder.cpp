#include "display/encode/move_finder.h"

#include <algorithm>
#include <bit>
#include <cstring>

namespace oriel::display {

namespace {

constexpr std::size_t kLeastBlocks = 24;       // Fewer changed blocks cost less than looking for them.
constexpr std::size_t kLeastForAnywhere = 96;  // Left over after scrolls, before the dearer search.
constexpr std::uint32_t kStripe = 64;
constexpr std::uint32_t kRun = 16;              // Pixels of an anchor.
constexpr std::uint32_t kLeastTransitions = 3;  // In an anchor: flat runs are found everywhere.
constexpr std::uint64_t kOneIn = 32;            // Anchors among the positions.
constexpr std::size_t kAnchorSlots = 1U << 15;
constexpr std::size_t kMostVotes = 64;  // Different moves that are counted.
constexpr std::size_t kMostMoves = 4;
constexpr std::uint32_t kLeastVotes = 8;
constexpr unsigned kMostFruitless = 3;
constexpr unsigned kLongestPause = 16;

constexpr std::uint64_t kFactor = 0x9e3779b97f4a7c15ULL;

std::uint64_t mixed(std::uint64_t value) {
  value ^= value >> 32;
  value *= kFactor;
  return value ^ value >> 29;
}

// The hash of `width` pixels (a multiple of 8 at best), or 0 when they are all the same.
std::uint64_t hash_of_row(std::uint32_t const* pixels, std::uint32_t width) {
  std::uint64_t lanes[4] = {1, 2, 3, 4};
  std::uint32_t difference = 0;
  std::uint32_t x = 0;
  for (; x + 8 <= width; x += 8) {
    for (std::uint32_t lane = 0; lane < 4; ++lane) {
      std::uint64_t pair = 0;
      std::memcpy(&pair, pixels + x + lane * 2, sizeof pair);
      lanes[lane] = (std::rotl(lanes[lane], 23) ^ pair) * kFactor;
    }
    for (std::uint32_t index = 0; index < 8; ++index) difference |= pixels[x + index] ^ pixels[0];
  }
  for (; x < width; ++x) {
    lanes[x % 4] = (std::rotl(lanes[x % 4], 23) ^ pixels[x]) * kFactor;
    difference |= pixels[x] ^ pixels[0];
  }
  if (difference == 0) return 0;
  std::uint64_t const hash =
      mixed(lanes[0] ^ std::rotl(lanes[1], 16) ^ std::rotl(lanes[2], 32) ^ std::rotl(lanes[3], 48));
  return hash == 0 ? 1 : hash;
}

Rectangle box_of(BlockMap const& changed, Size size) {
  std::uint32_t left = changed.columns();
  std::uint32_t right = 0;
  std::uint32_t top = changed.rows();
  std::uint32_t bottom = 0;
  for (std::uint32_t row = 0; row < changed.rows(); ++row)
    for (std::uint32_t column = 0; column < changed.columns(); ++column) {
      if (!changed.has(column, row)) continue;
      left = std::min(left, column);
      right = std::max(right, column + 1);
      top = std::min(top, row);
      bottom = row + 1;
    }
  if (right <= left) return {};
  return {left * kBlock, top * kBlock, std::min(right * kBlock, size.width) - left * kBlock,
          std::min(bottom * kBlock, size.height) - top * kBlock};
}

// Calls `visit(x, y, hash)` for the runs that their content chooses: the same ones wherever they are.
template <typename Visit>
void for_each_anchor(std::uint32_t const* pixels, std::size_t stride, Rectangle const& box, Visit visit) {
  if (box.width < kRun + 1) return;
  std::uint64_t leaving = 1;
  for (std::uint32_t index = 0; index < kRun; ++index) leaving *= kFactor;
  for (std::uint32_t y = box.y; y < box.bottom(); ++y) {
    std::uint32_t const* const row = pixels + y * stride + box.x;
    std::uint64_t hash = 0;
    std::uint32_t transitions = 0;
    for (std::uint32_t x = 0; x < box.width; ++x) {
      hash = hash * kFactor + row[x] + 1;
      if (x > 0) transitions += row[x] != row[x - 1] ? 1 : 0;
      if (x >= kRun) {
        hash -= leaving * (row[x - kRun] + std::uint64_t{1});
        transitions -= row[x - kRun] != row[x - kRun + 1] ? 1 : 0;
      }
      if (x + 1 < kRun || transitions < kLeastTransitions) continue;
      std::uint64_t const chosen = mixed(hash);
      if (chosen % kOneIn == 0) visit(box.x + x + 1 - kRun, y, chosen);
    }
  }
}

}  // namespace

void MoveFinder::add_vote(Move move) {
  if (move == Move{}) return;
  for (auto& vote : votes_) {
    if (vote.move != move) continue;
    ++vote.count;
    return;
  }
  if (votes_.size() < kMostVotes) {
    votes_.push_back({move, 1});
    return;
  }
  // Full: the rarest gives way, so that chance hits do not keep the real move out.
  auto const rarest = std::min_element(votes_.begin(), votes_.end(), [](Vote const& one, Vote const& other) {
    return one.count < other.count;
  });
  if (rarest->count <= 1) {
    *rarest = {move, 1};
  } else {
    --rarest->count;
  }
}

std::vector<Move> MoveFinder::winners(std::uint32_t least) const {
  auto sorted = votes_;
  std::sort(sorted.begin(), sorted.end(),
            [](Vote const& one, Vote const& other) { return one.count > other.count; });
  std::vector<Move> moves;
  for (auto const& vote : sorted)
    if (vote.count >= least && moves.size() < kMostMoves) moves.push_back(vote.move);
  return moves;
}

void MoveFinder::vote_vertical(std::span<std::uint32_t const> before, Picture const& now,
                               BlockMap const& changed, Rectangle const& box) {
  std::size_t const stride = now.size().width;
  constexpr std::size_t kSlots = 8192;
  anchors_.resize(std::max(kAnchorSlots, kSlots));
  for (std::uint32_t left = box.x; left < box.right(); left += kStripe) {
    std::uint32_t const width = std::min(kStripe, box.right() - left);
    if (!changed.touches({left, box.y, width, box.height})) continue;
    std::fill_n(anchors_.begin(), kSlots, Anchor{});
    for (std::uint32_t y = box.y; y < box.bottom(); ++y) {
      std::uint64_t const hash = hash_of_row(before.data() + y * stride + left, width);
      if (hash == 0) continue;
      for (std::size_t slot = hash % kSlots, tries = 0; tries < 8; slot = (slot + 1) % kSlots, ++tries) {
        auto& anchor = anchors_[slot];
        if (anchor.hash == hash) {
          anchor.ambiguous = true;
          break;
        }
        if (anchor.hash != 0) continue;
        anchor = {hash, 0, static_cast<std::uint16_t>(y), false};
        break;
      }
    }
    for (std::uint32_t y = box.y; y < box.bottom(); ++y) {
      std::uint64_t const hash = hash_of_row(now.at(left, y), width);
      if (hash == 0) continue;
      for (std::size_t slot = hash % kSlots, tries = 0; tries < 8; slot = (slot + 1) % kSlots, ++tries) {
        auto const& anchor = anchors_[slot];
        if (anchor.hash == 0) break;
        if (anchor.hash != hash) continue;
        if (!anchor.ambiguous) add_vote({0, static_cast<std::int32_t>(y) - anchor.y});
        break;
      }
    }
  }
}

void MoveFinder::vote_anywhere(std::span<std::uint32_t const> before, Picture const& now,
                               Rectangle const& box) {
  std::size_t const stride = now.size().width;
  anchors_.assign(kAnchorSlots, Anchor{});
  for_each_anchor(before.data(), stride, box, [this](std::uint32_t x, std::uint32_t y, std::uint64_t hash) {
    auto& anchor = anchors_[(hash >> 20) % kAnchorSlots];
    if (anchor.hash == hash) anchor.ambiguous = true;
    if (anchor.hash == 0)
      anchor = {hash, static_cast<std::uint16_t>(x), static_cast<std::uint16_t>(y), false};
  });
  for_each_anchor(
      now.pixels().data(), stride, box, [this](std::uint32_t x, std::uint32_t y, std::uint64_t hash) {
        auto const& anchor = anchors_[(hash >> 20) % kAnchorSlots];
        if (anchor.hash != hash || anchor.ambiguous) return;
        add_vote({static_cast<std::int32_t>(x) - anchor.x, static_cast<std::int32_t>(y) - anchor.y});
      });
}

bool MoveFinder::matches(std::span<std::uint32_t const> before, Picture const& now, Rectangle const& block,
                         Move move) const {
  auto const left = static_cast<std::int64_t>(block.x) - move.dx;
  auto const top = static_cast<std::int64_t>(block.y) - move.dy;
  Size const size = now.size();
  if (left < 0 || top < 0 || left + block.width > size.width || top + block.height > size.height)
    return false;
  std::uint32_t const* source =
      before.data() + static_cast<std::size_t>(top) * size.width + static_cast<std::size_t>(left);
  std::uint32_t const* target = now.at(block.x, block.y);
  for (std::uint32_t y = 0; y < block.height; ++y, source += size.width, target += size.width)
    if (std::memcmp(source, target, block.width * sizeof *source) != 0) return false;
  return true;
}

MoveFinder::Found MoveFinder::find(std::span<std::uint32_t const> before, Picture const& now,
                                   BlockMap& changed) {
  Found found;
  std::size_t const count = changed.count();
  if (count < kLeastBlocks) return found;
  Rectangle const box = box_of(changed, now.size());

  // Which move each block follows; 0 none. Runs of the same move become rectangles below.
  std::vector<std::uint8_t> of_block(static_cast<std::size_t>(changed.columns()) * changed.rows());
  std::size_t left_over = count;
  auto const apply = [&](std::vector<Move> const& moves) {
    for (auto const& move : moves) {
      if (left_over == 0 || found.moves.size() >= kMostMoves) return;
      if (std::find(found.moves.begin(), found.moves.end(), move) != found.moves.end()) continue;
      std::size_t hits = 0;
      auto const index = static_cast<std::uint8_t>(found.moves.size() + 1);
      for (std::uint32_t row = box.y / kBlock; row < (box.bottom() + kBlock - 1) / kBlock; ++row)
        for (std::uint32_t column = box.x / kBlock; column < (box.right() + kBlock - 1) / kBlock; ++column) {
          auto& of = of_block[static_cast<std::size_t>(row) * changed.columns() + column];
          if (of != 0 || !changed.has(column, row)) continue;
          Rectangle const block{column * kBlock, row * kBlock,
                                std::min(kBlock, now.size().width - column * kBlock),
                                std::min(kBlock, now.size().height - row * kBlock)};
          if (!matches(before, now, block, move)) continue;
          of = index;
          ++hits;
        }
      if (hits == 0) continue;
      left_over -= hits;
      found.moves.push_back(move);
    }
  };

  apply(last_);
  if (left_over * 2 > count && pause_ > 0) {
    --pause_;
  } else if (left_over * 4 > count) {
    std::size_t const before_search = left_over;
    votes_.clear();
    vote_vertical(before, now, changed, box);
    apply(winners(kLeastVotes));
    if (left_over * 2 > count && left_over >= kLeastForAnywhere) {
      votes_.clear();
      vote_anywhere(before, now, box);
      apply(winners(kLeastVotes));
    }
    bool const fruitful = before_search - left_over > before_search / 8;
    fruitless_ = fruitful ? 0 : fruitless_ + 1;
    if (fruitless_ >= kMostFruitless) pause_ = std::min(kLongestPause, fruitless_);
  }
  if (found.moves.empty()) return found;
  last_ = found.moves;

  std::vector<std::size_t> above;
  std::vector<std::size_t> here;
  for (std::uint32_t row = box.y / kBlock; row < (box.bottom() + kBlock - 1) / kBlock; ++row) {
    here.clear();
    std::size_t next_above = 0;
    std::uint32_t const height = std::min(kBlock, now.size().height - row * kBlock);
    std::uint8_t const* const line = of_block.data() + static_cast<std::size_t>(row) * changed.columns();
    for (std::uint32_t column = 0; column < changed.columns();) {
      std::uint8_t const move = line[column];
      std::uint32_t end = column + 1;
      while (end < changed.columns() && line[end] == move) ++end;
      if (move != 0) {
        for (std::uint32_t index = column; index < end; ++index) changed.clear(index, row);
        Rectangle const run{column * kBlock, row * kBlock,
                            std::min(end * kBlock, now.size().width) - column * kBlock, height};
        while (next_above < above.size() && found.pieces[above[next_above]].area.x < run.x) ++next_above;
        auto* const upper = next_above < above.size() ? &found.pieces[above[next_above]] : nullptr;
        if (upper != nullptr && upper->area.x == run.x && upper->area.width == run.width &&
            upper->move == move - 1) {
          upper->area.height += height;
          here.push_back(above[next_above]);
        } else {
          found.pieces.push_back({static_cast<std::uint8_t>(move - 1), run});
          here.push_back(found.pieces.size() - 1);
        }
      }
      column = end;
    }
    above.swap(here);
  }
  return found;
}

}  // namespace oriel::display
