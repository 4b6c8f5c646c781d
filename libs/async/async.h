#pragma once

#include <boost/asio/any_io_executor.hpp>
#include <boost/asio/awaitable.hpp>

namespace oriel {

/// A coroutine of ours. Fallible operations are Async<Result<T>>.
///
/// Cancellation is Asio's: a request, seen as a boost::system::system_error of operation_aborted thrown by
/// the innermost wait. Only task groups and deadlines ask for it and only they catch it.
template <typename T = void>
using Async = boost::asio::awaitable<T>;

/// The loop that an object lives on.
using Executor = boost::asio::any_io_executor;

}  // namespace oriel
