#pragma once

#include <chrono>
#include <cstdint>
#include <functional>
#include <map>
#include <memory>
#include <unordered_map>
#include <vector>

#include <sys/epoll.h>

#include "libs/base/file_descriptor.h"

namespace oriel::display {

using Time = std::chrono::steady_clock::time_point;
using std::chrono::steady_clock;

/// One epoll and one timer: everything in the display server happens on this loop's thread, and a loop with
/// nothing to do sleeps without a timeout.
class EventLoop {
 public:
  using ReadyHandler = std::function<void(std::uint32_t events)>;
  using TimerId = std::uint64_t;

  EventLoop();
  EventLoop(EventLoop const&) = delete;
  EventLoop& operator=(EventLoop const&) = delete;

  /// Calls `ready` when `descriptor` has one of `events` (EPOLLIN, EPOLLOUT). Not owned; unwatch before it is
  /// closed.
  void watch(int descriptor, std::uint32_t events, ReadyHandler ready);
  /// Changes the events of a watched descriptor.
  void change(int descriptor, std::uint32_t events);
  void unwatch(int descriptor);

  /// Calls `action` once, at `when` or as soon after it as the loop is free. Never calls it from within `at`.
  TimerId at(Time when, std::function<void()> action);
  TimerId after(std::chrono::nanoseconds delay, std::function<void()> action) {
    return at(steady_clock::now() + delay, std::move(action));
  }
  /// Harmless for a timer that ran or was cancelled, and for 0.
  void cancel(TimerId id);

  /// Work that is done in slices between looks at the descriptors. `more` runs once per turn of the loop
  /// until it answers false.
  void set_idle_work(std::function<bool()> more) { idle_work_ = std::move(more); }
  /// Runs at the end of each turn, before the loop may sleep.
  void set_before_sleep(std::function<void()> action) { before_sleep_ = std::move(action); }
  /// There is idle work again.
  void wake_idle_work() { has_idle_work_ = true; }

  /// Runs until stop().
  void run();
  /// Ends run() after the present turn.
  void stop() { stopped_ = true; }
  /// Turns of the loop so far; a test counts the wake-ups of an idle server by it.
  [[nodiscard]] std::uint64_t turns() const { return turns_; }

 private:
  void arm();
  void run_timers();

  FileDescriptor epoll_;
  FileDescriptor timer_;
  // Handlers are shared, so that one which unwatches itself (or another of the same batch) stays alive until
  // its call returns.
  struct Watch {
    int descriptor;
    ReadyHandler ready;
    bool live = true;
  };
  std::unordered_map<int, std::shared_ptr<Watch>> watches_;
  std::map<std::pair<Time, TimerId>, std::function<void()>> timers_;
  std::unordered_map<TimerId, Time> timer_times_;
  TimerId next_timer_ = 1;
  Time armed_{};
  std::function<bool()> idle_work_;
  std::function<void()> before_sleep_;
  std::vector<std::shared_ptr<Watch>> retired_;
  bool has_idle_work_ = false;
  bool stopped_ = false;
  std::uint64_t turns_ = 0;
};

}  // namespace oriel::display
