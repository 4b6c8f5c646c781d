// oriel-init: PID 1 of a session's container. Starts the display server, X and the application, each as its
// own user, restarts what ends, and ends everything politely. protocol/control/README.md is its contract.

#include <cstdio>
#include <cstring>
#include <string>

#include <unistd.h>

#include "init/supervisor.h"
#include "libs/base/log.h"
#include "libs/base/version.h"

namespace {

constexpr char kHelp[] =
    R"(oriel-init: PID 1 of a session's container

usage: oriel-init [--help | --version]

It takes no configuration: the image says what to run in /usr/share/oriel/manifest.json, the
runtime tree at /opt/oriel holds the display server and X's configuration, and what belongs to
the user arrives from the agent through the display server (begin).

Exit codes:
   0  ended: asked to by SIGTERM, or the application ended and is not restarted
  10  the image's manifest is missing or can't be used
  11  the runtime tree is incomplete
  12  the X server does not start, or keeps ending; the end of its log is on standard error
  13  the display server does not start
  14  the application can't be executed, or keeps ending at once
  15  the container lacks a directory or a right that the contract promises
)";

}  // namespace

int main(int argc, char** argv) {
  using oriel::init::ExitCode;
  if (argc > 1 && (std::strcmp(argv[1], "--help") == 0 || std::strcmp(argv[1], "-h") == 0)) {
    std::fputs(kHelp, stdout);
    return 0;
  }
  if (argc > 1 && std::strcmp(argv[1], "--version") == 0) {
    std::puts(oriel::version_line("oriel-init").c_str());
    return 0;
  }
  if (argc > 1) {
    std::fprintf(stderr, "oriel-init: unknown argument %s, see --help\n", argv[1]);
    return static_cast<int>(ExitCode::kUsage);
  }
  if (getpid() != 1) {
    std::fputs("oriel-init: only as PID 1 of a container: it ends all other processes\n", stderr);
    return static_cast<int>(ExitCode::kUsage);
  }
  oriel::log::configure("oriel-init");
  oriel::init::Supervisor supervisor({}, oriel::init::environment_from(environ));
  auto const code = supervisor.run();
  return static_cast<int>(code);
}
