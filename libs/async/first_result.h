#pragma once

#include <optional>
#include <utility>

#include "libs/async/deadline.h"
#include "libs/async/first_of.h"
#include "libs/base/result.h"

namespace oriel {

/// first_of() for work with a result: the other is cancelled and awaited; gives the result of the one that
/// ended first.
[[nodiscard]] inline Async<Result<>> first_result(Async<Result<>> left, Async<Result<>> right) {
  std::optional<Result<>> left_outcome;
  std::optional<Result<>> right_outcome;
  auto left_kept = detail::keep(std::move(left), left_outcome);
  auto right_kept = detail::keep(std::move(right), right_outcome);
  auto const first = co_await first_of(std::move(left_kept), std::move(right_kept));
  co_return first == 0 ? std::move(*left_outcome) : std::move(*right_outcome);
}

}  // namespace oriel
