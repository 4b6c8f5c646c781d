#include "libs/async/worker_pool.h"

#include <atomic>
#include <future>
#include <stdexcept>
#include <thread>

#include <gtest/gtest.h>

#include "libs/async/task_group.h"
#include "libs/testing/loop.h"

namespace oriel {
namespace {

Async<Result<std::thread::id>> where(WorkerPool& pool) {
  auto work = [] { return std::this_thread::get_id(); };
  auto result = co_await pool.run(work);
  co_return result;
}

TEST(WorkerPoolTest, WorkRunsOnAnotherThreadAndComesBack) {
  testing::Loop loop;
  WorkerPool pool("test", 1);
  auto const id = loop.run(where(pool));
  ASSERT_TRUE(id.has_value());
  EXPECT_NE(*id, std::this_thread::get_id());
}

Async<Result<int>> failing(WorkerPool& pool) {
  auto work = []() -> Result<int> { return fail(Code::kNotFound, "none"); };
  auto result = co_await pool.run(work);
  co_return result;
}

Async<Result<>> throwing(WorkerPool& pool) {
  auto work = [] { throw std::runtime_error("broken"); };
  auto result = co_await pool.run(work);
  co_return result;
}

TEST(WorkerPoolTest, ErrorsAndExceptionsComeBack) {
  testing::Loop loop;
  WorkerPool pool("test", 1);
  EXPECT_EQ(loop.run(failing(pool)).error().code, Code::kNotFound);
  EXPECT_THROW((void)loop.run(throwing(pool)), std::runtime_error);
}

Async<> block(WorkerPool& pool, std::shared_future<void> gate, std::atomic<int>& ran, int& refused) {
  auto work = [gate, &ran] {
    gate.wait();
    ++ran;
  };
  auto result = co_await pool.run(work);
  if (!result) ++refused;
}

TEST(WorkerPoolTest, AFullQueueRefusesAndCancellationWaitsForTheWork) {
  testing::Loop loop;
  std::promise<void> gate;
  std::shared_future<void> const opened(gate.get_future());
  std::atomic<int> ran = 0;
  int refused = 0;
  WorkerPool pool("test", 1, 2);
  TaskGroup group(loop.executor());
  group.spawn(block(pool, opened, ran, refused));
  loop.until([&] { return group.size() == 1 && pool.waiting() == 0; });
  for (int i = 0; i < 3; ++i) group.spawn(block(pool, opened, ran, refused));
  loop.until([&] { return refused >= 1; });
  group.cancel();
  loop.poll();
  EXPECT_GE(group.size(), 2u) << "cancelling must not abandon work that refers to its caller";
  gate.set_value();
  loop.run(group.wait());
  EXPECT_EQ(ran + refused, 4);
  EXPECT_GE(ran, 2);
}

}  // namespace
}  // namespace oriel
