#pragma once

#include <chrono>
#include <functional>
#include <memory>
#include <string>

#include "libs/async/async.h"
#include "libs/base/limits.h"
#include "libs/base/result.h"

namespace oriel {

struct ServiceOptions {
  std::string name;  ///< as in the log and in `oriel status`
  std::chrono::seconds watchdog =
      limits::kWatchdog;  ///< the loop must turn at least so often; 0 = no watchdog
  std::chrono::seconds stop_grace =
      limits::kStopGrace;  ///< from the wish to stop until the process is ended hard
};

/// The running process, as its main coroutine sees it.
class Service {
 public:
  virtual ~Service() = default;
  [[nodiscard]] virtual Executor executor() const = 0;
  /// Resumes at SIGTERM, SIGINT or request_stop().
  [[nodiscard]] virtual Async<> until_stop() = 0;
  [[nodiscard]] virtual bool stopping() const = 0;
  /// Ends the process as SIGTERM would, with exit code 1: for a part that cannot go on.
  virtual void request_stop(std::string reason) = 0;
};

/// Runs a service: one loop on this thread, signals, and a watchdog thread that aborts the process when the
/// loop has not turned for `watchdog` (Docker then restarts it). `main` constructs the parts, awaits
/// until_stop(), stops them in reverse, and returns; an Error or exception from it is logged and gives exit
/// code 1. SIGPIPE is ignored.
///
///     return run_service({.name = "oriel-api"}, [&](Service& service) { return run(service, options); });
[[nodiscard]] int run_service(ServiceOptions options, std::function<Async<Result<>>(Service&)> main);

}  // namespace oriel
