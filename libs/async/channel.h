#pragma once

#include <cstddef>
#include <deque>
#include <optional>
#include <utility>

#include "libs/async/async.h"
#include "libs/async/event.h"

namespace oriel {

/// A bounded queue between coroutines of one executor; must outlive those who wait in it.
template <typename T>
class Channel {
 public:
  Channel(Executor const& executor, std::size_t capacity)
      : capacity_(capacity), readable_(executor), writable_(executor) {}

  /// Waits for room. False: the channel is closed and the value is gone.
  [[nodiscard]] Async<bool> send(T value) {
    while (!closed_ && queue_.size() >= capacity_) co_await writable_.wait();
    co_return try_send(std::move(value));
  }

  /// False when full or closed.
  bool try_send(T value) {
    if (closed_ || queue_.size() >= capacity_) return false;
    queue_.push_back(std::move(value));
    readable_.notify();
    return true;
  }

  /// The next value; empty once closed and drained.
  [[nodiscard]] Async<std::optional<T>> receive() {
    while (!closed_ && queue_.empty()) co_await readable_.wait();
    co_return try_receive();
  }

  std::optional<T> try_receive() {
    if (queue_.empty()) return std::nullopt;
    std::optional<T> value(std::move(queue_.front()));
    queue_.pop_front();
    writable_.notify();
    return value;
  }

  /// No more sends; what is queued can still be received.
  void close() {
    closed_ = true;
    readable_.notify();
    writable_.notify();
  }

  [[nodiscard]] bool closed() const { return closed_; }
  [[nodiscard]] std::size_t size() const { return queue_.size(); }
  [[nodiscard]] std::size_t capacity() const { return capacity_; }

 private:
  std::size_t capacity_;
  std::deque<T> queue_;
  bool closed_ = false;
  Signal readable_;
  Signal writable_;
};

}  // namespace oriel
