#pragma once

/// Steps at which a test build (CMake preset `failpoints`) can be killed, fail or wait, by a file in the
/// directory that the environment names. In any other build the macros below are nothing, and no name of
/// failpoints.inc is in the program.

#if defined(ORIEL_FAILPOINTS)

#include <string>
#include <string_view>

#include "libs/async/async.h"
#include "libs/base/result.h"

namespace oriel {

enum class Failpoint {
#define X(identifier, name, phase) identifier,
#include "libs/async/failpoints.inc"
#undef X
};

/// `service.step`, which is also the name of the file that arms it.
[[nodiscard]] std::string_view text(Failpoint point);

/// The environment variable that names the directory of armed failpoints; unset: none is armed.
inline constexpr char kFailpointDirectory[] = "ORIEL_FAILPOINT_DIRECTORY";

/// Does what the file `<directory>/<name>` says, which goes by that, so that of several programs and sessions
/// one alone does it: `kill` ends this process as a crash would, `fail` answers kUnavailable (worth another
/// try), `refuse` answers kForbidden (not worth one), `wait` goes on once `<name>.reached` is removed, after
/// 60 s at the latest. `<name>.reached` is there from then on. Without a file: nothing. Any executor; the
/// loop turns while it waits.
[[nodiscard]] Async<Result<>> reach(Failpoint point);

}  // namespace oriel

/// In a coroutine that answers a Result: a failure is answered.
#define ORIEL_FAILPOINT(point)                                         \
  do {                                                                 \
    auto reached = co_await ::oriel::reach(::oriel::Failpoint::point); \
    if (!reached) co_return reached.error();                           \
  } while (false)
/// In a coroutine that answers none: killed or made to wait, nothing else.
#define ORIEL_FAILPOINT_PASSED(point) (void)co_await ::oriel::reach(::oriel::Failpoint::point)

#else

#define ORIEL_FAILPOINT(point) static_cast<void>(0)
#define ORIEL_FAILPOINT_PASSED(point) static_cast<void>(0)

#endif
