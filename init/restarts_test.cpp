#include "init/restarts.h"

#include <gtest/gtest.h>

#include "init/limits.h"

namespace oriel::init {
namespace {

TEST(Restarts, WaitLongerEachTimeUpToABoundAndForgetAfterASteadyRun) {
  Restarts restarts;
  Restarts::Time now{};
  std::vector<std::chrono::milliseconds> waits;
  for (int i = 0; i < 9; ++i) {
    restarts.started(now);
    auto const again = restarts.ended(now);
    waits.push_back(std::chrono::duration_cast<std::chrono::milliseconds>(again - now));
    now = again;
  }
  using namespace std::chrono_literals;
  EXPECT_EQ(waits, (std::vector<std::chrono::milliseconds>{0ms, 100ms, 200ms, 400ms, 800ms, 1600ms, 3200ms,
                                                           5000ms, 5000ms}));
  EXPECT_EQ(restarts.in_a_row(), 9);
  restarts.started(now);
  EXPECT_EQ(restarts.ended(now + limits::kSteady), now + limits::kSteady);
  EXPECT_EQ(restarts.in_a_row(), 1);
}

}  // namespace
}  // namespace oriel::init
