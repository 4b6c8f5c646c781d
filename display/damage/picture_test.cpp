#include "display/damage/picture.h"

#include <gtest/gtest.h>

namespace oriel::display {
namespace {

TEST(Picture, FindsExactlyTheChangedBlocks) {
  Size const size{100, 50};
  Picture picture(size);
  std::vector<std::uint32_t> pixels(size.pixels());
  auto const update = [&](Rectangle const& area) {
    BlockMap changed(size);
    picture.update({area, pixels.data() + area.y * size.width + area.x, size.width}, changed);
    return changed;
  };
  EXPECT_TRUE(update({0, 0, 100, 50}).empty());

  pixels[17 * 100 + 33] = 0x123456;
  auto const changed = update({0, 0, 100, 50});
  EXPECT_EQ(changed.count(), 1U);
  EXPECT_TRUE(changed.has(2, 1));
  EXPECT_EQ(*picture.at(33, 17), 0x123456U);
  EXPECT_TRUE(update({0, 0, 100, 50}).empty());

  // The last, narrow and low blocks.
  pixels[49 * 100 + 99] = 1;
  EXPECT_TRUE(update({0, 0, 99, 50}).empty());
  EXPECT_TRUE(update({99, 49, 1, 1}).has(6, 3));

  // The byte that the X server leaves undefined does not count.
  pixels[0] = 0xff000000;
  EXPECT_TRUE(update({0, 0, 100, 50}).empty());
}

TEST(Picture, IgnoresWhatLiesOutside) {
  Picture picture({32, 32});
  std::vector<std::uint32_t> pixels(64 * 64, 0xabcdef);
  BlockMap changed(Size{32, 32});
  picture.update({{16, 16, 64, 64}, pixels.data(), 64}, changed);
  EXPECT_EQ(changed.count(), 1U);
  picture.update({{40, 0, 10, 10}, pixels.data(), 64}, changed);
  EXPECT_EQ(changed.count(), 1U);
}

TEST(Picture, TellsUniformFromDrawn) {
  Picture picture({64, 64});
  std::vector<std::uint32_t> pixels(64 * 64, 0);
  pixels[20 * 64 + 20] = 5;
  BlockMap changed(Size{64, 64});
  picture.update({{0, 0, 64, 64}, pixels.data(), 64}, changed);
  EXPECT_TRUE(picture.is_uniform({0, 0, 20, 64}));
  EXPECT_FALSE(picture.is_uniform({0, 0, 21, 64}));
  EXPECT_TRUE(picture.is_uniform({100, 100, 5, 5}));
}

TEST(BlockMap, TouchesByRectangle) {
  BlockMap map(Size{1000, 1000});
  map.set(10, 20);
  EXPECT_TRUE(map.touches({160, 320, 1, 1}));
  EXPECT_TRUE(map.touches({0, 0, 161, 321}));
  EXPECT_FALSE(map.touches({0, 0, 160, 1000}));
  EXPECT_FALSE(map.touches({176, 0, 500, 1000}));
  EXPECT_FALSE(map.touches({160, 320, 0, 0}));
}

}  // namespace
}  // namespace oriel::display
