#pragma once

#include <utility>

#include "libs/async/async.h"
#include "libs/base/result.h"
#include "libs/http/router.h"

namespace oriel::api {

/// A failure of what only reads. When that timed out nothing has changed: the other side counts as away, and
/// asking again is right.
inline Error of_a_read(Error error) {
  if (error.code == Code::kTimeout) error.code = Code::kUnavailable;
  return error;
}

namespace detail {
template <typename Routes>
Async<http::Response> answer(Routes* routes, Async<Result<http::Response>> (Routes::*method)(http::Request),
                             http::Request request) {
  auto const id = request.id;
  bool const reads = request.method == "GET" || request.method == "HEAD";
  auto working = (routes->*method)(std::move(request));
  auto outcome = co_await std::move(working);
  if (!outcome) co_return http::problem(reads ? of_a_read(outcome.error()) : outcome.error(), id);
  co_return std::move(*outcome);
}
}  // namespace detail

/// A member function as a route's handler; its Error becomes the problem that the web API's contract
/// describes.
template <typename Routes>
[[nodiscard]] http::Handler answering(Routes* routes,
                                      Async<Result<http::Response>> (Routes::*method)(http::Request)) {
  return
      [routes, method](http::Request request) { return detail::answer(routes, method, std::move(request)); };
}

}  // namespace oriel::api
