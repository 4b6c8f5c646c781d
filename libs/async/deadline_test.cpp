#include "libs/async/deadline.h"

#include <stdexcept>

#include <gtest/gtest.h>

#include "libs/async/event.h"
#include "libs/async/sleep.h"
#include "libs/async/task_group.h"
#include "libs/base/scope_exit.h"
#include "libs/testing/loop.h"

namespace oriel {
namespace {

using namespace std::chrono_literals;

Async<Result<int>> answer_after(std::chrono::milliseconds wait, bool& ended) {
  ScopeExit const mark([&] { ended = true; });
  co_await sleep_for(wait);
  co_return 42;
}

Async<Result<int>> throw_at_once() {
  throw std::runtime_error("broken");
  co_return 1;
}

TEST(DeadlineTest, AnAnswerInTimeIsTheAnswer) {
  testing::Loop loop;
  bool ended = false;
  auto const result = loop.run(with_deadline(answer_after(1ms, ended), 5s, "ask"));
  ASSERT_TRUE(result.has_value());
  EXPECT_EQ(*result, 42);
}

TEST(DeadlineTest, TheWorkHasReallyEndedWhenTheDeadlinePassed) {
  testing::Loop loop;
  bool ended = false;
  auto const result = loop.run(with_deadline(answer_after(1h, ended), 10ms, "ask Docker"));
  ASSERT_FALSE(result.has_value());
  EXPECT_EQ(result.error().code, Code::kTimeout);
  EXPECT_EQ(result.error().message, "ask Docker: no answer within 0.01 s");
  EXPECT_TRUE(ended);
}

TEST(DeadlineTest, AnExceptionComesOutAtOnce) {
  testing::Loop loop;
  auto const begin = std::chrono::steady_clock::now();
  EXPECT_THROW((void)loop.run(with_deadline(throw_at_once(), 5s, "ask")), std::runtime_error);
  EXPECT_LT(std::chrono::steady_clock::now() - begin, 2s);
}

Async<> outer(bool& ended, bool& went_on) {
  auto result = co_await with_deadline(answer_after(1h, ended), 1h, "ask");
  (void)result;
  went_on = true;
}

TEST(DeadlineTest, CancellingTheCallerIsNotADeadline) {
  testing::Loop loop;
  TaskGroup group(loop.executor());
  bool ended = false, went_on = false;
  group.spawn(outer(ended, went_on));
  loop.poll();
  loop.run(group.stop());
  EXPECT_TRUE(ended);
  EXPECT_FALSE(went_on);
}

Async<> wait_event(Event& event) { co_await event.wait(); }

TEST(DeadlineTest, WorkWithoutAResultWorksToo) {
  testing::Loop loop;
  Event event(loop.executor());
  auto const late = loop.run(with_deadline(wait_event(event), 5ms, "wait"));
  EXPECT_EQ(late.error().code, Code::kTimeout);
  event.set();
  EXPECT_TRUE(loop.run(with_deadline(wait_event(event), 5s, "wait")).has_value());
}

}  // namespace
}  // namespace oriel
