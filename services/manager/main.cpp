// oriel-manager makes the installation's wishes real through its agents. Where to read on:
//   options.h        configuration and secrets       leadership.h     which of several managers leads
//   enrolment.h      token → certificate; hello      agent_channel.h  one connected agent
//   desired_state.h  rows → what agents are told     observation.h    what agents say → rows
//   reconciler.h     placement, ends, deadlines      manager.h        all of it, wired
#include <utility>

#include "libs/async/service.h"
#include "libs/async/service_arguments.h"
#include "libs/base/log.h"
#include "services/manager/manager.h"
#include "services/manager/options.h"

namespace {

oriel::Async<oriel::Result<>> run(oriel::Service& service, oriel::manager::Options options) {
  oriel::manager::Manager manager(service.executor(), std::move(options));
  auto started = manager.start();
  if (started) co_await service.until_stop();
  co_await manager.stop();
  co_return started;
}

}  // namespace

int main(int argc, char** argv) {
  oriel::ServiceArguments arguments("oriel-manager",
                                    "Agents check in here; it places, expires and repairs sessions.");
  if (auto const ended = arguments.read(argc, argv)) return *ended;
  auto options = oriel::manager::read_options(arguments.config());
  if (!options) {
    oriel::log::error("cannot start", {{"error", options.error()}});
    return 1;
  }
  return oriel::run_service({.name = "oriel-manager"},
                            [&](oriel::Service& service) { return run(service, *options); });
}
