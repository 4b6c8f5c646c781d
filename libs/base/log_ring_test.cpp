#include "libs/base/log_ring.h"

#include <gtest/gtest.h>

#include "libs/base/log.h"

namespace oriel::log {
namespace {

TEST(LogRing, KeepsTheNewestNumberedWithoutGaps) {
  Ring ring(3, 8);
  EXPECT_TRUE(ring.after(0, 10).empty());
  for (auto const* line : {"one", "two", "three", "four", "longer than that"}) ring.add(line);
  auto const all = ring.after(0, 10);
  ASSERT_EQ(all.size(), 3U);
  EXPECT_EQ(all[0].number, 3U);
  EXPECT_EQ(all[0].text, "three");
  EXPECT_EQ(all[2].number, 5U);
  EXPECT_LE(all[2].text.size(), 8U);
  EXPECT_EQ(ring.after(3, 1).at(0).text, "four");
  EXPECT_TRUE(ring.after(5, 10).empty());
  EXPECT_TRUE(ring.after(99, 10).empty()) << "a number that this ring never gave";
}

TEST(LogRing, HoldsWhatIsWrittenAndNothingBelowTheLevel) {
  static Ring ring(10, 4096);
  keep_in(&ring);
  configure("test", Level::kWarning);
  info("not kept");
  warning("kept", {{"why", "a \"reason\""}});
  keep_in(nullptr);
  warning("not kept either");
  configure("test");
  auto const lines = ring.after(0, 10);
  ASSERT_EQ(lines.size(), 1U);
  EXPECT_NE(lines[0].text.find(R"("message":"kept","why":"a \"reason\""})"), std::string::npos)
      << lines[0].text;
}

}  // namespace
}  // namespace oriel::log
