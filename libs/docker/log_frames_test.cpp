#include "libs/docker/log_frames.h"

#include <gtest/gtest.h>

namespace oriel::docker {
namespace {

std::string frame(char stream, std::string_view text) {
  std::string bytes{
      stream, 0, 0, 0, 0, 0, static_cast<char>(text.size() >> 8), static_cast<char>(text.size() & 255)};
  return bytes + std::string(text);
}

TEST(LogFramesTest, FramesAreTakenApartWhereverTheyAreCut) {
  auto const bytes = frame(1, "out\n") + frame(2, "err\n") + frame(1, "") + frame(1, std::string(300, 'x'));
  LogFrames whole(10'000);
  whole.feed(bytes);
  EXPECT_EQ(whole.text(), "out\nerr\n" + std::string(300, 'x'));
  LogFrames trickled(10'000);
  for (char const c : bytes) trickled.feed({&c, 1});
  EXPECT_EQ(trickled.text(), whole.text());
}

TEST(LogFramesTest, ATerminalsOutputIsTakenAsItIs) {
  LogFrames frames(1000);
  frames.feed("hello ");
  frames.feed("world\n");
  EXPECT_EQ(frames.text(), "hello world\n");
}

TEST(LogFramesTest, KeepsWholeLinesFromTheEnd) {
  LogFrames frames(100);
  for (int i = 0; i < 100; ++i) frames.feed(frame(1, "line " + std::to_string(i) + "\n"));
  auto const text = frames.text();
  EXPECT_LE(text.size(), 100u);
  EXPECT_TRUE(text.starts_with("line ")) << text;
  EXPECT_TRUE(text.ends_with("line 99\n")) << text;
}

TEST(LogFramesTest, BadUtf8IsReplaced) {
  LogFrames frames(100);
  frames.feed(frame(1,
                    "a\xff"
                    "b"));
  EXPECT_EQ(frames.text(),
            "a\xef\xbf\xbd"
            "b");
}

}  // namespace
}  // namespace oriel::docker
