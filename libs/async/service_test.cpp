#include "libs/async/service.h"

#include <csignal>
#include <stdexcept>
#include <thread>

#include <gtest/gtest.h>

#include "libs/async/sleep.h"

namespace oriel {
namespace {

using namespace std::chrono_literals;

Async<Result<>> until_signal(Service& service, bool& stopped) {
  ::raise(SIGTERM);
  co_await service.until_stop();
  stopped = true;
  co_return Result<>();
}

TEST(ServiceTest, SigtermResumesMainAndTheExitCodeIsZero) {
  bool stopped = false;
  EXPECT_EQ(run_service({.name = "test"}, [&](Service& service) { return until_signal(service, stopped); }),
            0);
  EXPECT_TRUE(stopped);
}

Async<Result<>> ask_to_stop(Service& service) {
  service.request_stop("the database is another's");
  co_await service.until_stop();
  co_return Result<>();
}

Async<Result<>> fails() { co_return fail(Code::kInvalid, "no configuration"); }

Async<Result<>> throws() {
  throw std::runtime_error("broken");
  co_return Result<>();
}

TEST(ServiceTest, FailuresGiveExitCodeOne) {
  EXPECT_EQ(run_service({.name = "test"}, [](Service& service) { return ask_to_stop(service); }), 1);
  EXPECT_EQ(run_service({.name = "test"}, [](Service&) { return fails(); }), 1);
  EXPECT_EQ(run_service({.name = "test"}, [](Service&) { return throws(); }), 1);
}

Async<Result<>> hang() {
  co_await sleep_for(1ms);
  std::this_thread::sleep_for(20s);
  co_return Result<>();
}

TEST(ServiceDeathTest, TheWatchdogAbortsALoopThatHangs) {
  GTEST_FLAG_SET(death_test_style, "threadsafe");
  EXPECT_DEATH((void)run_service({.name = "test", .watchdog = 1s}, [](Service&) { return hang(); }),
               "the loop has not turned");
}

Async<Result<>> never_stops(Service& service) {
  service.request_stop("test");
  co_await sleep_for(1h);
  co_return Result<>();
}

TEST(ServiceDeathTest, AServiceThatDoesNotStopIsEnded) {
  GTEST_FLAG_SET(death_test_style, "threadsafe");
  EXPECT_EXIT((void)run_service({.name = "test", .stop_grace = 1s},
                                [](Service& service) { return never_stops(service); }),
              ::testing::ExitedWithCode(1), "did not stop in time");
}

}  // namespace
}  // namespace oriel
