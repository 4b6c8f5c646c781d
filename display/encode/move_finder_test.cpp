#include "display/encode/move_finder.h"

#include <random>

#include <gtest/gtest.h>

namespace oriel::display {
namespace {

constexpr Size kSize{640, 480};

// A page of random "text": dark marks on white, rows of them.
std::vector<std::uint32_t> page(Size size, unsigned seed) {
  std::mt19937 random(seed);
  std::vector<std::uint32_t> pixels(size.pixels(), 0xffffff);
  for (std::uint32_t y = 0; y < size.height; ++y)
    if (y % 14 < 10)
      for (std::uint32_t x = 0; x < size.width; ++x)
        if (random() % 4 == 0)
          pixels[static_cast<std::size_t>(y) * size.width + x] =
              static_cast<std::uint32_t>(random() % 0x404040);
  return pixels;
}

// Copies `area` of `from`, moved, into `to`.
void move_area(std::vector<std::uint32_t> const& from, std::vector<std::uint32_t>& to, Rectangle const& area,
               Move move) {
  for (std::uint32_t y = area.y; y < area.bottom(); ++y)
    for (std::uint32_t x = area.x; x < area.right(); ++x) {
      auto const tx = static_cast<std::int32_t>(x) + move.dx;
      auto const ty = static_cast<std::int32_t>(y) + move.dy;
      if (tx < 0 || ty < 0 || tx >= static_cast<std::int32_t>(kSize.width) ||
          ty >= static_cast<std::int32_t>(kSize.height))
        continue;
      to[static_cast<std::size_t>(ty) * kSize.width + static_cast<std::size_t>(tx)] =
          from[static_cast<std::size_t>(y) * kSize.width + x];
    }
}

struct Scene {
  Picture before{kSize};
  Picture now{kSize};
  BlockMap changed{kSize};

  Scene(std::vector<std::uint32_t> const& old_pixels, std::vector<std::uint32_t> const& new_pixels) {
    Rectangle const whole{0, 0, kSize.width, kSize.height};
    BlockMap ignored(kSize);
    before.update({whole, old_pixels.data(), kSize.width}, ignored);
    now.update({whole, old_pixels.data(), kSize.width}, ignored);
    now.update({whole, new_pixels.data(), kSize.width}, changed);
  }

  // Applies what was found to the old picture: with the blocks that are left it must give the new one.
  void expect_true(MoveFinder::Found const& found) const {
    std::vector<std::uint32_t> result(before.pixels().begin(), before.pixels().end());
    for (auto const& piece : found.pieces) {
      auto const& move = found.moves.at(piece.move);
      for (std::uint32_t y = piece.area.y; y < piece.area.bottom(); ++y)
        for (std::uint32_t x = piece.area.x; x < piece.area.right(); ++x)
          result.at(static_cast<std::size_t>(y) * kSize.width + x) =
              *before.at(static_cast<std::uint32_t>(static_cast<std::int32_t>(x) - move.dx),
                         static_cast<std::uint32_t>(static_cast<std::int32_t>(y) - move.dy));
    }
    for (std::uint32_t y = 0; y < kSize.height; ++y)
      for (std::uint32_t x = 0; x < kSize.width; ++x) {
        if (changed.has(x / kBlock, y / kBlock)) continue;
        ASSERT_EQ(result[static_cast<std::size_t>(y) * kSize.width + x], *now.at(x, y)) << x << ',' << y;
      }
  }
};

TEST(MoveFinder, FindsScrolls) {
  for (int const dy : {-29, 1, 16, -100, 333}) {
    auto const old_pixels = page(kSize, 1);
    auto new_pixels = old_pixels;
    Rectangle const view{50, 40, 500, 400};
    move_area(page({640, 480}, 2), new_pixels, view, {0, 0});  // What scrolls in is new.
    for (std::uint32_t y = view.y; y < view.bottom(); ++y) {
      auto const from = static_cast<std::int32_t>(y) - dy;
      if (from >= static_cast<std::int32_t>(view.y) && from < static_cast<std::int32_t>(view.bottom()))
        move_area(old_pixels, new_pixels, {view.x, static_cast<std::uint32_t>(from), view.width, 1}, {0, dy});
    }
    Scene scene(old_pixels, new_pixels);
    auto const all = scene.changed.count();
    MoveFinder finder;
    auto const found = finder.find(scene.before.pixels(), scene.now, scene.changed);
    ASSERT_FALSE(found.moves.empty()) << dy;
    EXPECT_EQ(found.moves.front(), (Move{0, dy}));
    scene.expect_true(found);
    double const kept = static_cast<double>(view.height - static_cast<unsigned>(std::abs(dy))) / view.height;
    EXPECT_LT(static_cast<double>(scene.changed.count()), static_cast<double>(all) * (1.25 - kept)) << dy;
  }
}

TEST(MoveFinder, FindsDraggedWindows) {
  for (auto const& move : {Move{13, -7}, Move{-40, 3}, Move{5, 0}, Move{100, 90}}) {
    auto const desktop = page(kSize, 3);
    auto const window = page(kSize, 4);
    auto old_pixels = desktop;
    auto new_pixels = desktop;
    Rectangle const area{150, 120, 300, 200};
    move_area(window, old_pixels, area, {});
    move_area(window, new_pixels, area, move);
    Scene scene(old_pixels, new_pixels);
    auto const all = scene.changed.count();
    MoveFinder finder;
    auto const found = finder.find(scene.before.pixels(), scene.now, scene.changed);
    ASSERT_FALSE(found.moves.empty()) << move.dx << ' ' << move.dy;
    EXPECT_NE(std::find(found.moves.begin(), found.moves.end(), move), found.moves.end());
    scene.expect_true(found);
    EXPECT_LT(scene.changed.count() * 2, all + 60);
  }
}

TEST(MoveFinder, NeverClaimsWhatIsNotTrue) {
  std::mt19937 random(5);
  for (int round = 0; round < 60; ++round) {
    auto const old_pixels = page(kSize, static_cast<unsigned>(random()));
    auto new_pixels = old_pixels;
    for (int part = 0; part < 4; ++part) {
      Rectangle const area{
          static_cast<std::uint32_t>(random() % 400), static_cast<std::uint32_t>(random() % 300),
          1 + static_cast<std::uint32_t>(random() % 230), 1 + static_cast<std::uint32_t>(random() % 170)};
      move_area(
          old_pixels, new_pixels, area,
          {static_cast<std::int32_t>(random() % 200) - 100, static_cast<std::int32_t>(random() % 200) - 100});
    }
    Scene scene(old_pixels, new_pixels);
    MoveFinder finder;
    scene.expect_true(finder.find(scene.before.pixels(), scene.now, scene.changed));
  }
}

TEST(MoveFinder, LeavesSmallChangesAlone) {
  auto const old_pixels = page(kSize, 6);
  auto new_pixels = old_pixels;
  move_area(page(kSize, 7), new_pixels, {100, 100, 40, 30}, {});
  Scene scene(old_pixels, new_pixels);
  auto const all = scene.changed.count();
  MoveFinder finder;
  EXPECT_TRUE(finder.find(scene.before.pixels(), scene.now, scene.changed).moves.empty());
  EXPECT_EQ(scene.changed.count(), all);
}

}  // namespace
}  // namespace oriel::display
