#include "libs/async/deadline.h"

#include <cstdio>
#include <exception>

#include <boost/asio/error.hpp>
#include <boost/asio/experimental/awaitable_operators.hpp>
#include <boost/asio/steady_timer.hpp>
#include <boost/asio/this_coro.hpp>
#include <boost/asio/use_awaitable.hpp>
#include <boost/system/system_error.hpp>

namespace oriel {

namespace net = boost::asio;

namespace {

struct Ending {
  std::exception_ptr failure;
  bool ended = false;
};

/// Always "succeeds": `||` goes on waiting when one side throws, and we want its exception at once.
Async<> contain(Async<> work, Ending& ending) {
  try {
    co_await std::move(work);
  } catch (...) {
    ending.failure = std::current_exception();
  }
  ending.ended = true;
}

bool is_cancellation(std::exception_ptr const& failure) {
  try {
    std::rethrow_exception(failure);
  } catch (boost::system::system_error const& error) {
    return error.code() == net::error::operation_aborted;
  } catch (...) {
    return false;
  }
}

}  // namespace

namespace detail {

Async<bool> ends_within(Async<> work, std::chrono::steady_clock::duration limit) {
  using namespace net::experimental::awaitable_operators;
  auto const executor = co_await net::this_coro::executor;
  net::steady_timer timer(executor, limit);
  Ending ending;
  auto race = contain(std::move(work), ending) || timer.async_wait(net::use_awaitable);
  auto const first = co_await std::move(race);
  auto const state = co_await net::this_coro::cancellation_state;
  if (state.cancelled() != net::cancellation_type::none) {
    // The caller itself is being cancelled, which is not our deadline's doing.
    throw boost::system::system_error(net::error::operation_aborted);
  }
  bool const by_deadline = first.index() == 1;
  if (ending.failure) {
    if (!by_deadline || !is_cancellation(ending.failure)) std::rethrow_exception(ending.failure);
    co_return false;
  }
  co_return ending.ended;
}

Error deadline_passed(std::string const& what, std::chrono::steady_clock::duration limit) {
  auto const seconds = std::chrono::duration<double>(limit).count();
  char text[32];
  std::snprintf(text, sizeof text, "%.3g", seconds);
  return fail(Code::kTimeout, what + ": no answer within " + text + " s");
}

}  // namespace detail

Async<Result<>> with_deadline(Async<> work, std::chrono::steady_clock::duration limit, std::string what) {
  bool const in_time = co_await detail::ends_within(std::move(work), limit);
  if (!in_time) co_return detail::deadline_passed(what, limit);
  co_return Result<>();
}

}  // namespace oriel
