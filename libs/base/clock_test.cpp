#include "libs/base/clock.h"

#include <gtest/gtest.h>

namespace oriel {
namespace {

using namespace std::chrono_literals;

TEST(Rfc3339, AnOffsetDoesNotLeadOutOfTheYearsThatCanBeWritten) {
  EXPECT_TRUE(parse_rfc3339("9999-12-31T23:59:59Z"));
  EXPECT_FALSE(parse_rfc3339("9999-12-31T23:59:59-23:59"));
  EXPECT_FALSE(parse_rfc3339("9999-12-31T23:59:60Z"));
  EXPECT_FALSE(parse_rfc3339("0000-01-01T00:00:00+00:01"));
}

TEST(ClockTest, TimesAreWrittenAsTheStandardsSay) {
  auto const time = from_epoch_seconds(1605119595.239391);
  EXPECT_EQ(rfc3339(time), "2020-11-11T18:33:15.239Z");
  EXPECT_EQ(plain_datetime(time), "2020-11-11 18:33:15.239391");
  EXPECT_EQ(parse_plain_datetime("2020-11-11 18:33:15.239391"), time);
  EXPECT_EQ(rfc3339(from_epoch_seconds(-1)), "1969-12-31T23:59:59.000Z");
}

TEST(ClockTest, OffsetsAndFractionsAreRead) {
  auto const noon = parse_rfc3339("2026-11-24T12:00:00Z").value();
  EXPECT_EQ(parse_rfc3339("2026-11-24T14:30:00+02:30"), noon);
  EXPECT_EQ(parse_rfc3339("2026-11-24t07:00:00-05:00"), noon);
  EXPECT_EQ(parse_rfc3339("2026-11-24T12:00:00.5Z"), noon + 500ms);
  EXPECT_EQ(parse_rfc3339("2026-11-24T12:00:00.123456789Z"), noon + 123456us);
  EXPECT_TRUE(parse_rfc3339("2024-02-29T00:00:00Z").has_value());
}

TEST(ClockTest, WhatIsNoTimeIsRefused) {
  for (auto const* text :
       {"", "2026-11-24", "2026-11-24T12:00:00", "2026-02-30T12:00:00Z", "2026-13-01T12:00:00Z",
        "2026-11-24T24:00:00Z", "2026-11-24T12:00:00.Z", "2026-11-24T12:00:00.1234567890Z",
        "2026-11-24T12:00:00+2:00", "2026-11-24T12:00:00Z ", "2025-02-29T00:00:00Z"}) {
    EXPECT_FALSE(parse_rfc3339(text).has_value()) << text;
  }
}

TEST(ManualClockTest, OnlyTheTestMovesIt) {
  ManualClock clock;
  EXPECT_EQ(rfc3339(clock.now()), "2026-01-01T00:00:00.000Z");
  auto const before = clock.steady_now();
  clock.advance(90s);
  EXPECT_EQ(rfc3339(clock.now()), "2026-01-01T00:01:30.000Z");
  EXPECT_EQ(clock.steady_now() - before, 90s);
}

}  // namespace
}  // namespace oriel
