#include "libs/async/event.h"

#include <boost/asio/as_tuple.hpp>
#include <boost/asio/use_awaitable.hpp>

namespace oriel {

namespace net = boost::asio;

// A timer that never fires: waiting for it is waiting for its cancel(). A cancelled coroutine sees the same
// error code as a woken one; the next co_await in it throws then, so the loops below tell the two apart by
// asking again.

Event::Event(Executor const& executor) : timer_(executor, net::steady_timer::time_point::max()) {}

void Event::set() {
  set_ = true;
  ++wakes_;
  timer_.cancel();
}

Async<> Event::wait() {
  auto const seen = wakes_;
  while (!set_ && wakes_ == seen) co_await timer_.async_wait(net::as_tuple(net::use_awaitable));
}

Signal::Signal(Executor const& executor) : timer_(executor, net::steady_timer::time_point::max()) {}

void Signal::notify() {
  ++count_;
  timer_.cancel();
}

Async<> Signal::wait() {
  auto const seen = count_;
  co_await wait_after(seen);
}

Async<> Signal::wait_after(std::uint64_t seen) {
  while (count_ == seen) co_await timer_.async_wait(net::as_tuple(net::use_awaitable));
}

}  // namespace oriel
