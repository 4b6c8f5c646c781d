#pragma once

#include <cstdint>

#include <boost/asio/steady_timer.hpp>

#include "libs/async/async.h"

namespace oriel {

/// A flag that coroutines wait for. Belongs to one executor; must outlive its waiters.
class Event {
 public:
  explicit Event(Executor const& executor);

  /// Wakes all who wait; later waits do not wait.
  void set();
  /// Waits wait again. Those already woken stay woken.
  void reset() { set_ = false; }
  [[nodiscard]] bool is_set() const { return set_; }

  /// Resumes once set.
  [[nodiscard]] Async<> wait();

 private:
  boost::asio::steady_timer timer_;
  std::uint64_t wakes_ = 0;
  bool set_ = false;
};

/// Wakes who waits now, and remembers nothing else: for "something changed, look again".
class Signal {
 public:
  explicit Signal(Executor const& executor);

  void notify();
  /// Resumes at the next notify() after this call.
  [[nodiscard]] Async<> wait();
  /// The number of notify() calls so far; pass it to wait_after() to lose none between looking and waiting.
  [[nodiscard]] std::uint64_t count() const { return count_; }
  [[nodiscard]] Async<> wait_after(std::uint64_t seen);

 private:
  boost::asio::steady_timer timer_;
  std::uint64_t count_ = 0;
};

}  // namespace oriel
