#include "libs/async/event.h"

#include <gtest/gtest.h>

#include "libs/async/task_group.h"
#include "libs/base/scope_exit.h"
#include "libs/testing/loop.h"

namespace oriel {
namespace {

Async<> wait_and_count(Event& event, int& woken) {
  co_await event.wait();
  ++woken;
}

Async<> wait_signal(Signal& signal, int& woken) {
  co_await signal.wait();
  ++woken;
}

TEST(EventTest, SettingWakesEveryWaiterAndLaterOnesDoNotWait) {
  testing::Loop loop;
  Event event(loop.executor());
  int woken = 0;
  loop.start(wait_and_count(event, woken));
  loop.start(wait_and_count(event, woken));
  loop.poll();
  EXPECT_EQ(woken, 0);
  event.set();
  loop.poll();
  EXPECT_EQ(woken, 2);
  loop.run(wait_and_count(event, woken));
  EXPECT_EQ(woken, 3);
}

TEST(EventTest, ResetRightAfterSetStillWakes) {
  testing::Loop loop;
  Event event(loop.executor());
  int woken = 0;
  loop.start(wait_and_count(event, woken));
  loop.poll();
  event.set();
  event.reset();
  loop.poll();
  EXPECT_EQ(woken, 1);
}

TEST(EventTest, ACancelledWaiterEndsWithoutTheEvent) {
  testing::Loop loop;
  Event event(loop.executor());
  int woken = 0;
  TaskGroup group(loop.executor());
  group.spawn(wait_and_count(event, woken));
  loop.poll();
  loop.run(group.stop());
  EXPECT_EQ(woken, 0);
}

TEST(SignalTest, NotifyWakesWhoWaitsNowAndNobodyLater) {
  testing::Loop loop;
  Signal signal(loop.executor());
  int woken = 0;
  signal.notify();
  TaskGroup group(loop.executor());
  group.spawn(wait_signal(signal, woken));
  loop.poll();
  EXPECT_EQ(woken, 0);
  signal.notify();
  loop.poll();
  EXPECT_EQ(woken, 1);
  loop.run(group.stop());
}

Async<> look_then_wait(Signal& signal, int& woken) {
  auto const seen = signal.count();
  signal.notify();  // As if it came between the look and the wait.
  co_await signal.wait_after(seen);
  ++woken;
}

TEST(SignalTest, WaitAfterLosesNothing) {
  testing::Loop loop;
  Signal signal(loop.executor());
  int woken = 0;
  loop.run(look_then_wait(signal, woken));
  EXPECT_EQ(woken, 1);
}

}  // namespace
}  // namespace oriel
