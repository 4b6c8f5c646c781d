// oriel-manager makes the installation's wishes real through its agents. Where to read on:
//   options.h        configuration and secrets       leadership.h     which of several managers leads
//   enrolment.h      token → certificate; hello      agent_channel.h  one connected agent
//   desired_state.h  rows → what agents are told     observation.h    what agents say → rows
//   reconciler.h     placement, ends, deadlines      manager.h        all of it, wired
#include <cstdio>
#include <string>
#include <string_view>
#include <utility>

#include "libs/async/service.h"
#include "libs/base/log.h"
#include "libs/base/version.h"
#include "services/manager/manager.h"
#include "services/manager/options.h"

namespace {

constexpr char kHelp[] =
    "oriel-manager: agents check in here; places, expires and repairs sessions.\n"
    "  --config FILE      config.json of the installation\n"
    "  --log-level LEVEL  debug, info, warning or error\n"
    "  --help, --version\n";

oriel::Async<oriel::Result<>> run(oriel::Service& service, oriel::manager::Options options) {
  oriel::manager::Manager manager(service.executor(), std::move(options));
  auto started = manager.start();
  if (started) co_await service.until_stop();
  co_await manager.stop();
  co_return started;
}

}  // namespace

int main(int argc, char** argv) {
  std::string config;
  std::string level = "info";
  for (int i = 1; i < argc; ++i) {
    std::string_view const word = argv[i];
    if (word == "--help") return std::fputs(kHelp, stdout), 0;
    if (word == "--version") return std::puts(oriel::version_line("oriel-manager").c_str()), 0;
    std::string* const value = word == "--config" ? &config : word == "--log-level" ? &level : nullptr;
    if (value == nullptr || i + 1 == argc) return std::fputs(kHelp, stderr), 2;
    *value = argv[++i];
  }
  oriel::log::configure("oriel-manager", oriel::log::level_from_text(level));
  auto options = oriel::manager::read_options(config);
  if (!options) {
    oriel::log::error("cannot start", {{"error", options.error()}});
    return 1;
  }
  return oriel::run_service({.name = "oriel-manager"},
                            [&](oriel::Service& service) { return run(service, *options); });
}
