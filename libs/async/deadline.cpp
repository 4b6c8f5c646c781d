#include "libs/async/deadline.h"

#include <cstdio>

#include "libs/async/first_of.h"
#include "libs/async/sleep.h"

namespace oriel {

namespace {

Async<> note_end(Async<> work, bool& ended) {
  co_await std::move(work);
  ended = true;
}

}  // namespace

namespace detail {

Async<bool> ends_within(Async<> work, std::chrono::steady_clock::duration limit) {
  bool ended = false;
  auto noted = note_end(std::move(work), ended);
  auto timer = sleep_for(limit);
  co_await first_of(std::move(noted), std::move(timer));
  co_return ended;
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
