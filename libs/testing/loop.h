#pragma once

#include <chrono>
#include <exception>
#include <functional>
#include <optional>
#include <stdexcept>
#include <utility>

#include <boost/asio/io_context.hpp>

#include "libs/async/async.h"

namespace oriel::testing {

/// A loop that a test owns and turns.
class Loop {
 public:
  Loop();
  ~Loop();

  [[nodiscard]] Executor executor();
  [[nodiscard]] boost::asio::io_context& context() { return context_; }

  /// Runs the coroutine to its end and gives its value; what it throws is thrown here. Fails with
  /// std::runtime_error after the limit.
  template <typename T>
  T run(Async<T> work, std::chrono::milliseconds limit = std::chrono::seconds(30));

  /// Starts it and returns at once; turn the loop to see it go on. What it throws is thrown by the next turn.
  void start(Async<> work);

  /// Runs everything that is ready, without waiting.
  void poll();
  /// Turns the loop until the condition holds; std::runtime_error after the limit.
  void until(std::function<bool()> const& condition,
             std::chrono::milliseconds limit = std::chrono::seconds(10));
  /// Turns the loop for so long.
  void run_for(std::chrono::milliseconds duration);

 private:
  template <typename T>
  static Async<> keep(Async<T> work, std::optional<T>& into) {
    auto value = co_await std::move(work);
    into.emplace(std::move(value));
  }
  void run_void(Async<> work, std::chrono::milliseconds limit);

  boost::asio::io_context context_{1};
};

template <typename T>
T Loop::run(Async<T> work, std::chrono::milliseconds limit) {
  if constexpr (std::is_void_v<T>) {
    run_void(std::move(work), limit);
  } else {
    std::optional<T> value;
    run_void(keep(std::move(work), value), limit);
    return std::move(*value);
  }
}

}  // namespace oriel::testing
