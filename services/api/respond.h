#pragma once

#include <utility>

#include "libs/async/async.h"
#include "libs/base/result.h"
#include "libs/http/router.h"

namespace oriel::api {

namespace detail {
template <typename Routes>
Async<http::Response> answer(Routes* routes, Async<Result<http::Response>> (Routes::*method)(http::Request),
                             http::Request request) {
  auto const id = request.id;
  auto working = (routes->*method)(std::move(request));
  auto outcome = co_await std::move(working);
  if (!outcome) co_return http::problem(outcome.error(), id);
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
