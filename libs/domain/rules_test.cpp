#include <gtest/gtest.h>

#include "libs/domain/session_expiry.h"
#include "libs/domain/session_limits.h"
#include "libs/domain/throttle.h"

namespace oriel::domain {
namespace {

using namespace std::chrono_literals;

TEST(Expiry, TheEarlierRuleWins) {
  auto const created = from_epoch_seconds(1'000'000);
  EXPECT_EQ(expires_at(created, created, {}), created + 3600s);
  EXPECT_EQ(expires_at(created, created + 600s, {}), created + 4200s);
  ExpiryRule const limited{3600s, 7200s};
  EXPECT_EQ(expires_at(created, created + 6000s, limited), created + 7200s);
}

TEST(Limits, TheGroupOfTheLowestPriorityNumberThatSpeaksWins) {
  EXPECT_EQ(session_limit({}), 5);
  GroupLimit const groups[] = {{100, 3, 60}, {1, std::nullopt, std::nullopt}, {50, 9, std::nullopt}};
  EXPECT_EQ(session_limit(groups), 9);
  EXPECT_EQ(keepalive_seconds(groups), 60);
  EXPECT_EQ(keepalive_seconds({}), 3600);
}

TEST(Limits, RefusesAtTheLimitAndSaysWhy) {
  EXPECT_TRUE(check_session_limit(4, 5, 4, std::nullopt).allowed);
  auto const full = check_session_limit(5, 5, 0, std::nullopt);
  EXPECT_FALSE(full.allowed);
  EXPECT_EQ(full.message,
            "You have 5 sessions and may have 5 at a time. End one of them, then start this one.");
  EXPECT_FALSE(check_session_limit(1, 5, 1, 1).allowed);
  EXPECT_FALSE(check_session_limit(0, 0, 0, std::nullopt).allowed);
}

TEST(Throttle, FiveAreFreeThenEachWaitsTwiceAsLongUpToTheLongest) {
  for (int failures = 0; failures < 5; ++failures)
    EXPECT_EQ(kAccountThrottle.delay_after(failures), 0s) << failures;
  EXPECT_EQ(kAccountThrottle.delay_after(5), 2s);
  EXPECT_EQ(kAccountThrottle.delay_after(6), 4s);
  EXPECT_EQ(kAccountThrottle.delay_after(11), 128s);
  EXPECT_EQ(kAccountThrottle.delay_after(13), 300s);
  EXPECT_EQ(kAccountThrottle.delay_after(1'000'000'000), 300s);
}

}  // namespace
}  // namespace oriel::domain
