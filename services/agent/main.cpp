// oriel-agent makes the sessions that the manager wants real on this host. Where to read on:
//   options.h          configuration                 identity.h        key, certificate, enrolment
//   manager_channel.h  the outbound channel          sessions.h        all sessions, the broker's news
//   session_keeper.h   one session, step by step     control_server.h  its control and stream sockets
//   images.h           images wanted and here        host_resources.h  what heartbeats say of the host
//   broker_client.h    protocol/broker, typed        agent.h           all of it, wired
#include <cstdio>
#include <string>
#include <string_view>
#include <utility>

#include "libs/async/service.h"
#include "libs/base/clock.h"
#include "libs/base/log.h"
#include "libs/base/version.h"
#include "services/agent/agent.h"
#include "services/agent/options.h"

namespace {

constexpr char kHelp[] =
    "oriel-agent: runs this host's sessions through the broker, as the manager wants them.\n"
    "  --config FILE                config.json of the installation\n"
    "  --enrolment-token-file FILE  single-use token for the first start; read again at each try\n"
    "  --log-level LEVEL            debug, info, warning or error\n"
    "  --help, --version\n";

oriel::Async<oriel::Result<>> run(oriel::Service& service, oriel::agent::Options options) {
  oriel::SystemClock clock;
  oriel::agent::Agent agent(service.executor(), std::move(options), clock);
  auto started = agent.start();
  if (started) co_await service.until_stop();
  co_await agent.stop();
  co_return started;
}

}  // namespace

int main(int argc, char** argv) {
  std::string config;
  std::string token_file;
  std::string level = "info";
  for (int i = 1; i < argc; ++i) {
    std::string_view const word = argv[i];
    if (word == "--help") return std::fputs(kHelp, stdout), 0;
    if (word == "--version") return std::puts(oriel::version_line("oriel-agent").c_str()), 0;
    std::string* const value = word == "--config"                 ? &config
                               : word == "--enrolment-token-file" ? &token_file
                               : word == "--log-level"            ? &level
                                                                  : nullptr;
    if (value == nullptr || i + 1 == argc) return std::fputs(kHelp, stderr), 2;
    *value = argv[++i];
  }
  oriel::log::configure("oriel-agent", oriel::log::level_from_text(level));
  auto options = oriel::agent::read_options(config);
  if (!options) {
    oriel::log::error("cannot start", {{"error", options.error()}});
    return 1;
  }
  if (!token_file.empty()) options->enrolment_token_file = token_file;
  return oriel::run_service({.name = "oriel-agent"},
                            [&](oriel::Service& service) { return run(service, *options); });
}
