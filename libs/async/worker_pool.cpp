#include "libs/async/worker_pool.h"

#include <condition_variable>
#include <deque>
#include <mutex>
#include <thread>
#include <vector>

#include <boost/asio/any_completion_handler.hpp>
#include <boost/asio/async_result.hpp>
#include <boost/asio/execution/outstanding_work.hpp>
#include <boost/asio/post.hpp>
#include <boost/asio/prefer.hpp>
#include <boost/asio/this_coro.hpp>
#include <boost/asio/use_awaitable.hpp>
#include <pthread.h>

namespace oriel {

namespace net = boost::asio;

struct WorkerPool::State {
  struct Job {
    std::function<void()> work;
    net::any_completion_handler<void()> done;
    Executor executor;  // Tracks outstanding work: the loop does not run dry while a worker is busy.
  };

  /// Takes the job only when there is room.
  bool add(Job& job) {
    std::lock_guard const lock(mutex);
    if (queue.size() >= capacity) return false;
    queue.push_back(std::move(job));
    added.notify_one();
    return true;
  }

  void work() {
    for (;;) {
      std::unique_lock lock(mutex);
      added.wait(lock, [&] { return ending || !queue.empty(); });
      if (queue.empty()) return;
      auto job = std::move(queue.front());
      queue.pop_front();
      lock.unlock();
      job.work();
      // The work's own captures die here, before its caller goes on.
      job.work = nullptr;
      net::post(job.executor, std::move(job.done));
    }
  }

  std::mutex mutex;
  std::condition_variable added;
  std::deque<Job> queue;
  std::size_t capacity = 0;
  bool ending = false;
  std::vector<std::thread> threads;
};

WorkerPool::WorkerPool(std::string name, std::size_t threads, std::size_t queue)
    : state_(std::make_shared<State>()) {
  state_->capacity = queue;
  for (std::size_t i = 0; i < threads; ++i) {
    state_->threads.emplace_back([state = state_.get()] { state->work(); });
    pthread_setname_np(state_->threads.back().native_handle(), name.substr(0, 15).c_str());
  }
}

WorkerPool::~WorkerPool() {
  {
    std::lock_guard const lock(state_->mutex);
    state_->ending = true;
  }
  state_->added.notify_all();
  for (auto& thread : state_->threads) thread.join();
}

std::size_t WorkerPool::waiting() const {
  std::lock_guard const lock(state_->mutex);
  return state_->queue.size();
}

Async<bool> WorkerPool::run_erased(std::function<void()> work) {
  auto const executor = co_await net::this_coro::executor;
  Executor const tracked = net::prefer(executor, net::execution::outstanding_work.tracked);
  auto* const state = state_.get();
  bool accepted = true;
  auto start = [&](auto handler) {
    State::Job job{std::move(work), std::move(handler), tracked};
    accepted = state->add(job);
    if (accepted) return;
    net::post(job.executor, std::move(job.done));
  };
  auto waiting = net::async_initiate<net::use_awaitable_t<> const, void()>(start, net::use_awaitable);
  co_await std::move(waiting);
  co_return accepted;
}

}  // namespace oriel
