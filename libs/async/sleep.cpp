#include "libs/async/sleep.h"

#include <boost/asio/post.hpp>
#include <boost/asio/steady_timer.hpp>
#include <boost/asio/this_coro.hpp>
#include <boost/asio/use_awaitable.hpp>

namespace oriel {

namespace net = boost::asio;

Async<> sleep_for(std::chrono::steady_clock::duration duration) {
  auto const executor = co_await net::this_coro::executor;
  net::steady_timer timer(executor, duration);
  co_await timer.async_wait(net::use_awaitable);
}

Async<> sleep_until(std::chrono::steady_clock::time_point when) {
  auto const executor = co_await net::this_coro::executor;
  net::steady_timer timer(executor, when);
  co_await timer.async_wait(net::use_awaitable);
}

Async<> yield_now() {
  auto const executor = co_await net::this_coro::executor;
  co_await net::post(executor, net::use_awaitable);
}

}  // namespace oriel
