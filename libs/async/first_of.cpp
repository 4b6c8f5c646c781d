#include "libs/async/first_of.h"

#include <exception>

#include <boost/asio/error.hpp>
#include <boost/asio/experimental/awaitable_operators.hpp>
#include <boost/asio/this_coro.hpp>
#include <boost/system/system_error.hpp>

namespace oriel {

namespace net = boost::asio;

namespace {

/// Always "succeeds": `||` goes on waiting when one side throws, and its exception is wanted at once.
Async<> contain(Async<> work, std::exception_ptr& failure) {
  try {
    co_await std::move(work);
  } catch (...) {
    failure = std::current_exception();
  }
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

Async<std::size_t> first_of(Async<> first, Async<> second) {
  using namespace net::experimental::awaitable_operators;
  std::exception_ptr failures[2];
  auto race = contain(std::move(first), failures[0]) || contain(std::move(second), failures[1]);
  auto const won = co_await std::move(race);
  auto const state = co_await net::this_coro::cancellation_state;
  if (state.cancelled() != net::cancellation_type::none) {
    // The caller itself is being cancelled.
    throw boost::system::system_error(net::error::operation_aborted);
  }
  auto const winner = won.index();
  if (failures[winner]) std::rethrow_exception(failures[winner]);
  auto const& lost = failures[1 - winner];
  if (lost && !is_cancellation(lost)) std::rethrow_exception(lost);
  co_return winner;
}

}  // namespace oriel
