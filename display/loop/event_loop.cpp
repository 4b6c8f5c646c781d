#include "display/loop/event_loop.h"

#include <algorithm>
#include <array>
#include <cerrno>

#include <sys/timerfd.h>
#include <unistd.h>

#include "libs/base/assert.h"

namespace oriel::display {

EventLoop::EventLoop()
    : epoll_(epoll_create1(EPOLL_CLOEXEC)),
      timer_(timerfd_create(CLOCK_MONOTONIC, TFD_CLOEXEC | TFD_NONBLOCK)) {
  ORIEL_ASSERT(epoll_.is_open() && timer_.is_open(), errno);
  watch(timer_.get(), EPOLLIN, [this](std::uint32_t) {
    std::uint64_t expirations = 0;
    [[maybe_unused]] auto const got = read(timer_.get(), &expirations, sizeof expirations);
    armed_ = {};
  });
}

void EventLoop::watch(int descriptor, std::uint32_t events, ReadyHandler ready) {
  auto entry = std::make_shared<Watch>(Watch{descriptor, std::move(ready)});
  epoll_event event{};
  event.events = events;
  event.data.ptr = entry.get();
  int const failed = epoll_ctl(epoll_.get(), EPOLL_CTL_ADD, descriptor, &event);
  ORIEL_ASSERT(failed == 0, descriptor, errno);
  watches_[descriptor] = std::move(entry);
}

void EventLoop::change(int descriptor, std::uint32_t events) {
  auto const found = watches_.find(descriptor);
  if (found == watches_.end()) return;
  epoll_event event{};
  event.events = events;
  event.data.ptr = found->second.get();
  epoll_ctl(epoll_.get(), EPOLL_CTL_MOD, descriptor, &event);
}

void EventLoop::unwatch(int descriptor) {
  auto const found = watches_.find(descriptor);
  if (found == watches_.end()) return;
  epoll_ctl(epoll_.get(), EPOLL_CTL_DEL, descriptor, nullptr);
  found->second->live = false;
  retired_.push_back(std::move(found->second));
  watches_.erase(found);
}

EventLoop::TimerId EventLoop::at(Time when, std::function<void()> action) {
  TimerId const id = next_timer_++;
  timers_.emplace(std::pair(when, id), std::move(action));
  timer_times_.emplace(id, when);
  return id;
}

void EventLoop::cancel(TimerId id) {
  auto const found = timer_times_.find(id);
  if (found == timer_times_.end()) return;
  timers_.erase({found->second, id});
  timer_times_.erase(found);
}

void EventLoop::arm() {
  Time const wanted = timers_.empty() ? Time{} : timers_.begin()->first.first;
  if (wanted == armed_) return;
  itimerspec spec{};
  if (wanted != Time{}) {
    auto const since = std::max<std::int64_t>(1, std::chrono::nanoseconds(wanted.time_since_epoch()).count());
    spec.it_value.tv_sec = since / 1'000'000'000;
    spec.it_value.tv_nsec = since % 1'000'000'000;
  }
  timerfd_settime(timer_.get(), TFD_TIMER_ABSTIME, &spec, nullptr);
  armed_ = wanted;
}

void EventLoop::run_timers() {
  if (timers_.empty()) return;
  auto const now = steady_clock::now();
  // Only what was due at the start: an action that plans itself again for now waits for the next turn.
  TimerId const newest = next_timer_;
  while (!timers_.empty() && timers_.begin()->first.first <= now) {
    auto const first = timers_.begin();
    if (first->first.second >= newest) break;
    auto action = std::move(first->second);
    timer_times_.erase(first->first.second);
    timers_.erase(first);
    action();
  }
}

void EventLoop::run() {
  std::array<epoll_event, 32> events{};
  stopped_ = false;
  while (!stopped_) {
    arm();
    int const count =
        epoll_wait(epoll_.get(), events.data(), static_cast<int>(events.size()), has_idle_work_ ? 0 : -1);
    ++turns_;
    for (int index = 0; index < count; ++index) {
      auto* const entry = static_cast<Watch*>(events[static_cast<std::size_t>(index)].data.ptr);
      if (entry->live) entry->ready(events[static_cast<std::size_t>(index)].events);
    }
    retired_.clear();
    run_timers();
    if (has_idle_work_ && idle_work_) has_idle_work_ = idle_work_();
    if (before_sleep_) before_sleep_();
    retired_.clear();
  }
}

}  // namespace oriel::display
