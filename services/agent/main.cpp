// oriel-agent makes the sessions that the manager wants real on this host. Where to read on:
//   options.h          configuration                 identity.h        key, certificate, enrolment
//   manager_channel.h  the outbound channel          sessions.h        all sessions, the broker's news
//   session_keeper.h   one session, step by step     control_server.h  its control and stream sockets
//   images.h           images wanted and here        host_resources.h  what heartbeats say of the host
//   broker_client.h    protocol/broker, typed        agent.h           all of it, wired
#include <string>
#include <utility>

#include "libs/async/service.h"
#include "libs/async/service_arguments.h"
#include "libs/base/clock.h"
#include "libs/base/limits.h"
#include "libs/base/log.h"
#include "libs/base/log_ring.h"
#include "services/agent/agent.h"
#include "services/agent/options.h"

namespace {

oriel::Async<oriel::Result<>> run(oriel::Service& service, oriel::agent::Options options,
                                  oriel::log::Ring const& own_log) {
  oriel::SystemClock clock;
  oriel::agent::Agent agent(service.executor(), std::move(options), clock, own_log);
  auto started = agent.start();
  if (started) co_await service.until_stop();
  co_await agent.stop();
  co_return started;
}

}  // namespace

int main(int argc, char** argv) {
  oriel::ServiceArguments arguments(
      "oriel-agent", "Runs this host's sessions through the broker, as the manager wants them.");
  std::string token_file;
  arguments.option("--enrolment-token-file", token_file,
                   "single-use token for the first start; read again at each try");
  if (auto const ended = arguments.read(argc, argv)) return *ended;
  // Never destroyed: threads may log while the process ends.
  auto* const own_log = new oriel::log::Ring(oriel::limits::kLogRingLines, oriel::limits::kLogRingLineBytes);
  oriel::log::keep_in(own_log);
  auto options = oriel::agent::read_options(arguments.config());
  if (!options) {
    oriel::log::error("cannot start", {{"error", options.error()}});
    return 1;
  }
  if (!token_file.empty()) options->enrolment_token_file = token_file;
  return oriel::run_service({.name = "oriel-agent"},
                            [&](oriel::Service& service) { return run(service, *options, *own_log); });
}
