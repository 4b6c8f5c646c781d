#include "libs/async/failpoint.h"

#if defined(ORIEL_FAILPOINTS)

#include <csignal>
#include <cstdlib>
#include <filesystem>
#include <fstream>
#include <system_error>

#include "libs/async/sleep.h"
#include "libs/base/log.h"

namespace oriel {
namespace {

using namespace std::chrono_literals;

constexpr auto kLongestWait = 60s;
constexpr auto kBetweenLooks = 10ms;

}  // namespace

std::string_view text(Failpoint point) {
  switch (point) {
#define X(identifier, name, phase) \
  case Failpoint::identifier:      \
    return name;
#include "libs/async/failpoints.inc"
#undef X
  }
  return "";
}

Async<Result<>> reach(Failpoint point) {
  char const* directory = std::getenv(kFailpointDirectory);
  if (directory == nullptr) co_return Result<>();
  auto const armed = std::filesystem::path(directory) / text(point);
  auto const reached = armed.string() + ".reached";
  // Of all who come here one alone can rename it.
  std::error_code error;
  std::filesystem::rename(armed, reached, error);
  if (error) co_return Result<>();
  std::string action;
  std::ifstream(reached) >> action;
  log::warning("a failpoint was reached", {{"failpoint", text(point)}, {"action", action}});
  if (action == "kill") (void)::raise(SIGKILL);
  auto const words = "a test lets this fail at " + std::string(text(point));
  if (action == "fail") co_return fail(Code::kUnavailable, words);
  if (action == "refuse") co_return fail(Code::kForbidden, words);
  if (action == "wait") {
    auto const latest = std::chrono::steady_clock::now() + kLongestWait;
    while (std::filesystem::exists(reached, error) && std::chrono::steady_clock::now() < latest)
      co_await sleep_for(kBetweenLooks);
  }
  co_return Result<>();
}

}  // namespace oriel

#endif
