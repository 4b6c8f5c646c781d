#include "display/pacing/pacer.h"

#include <gtest/gtest.h>

namespace oriel::display {
namespace {

using namespace std::chrono_literals;
Pacer::Time const kStart{1h};

TEST(Pacer, AllowsTwoFramesInFlight) {
  Pacer pacer;
  EXPECT_TRUE(pacer.has_credit());
  pacer.frame_sent(1, 100, kStart);
  EXPECT_TRUE(pacer.has_credit());
  pacer.frame_sent(2, 100, kStart);
  EXPECT_FALSE(pacer.has_credit());
  EXPECT_TRUE(pacer.frame_acknowledged(1, kStart + 10ms));
  EXPECT_TRUE(pacer.has_credit());
  EXPECT_EQ(pacer.round_trip(), 10ms);
  EXPECT_EQ(pacer.bytes_in_flight(), 100U);
}

TEST(Pacer, BoundsBytesButLetsALargeFrameGoAlone) {
  Pacer pacer;
  pacer.frame_sent(1, 10U << 20, kStart);
  EXPECT_FALSE(pacer.has_credit());
  EXPECT_TRUE(pacer.frame_acknowledged(1, kStart + 1s));
  EXPECT_TRUE(pacer.has_credit());
}

TEST(Pacer, AnAcknowledgementCoversEarlierFrames) {
  Pacer pacer;
  pacer.frame_sent(5, 10, kStart);
  pacer.frame_sent(6, 10, kStart);
  EXPECT_TRUE(pacer.frame_acknowledged(6, kStart + 1ms));
  EXPECT_EQ(pacer.frames_in_flight(), 0U);
  EXPECT_EQ(pacer.bytes_in_flight(), 0U);
  EXPECT_TRUE(pacer.frame_acknowledged(5, kStart + 2ms));
}

TEST(Pacer, MeasuresWhatTheLinkCarries) {
  // 1 MB/s and 40 ms there and back; two frames in flight.
  Pacer pacer;
  EXPECT_EQ(pacer.frame_budget(), SIZE_MAX);
  auto now = kStart;
  pacer.frame_sent(1, 100, now);
  EXPECT_TRUE(pacer.frame_acknowledged(1, now + 40ms));
  EXPECT_EQ(pacer.frame_budget(), SIZE_MAX);  // Too small to say anything.
  now += 1s;
  auto link_free = now;
  std::uint32_t frame = 1;
  for (int round = 0; round < 50; ++round) {
    pacer.frame_sent(++frame, 50'000, now);
    link_free = std::max(link_free, now) + 50ms;
    now = link_free + 40ms;
    EXPECT_TRUE(pacer.frame_acknowledged(frame, now));
  }
  EXPECT_NEAR(static_cast<double>(pacer.frame_budget()), 25'000, 5'000);
}

TEST(Pacer, KeepsALeastFrameOnTheSlowestLink) {
  Pacer pacer;
  pacer.frame_sent(1, 10'000, kStart);
  EXPECT_TRUE(pacer.frame_acknowledged(1, kStart + 1ms));
  pacer.frame_sent(2, 10'000, kStart + 2ms);
  for (std::uint32_t frame = 3; frame < 60; ++frame) {
    EXPECT_TRUE(pacer.frame_acknowledged(frame - 1, kStart + std::chrono::seconds(frame)));
    pacer.frame_sent(frame, 10'000, kStart + std::chrono::seconds(frame));
  }
  EXPECT_EQ(pacer.frame_budget(), limits::kLeastFrameBytes);
}

TEST(Pacer, RefusesTheFuture) {
  Pacer pacer;
  EXPECT_FALSE(pacer.frame_acknowledged(1, kStart));
  pacer.frame_sent(1, 10, kStart);
  EXPECT_FALSE(pacer.frame_acknowledged(2, kStart));
  pacer.reset();
  EXPECT_FALSE(pacer.frame_acknowledged(1, kStart));
  EXPECT_TRUE(pacer.has_credit());
}

TEST(Pacer, SendsNothingToAHiddenPage) {
  Pacer pacer;
  pacer.set_visible(false);
  EXPECT_FALSE(pacer.has_credit());
  pacer.set_visible(true);
  EXPECT_TRUE(pacer.has_credit());
}

TEST(FrameClock, NeverHoldsTheFirstFrame) {
  FrameClock clock;
  EXPECT_LT(clock.next(), kStart);
  clock.captured(kStart);
  EXPECT_EQ(clock.next() - kStart, limits::kFrameInterval);
}

}  // namespace
}  // namespace oriel::display
