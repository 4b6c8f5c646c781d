#include "libs/async/task_group.h"

#include <cstdlib>
#include <list>
#include <utility>

#include <boost/asio/bind_cancellation_slot.hpp>
#include <boost/asio/cancellation_signal.hpp>
#include <boost/asio/co_spawn.hpp>
#include <boost/asio/error.hpp>
#include <boost/asio/post.hpp>
#include <boost/system/system_error.hpp>

#include "libs/async/event.h"
#include "libs/base/assert.h"
#include "libs/base/log.h"

namespace oriel {

namespace net = boost::asio;

namespace {

/// Empty for a cancellation, which is no failure.
std::string failure_text(std::exception_ptr const& failure) {
  try {
    std::rethrow_exception(failure);
  } catch (boost::system::system_error const& error) {
    if (error.code() == net::error::operation_aborted) return {};
    return error.what();
  } catch (std::exception const& error) {
    return error.what();
  } catch (...) {
    return "something that is no std::exception";
  }
}

}  // namespace

/// Shared with the completion handlers: the last of them may run after the group's owner has gone on.
struct TaskGroup::State {
  struct Task {
    std::string name;
    net::cancellation_signal signal;  // One per task: a slot holds one handler.
    bool begun = false;
    bool to_cancel = false;
  };

  State(Executor the_executor, ErrorHandler handler)
      : executor(std::move(the_executor)), on_error(std::move(handler)), emptied(executor) {}

  void cancel(Task& task) {
    // A task that has not begun would be thrown away before its first line, and with it what it
    // promised its waiters; it is let begin, and cancelled at its first wait.
    if (!task.begun) {
      task.to_cancel = true;
    } else {
      task.signal.emit(net::cancellation_type::terminal);
    }
  }

  void ended(std::list<Task>::iterator task, std::exception_ptr const& failure) {
    auto const name = std::move(task->name);
    // Asio queues a cancellation that is asked for from outside the running loop; such a one may still be on
    // its way to this task's signal. What is posted now comes after it.
    std::list<Task> past;
    past.splice(past.begin(), tasks, task);
    net::post(executor, [past = std::move(past)] {});
    if (failure) {
      auto const text = failure_text(failure);
      if (!text.empty()) {
        if (on_error) {
          on_error(name, failure);
        } else {
          log::error("a task failed", {{"task", name}, {"reason", text}});
        }
      }
    }
    if (tasks.empty()) emptied.notify();
  }

  Executor executor;
  ErrorHandler on_error;
  std::list<Task> tasks;
  Signal emptied;
  bool stopping = false;
};

TaskGroup::TaskGroup(Executor executor, ErrorHandler on_error)
    : state_(std::make_shared<State>(std::move(executor), std::move(on_error))) {}

TaskGroup::~TaskGroup() {
  ORIEL_ASSERT(state_->tasks.empty(), state_->tasks.size(), state_->tasks.front().name);
}

void TaskGroup::spawn(Async<> task, std::string name) {
  auto const state = state_;
  state->tasks.emplace_back();
  auto const entry = std::prev(state->tasks.end());
  entry->name = std::move(name);
  entry->to_cancel = state->stopping;
  // co_spawn on the loop's own thread would run the task inside this call, into an owner that is half way
  // through something.
  net::post(state->executor, [state, entry, work = std::move(task)]() mutable {
    net::co_spawn(
        state->executor, std::move(work),
        net::bind_cancellation_slot(entry->signal.slot(), [state, entry](std::exception_ptr failure) {
          state->ended(entry, failure);
        }));
    // The task may have ended inside co_spawn only by posting its completion: the entry is still there.
    entry->begun = true;
    if (entry->to_cancel) {
      entry->signal.emit(net::cancellation_type::terminal);
    }
  });
}

void TaskGroup::cancel() {
  // Cancelling may run handlers that end tasks, but their completion is posted: the list stays as it is.
  for (auto& task : state_->tasks) state_->cancel(task);
}

Async<> TaskGroup::stop() {
  auto const state = state_;
  state->stopping = true;
  for (auto& task : state->tasks) state->cancel(task);
  while (!state->tasks.empty()) co_await state->emptied.wait();
}

Async<> TaskGroup::wait() {
  auto const state = state_;
  while (!state->tasks.empty()) co_await state->emptied.wait();
}

std::size_t TaskGroup::size() const { return state_->tasks.size(); }
bool TaskGroup::stopping() const { return state_->stopping; }
Executor TaskGroup::executor() const { return state_->executor; }

TaskGroup::ErrorHandler end_the_process() {
  return [](std::string const& task, std::exception_ptr const& failure) {
    log::error("a task failed that the service cannot be without",
               {{"task", task}, {"reason", failure_text(failure)}});
    std::abort();
  };
}

}  // namespace oriel
