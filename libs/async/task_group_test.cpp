#include "libs/async/task_group.h"

#include <stdexcept>

#include <gtest/gtest.h>

#include "libs/async/event.h"
#include "libs/async/sleep.h"
#include "libs/base/scope_exit.h"
#include "libs/testing/loop.h"

namespace oriel {
namespace {

using namespace std::chrono_literals;

Async<> sleep_long(bool& ended) {
  ScopeExit const mark([&] { ended = true; });
  co_await sleep_for(1h);
}

Async<> note(int& counter) {
  ++counter;
  co_return;
}

Async<> throw_something() {
  co_await sleep_for(1ms);
  throw std::runtime_error("broken");
}

TEST(TaskGroupTest, ATaskNeverStartsInsideSpawn) {
  testing::Loop loop;
  TaskGroup group(loop.executor());
  int counter = 0;
  group.spawn(note(counter));
  EXPECT_EQ(counter, 0);
  loop.poll();
  EXPECT_EQ(counter, 1);
  EXPECT_EQ(group.size(), 0u);
}

TEST(TaskGroupTest, StopCancelsAndWaitsForEveryTask) {
  testing::Loop loop;
  TaskGroup group(loop.executor());
  bool first = false, second = false;
  group.spawn(sleep_long(first));
  loop.poll();
  group.spawn(sleep_long(second));
  loop.run(group.stop());
  EXPECT_TRUE(first);
  EXPECT_TRUE(second) << "a task that had not begun must begin, or what it promised is never kept";
  EXPECT_EQ(group.size(), 0u);
}

TEST(TaskGroupTest, ATaskSpawnedAfterStopIsCancelledAtItsFirstWait) {
  testing::Loop loop;
  TaskGroup group(loop.executor());
  loop.run(group.stop());
  bool ended = false;
  group.spawn(sleep_long(ended));
  loop.until([&] { return group.size() == 0; });
  EXPECT_TRUE(ended);
}

TEST(TaskGroupTest, AFailureReachesTheHandlerWithItsName) {
  testing::Loop loop;
  std::string seen;
  TaskGroup group(loop.executor(), [&](std::string const& task, std::exception_ptr) { seen = task; });
  group.spawn(throw_something(), "breaking");
  loop.run(group.wait());
  EXPECT_EQ(seen, "breaking");
}

TEST(TaskGroupTest, CancellationIsNoFailure) {
  testing::Loop loop;
  bool failed = false, ended = false;
  TaskGroup group(loop.executor(), [&](std::string const&, std::exception_ptr) { failed = true; });
  group.spawn(sleep_long(ended));
  loop.poll();
  loop.run(group.stop());
  EXPECT_FALSE(failed);
}

Async<> spawn_more(TaskGroup& group, int left, int& counter) {
  ++counter;
  if (left > 0) group.spawn(spawn_more(group, left - 1, counter));
  co_await yield_now();
}

TEST(TaskGroupTest, TasksMaySpawnTasks) {
  testing::Loop loop;
  TaskGroup group(loop.executor());
  int counter = 0;
  group.spawn(spawn_more(group, 50, counter));
  loop.run(group.wait());
  EXPECT_EQ(counter, 51);
}

TEST(TaskGroupDeathTest, ADestructorWithTasksIsABug) {
  EXPECT_DEATH(
      {
        testing::Loop loop;
        bool ended = false;
        TaskGroup group(loop.executor());
        group.spawn(sleep_long(ended));
      },
      "assertion failed");
}

}  // namespace
}  // namespace oriel
