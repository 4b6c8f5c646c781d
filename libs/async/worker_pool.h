#pragma once

#include <cstddef>
#include <exception>
#include <functional>
#include <memory>
#include <optional>
#include <string>
#include <type_traits>
#include <utility>

#include "libs/async/async.h"
#include "libs/base/limits.h"
#include "libs/base/result.h"

namespace oriel {

/// Threads for work that would block the loop: password hashing, compression, files. Bounded on both sides.
class WorkerPool {
 public:
  explicit WorkerPool(std::string name, std::size_t threads = 2, std::size_t queue = limits::kWorkerQueue);
  /// Finishes what is queued, then joins the threads.
  ~WorkerPool();
  WorkerPool(WorkerPool const&) = delete;
  WorkerPool& operator=(WorkerPool const&) = delete;

  /// Runs `work()` on a worker and resumes with its value on the caller's executor; kUnavailable when the
  /// queue is full. Not abandoned by cancellation: what `work` refers to need only live until this resumes.
  /// `work` returning Result<U> gives Result<U>. What it throws is rethrown here.
  template <typename Work>
  [[nodiscard]] auto run(Work work);

  [[nodiscard]] std::size_t waiting() const;

 private:
  struct State;
  [[nodiscard]] Async<bool> run_erased(std::function<void()> work);

  std::shared_ptr<State> state_;
};

namespace detail {
template <typename T>
struct ResultOf {
  using Type = Result<T>;
};
template <typename T>
struct ResultOf<Result<T>> {
  using Type = Result<T>;
};
}  // namespace detail

template <typename Work>
auto WorkerPool::run(Work work) {
  using Value = std::invoke_result_t<Work&>;
  using Outcome = typename detail::ResultOf<Value>::Type;
  struct Call {
    static Async<Outcome> make(WorkerPool& pool, Work body) {
      std::optional<Outcome> outcome;
      std::exception_ptr failure;
      std::function<void()> step = [&outcome, &failure, &body] {
        try {
          if constexpr (std::is_void_v<Value>) {
            body();
            outcome.emplace();
          } else {
            outcome.emplace(body());
          }
        } catch (...) {
          failure = std::current_exception();
        }
      };
      bool const ran = co_await pool.run_erased(std::move(step));
      if (!ran) co_return fail(Code::kUnavailable, "too much work is waiting; try again shortly");
      if (failure) std::rethrow_exception(failure);
      co_return std::move(*outcome);
    }
  };
  return Call::make(*this, std::move(work));
}

}  // namespace oriel
