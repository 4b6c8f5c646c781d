#pragma once

#include <chrono>
#include <optional>
#include <string>
#include <utility>

#include "libs/async/async.h"
#include "libs/base/result.h"

namespace oriel {

namespace detail {
/// True when `work` ended first; false when it was cancelled by the deadline. Rethrows what work threw.
[[nodiscard]] Async<bool> ends_within(Async<> work, std::chrono::steady_clock::duration limit);
[[nodiscard]] Error deadline_passed(std::string const& what, std::chrono::steady_clock::duration limit);

template <typename T>
Async<> keep(Async<T> work, std::optional<T>& into) {
  auto value = co_await std::move(work);
  into.emplace(std::move(value));
}
}  // namespace detail

/// The result of `work`, or kTimeout `what: no answer within 5 s`.
///
/// At the deadline the work is cancelled and awaited: it has really ended when this returns, so a step that
/// ignores cancellation makes its deadline late. A result that arrives together with the deadline is kept.
template <typename T>
[[nodiscard]] Async<Result<T>> with_deadline(Async<Result<T>> work, std::chrono::steady_clock::duration limit,
                                             std::string what) {
  std::optional<Result<T>> outcome;
  auto kept = detail::keep(std::move(work), outcome);
  bool const in_time = co_await detail::ends_within(std::move(kept), limit);
  if (outcome) co_return std::move(*outcome);
  (void)in_time;
  co_return detail::deadline_passed(what, limit);
}

/// The same for work without a result: kTimeout when it did not end in time.
[[nodiscard]] Async<Result<>> with_deadline(Async<> work, std::chrono::steady_clock::duration limit,
                                            std::string what);

}  // namespace oriel
