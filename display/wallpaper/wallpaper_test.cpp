#include "display/wallpaper/wallpaper.h"

#include <gtest/gtest.h>

#include "libs/base/file.h"
#include "libs/testing/temporary_directory.h"

namespace oriel::display {
namespace {

TEST(Wallpaper, ReadsAPpm) {
  oriel::testing::TemporaryDirectory directory;
  auto const path = directory.file("a.ppm");
  ASSERT_TRUE(write_file(path, std::string("P6\n# made by hand\n2 1\n255\n") + "\x01\x02\x03\xff\x80\x00"));
  EXPECT_FALSE(Wallpaper::read(path));  // The zero byte ended the literal: five bytes of six.
  using namespace std::string_literals;
  ASSERT_TRUE(write_file(path, "P6\n# made by hand\n2 1\n255\n\x01\x02\x03\xff\x80\x00"s));
  auto const wallpaper = Wallpaper::read(path);
  ASSERT_TRUE(wallpaper);
  EXPECT_EQ(wallpaper->size, (Size{2, 1}));
  EXPECT_EQ(wallpaper->pixels, (std::vector<std::uint32_t>{0x010203, 0xff8000}));
  for (auto const& text :
       {"P5\n1 1\n255\nxxx"s, "P6\n0 1\n255\n"s, "P6\n1 1\n65535\nxxxxxx"s, "P6\n1"s, "P6 # no end"s}) {
    ASSERT_TRUE(write_file(path, text));
    EXPECT_FALSE(Wallpaper::read(path)) << text;
  }
}

TEST(Wallpaper, CoversAndKeepsItsMiddle) {
  // Left half red, right half blue: however it is cut, the border stays in the middle.
  Wallpaper wallpaper{{64, 32}, {}};
  for (std::uint32_t y = 0; y < 32; ++y)
    for (std::uint32_t x = 0; x < 64; ++x) wallpaper.pixels.push_back(x < 32 ? 0xff0000 : 0x0000ff);
  for (Size const size : {Size{64, 32}, Size{640, 320}, Size{100, 300}, Size{333, 17}, Size{16, 8}}) {
    auto const pixels = cover(wallpaper, size);
    ASSERT_EQ(pixels.size(), size.pixels());
    for (std::uint32_t y = 0; y < size.height; ++y) {
      EXPECT_EQ(pixels[static_cast<std::size_t>(y) * size.width], 0xff0000U) << size;
      EXPECT_EQ(pixels[static_cast<std::size_t>(y + 1) * size.width - 1], 0x0000ffU) << size;
    }
  }
}

TEST(Wallpaper, HasADarkGradientWithoutAFile) {
  auto const pixels = dark_gradient({10, 100});
  EXPECT_EQ(pixels.size(), 1000U);
  EXPECT_NE(pixels.front(), pixels.back());
  for (auto const pixel : pixels) EXPECT_LT(pixel & 0xff, 64U);
}

}  // namespace
}  // namespace oriel::display
