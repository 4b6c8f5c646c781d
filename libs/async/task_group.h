#pragma once

#include <cstddef>
#include <exception>
#include <functional>
#include <memory>
#include <string>

#include "libs/async/async.h"

namespace oriel {

/// Owns background coroutines: none outlives it, none fails silently.
///
/// Belongs to one executor. The owner awaits stop() before destruction; the destructor asserts that it is
/// empty.
class TaskGroup {
 public:
  /// Gets what escaped from a task, cancellation excepted. Default: an error line in the log.
  using ErrorHandler = std::function<void(std::string const& task, std::exception_ptr failure)>;

  explicit TaskGroup(Executor executor, ErrorHandler on_error = {});
  ~TaskGroup();
  TaskGroup(TaskGroup const&) = delete;
  TaskGroup& operator=(TaskGroup const&) = delete;

  /// Starts a task from the loop, never inside this call. Every task begins; one that was spawned before or
  /// during stop() is cancelled at its first wait. `name` appears in the log.
  void spawn(Async<> task, std::string name = "task");

  /// Asks every task to end and resumes when all have. May be called again; never from one of its own tasks.
  [[nodiscard]] Async<> stop();

  /// Asks every task to end, without waiting.
  void cancel();

  /// Resumes when the group is empty, without asking anybody to end.
  [[nodiscard]] Async<> wait();

  [[nodiscard]] std::size_t size() const;
  [[nodiscard]] bool stopping() const;
  [[nodiscard]] Executor executor() const;

 private:
  struct State;
  std::shared_ptr<State> state_;
};

/// For tasks that a service is nothing without: a failure ends the process, which is started anew, instead of
/// leaving it up and dead inside.
[[nodiscard]] TaskGroup::ErrorHandler end_the_process();

}  // namespace oriel
