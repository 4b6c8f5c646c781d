// oriel-display: shows a session's screen to browsers and brings their input to it.
#include <csignal>
#include <cstdio>
#include <cstdlib>
#include <string_view>

#include <sys/signalfd.h>
#include <unistd.h>

#include "display/loop/event_loop.h"
#include "display/session/display_server.h"
#include "libs/base/log.h"
#include "libs/base/text.h"
#include "libs/base/version.h"

namespace {

using namespace oriel;

constexpr std::string_view kHelp = R"(Usage: oriel-display [options]

Shows a session's screen to browsers. In a session container it is started by oriel-init, which hands it a socket as descriptor 3;
the agent listens on the control socket.

  --control PATH     the agent's control socket (/run/oriel/control.sock)
  --init-fd N        init's socket (3)
  --wallpaper PATH   binary PPM shown behind all windows (/opt/oriel/share/wallpapers/default-dark.ppm)

Development, without agent and init:
  --display :N       X server
  --authority PATH   its cookie file (default: XAUTHORITY)
  --listen PATH      unix socket for viewers
  --ready window|frame

  --log LEVEL        debug, info, warning, error (info)
  --help, --version
)";

std::string environment(char const* name) {
  char const* const value = std::getenv(name);
  return value == nullptr ? std::string() : std::string(value);
}

// The options of the command line; fails with the words that were not understood.
Result<display::Options> read_options(int count, char** words) {
  display::Options options;
  options.session = environment("ORIEL_SESSION");
  options.runtime = environment("ORIEL_RUNTIME");
  bool control_given = false;
  for (int index = 1; index < count; ++index) {
    std::string_view const word = words[index];
    if (index + 1 == count) return fail(Code::kInvalid, std::string(word) + " needs a value, or is unknown");
    std::string const value = words[++index];
    if (word == "--control") {
      options.control = value;
      control_given = true;
    } else if (word == "--init-fd") {
      auto const number = parse_integer(value);
      if (!number || *number < 0 || *number > 1023) return fail(Code::kInvalid, "--init-fd is no descriptor");
      options.init_descriptor = static_cast<int>(*number);
    } else if (word == "--wallpaper") {
      options.wallpaper = value;
    } else if (word == "--display") {
      options.display = value;
    } else if (word == "--authority") {
      options.authority = value;
    } else if (word == "--listen") {
      options.listen = value;
    } else if (word == "--ready") {
      if (value != "window" && value != "frame") return fail(Code::kInvalid, "--ready is window or frame");
      options.ready = value;
    } else if (word == "--log") {
      log::configure("oriel-display", log::level_from_text(value));
    } else {
      return fail(Code::kInvalid, "unknown option " + std::string(word));
    }
  }
  if (!options.listen.empty() && !control_given) options.control.clear();
  return options;
}

// SIGTERM and SIGINT as an event of the loop.
FileDescriptor watch_signals(display::EventLoop& loop, std::function<void()> stop);

}  // namespace

int main(int count, char** words) {
  if (count == 2 && std::string_view(words[1]) == "--help")
    return std::fwrite(kHelp.data(), kHelp.size(), 1, stdout) == 1 ? 0 : 1;
  if (count == 2 && std::string_view(words[1]) == "--version")
    return std::puts(version_line("oriel-display").c_str()) >= 0 ? 0 : 1;
  log::configure("oriel-display");
  auto options = read_options(count, words);
  if (!options) {
    std::fprintf(stderr, "oriel-display: %s\n%s", options.error().message.c_str(), kHelp.data());
    return 2;
  }

  display::EventLoop loop;
  display::DisplayServer server(loop, std::move(*options));
  auto const signals = watch_signals(loop, [&server] { server.shut_down(); });
  if (auto const started = server.start(); !started) {
    log::error("start", {{"error", started.error()}});
    return 1;
  }
  loop.run();
  return 0;
}

namespace {

FileDescriptor watch_signals(display::EventLoop& loop, std::function<void()> stop) {
  sigset_t set;
  sigemptyset(&set);
  sigaddset(&set, SIGTERM);
  sigaddset(&set, SIGINT);
  sigprocmask(SIG_BLOCK, &set, nullptr);
  std::signal(SIGPIPE, SIG_IGN);
  FileDescriptor signals(signalfd(-1, &set, SFD_CLOEXEC | SFD_NONBLOCK));
  loop.watch(signals.get(), EPOLLIN, [descriptor = signals.get(), stop = std::move(stop)](std::uint32_t) {
    signalfd_siginfo information{};
    if (read(descriptor, &information, sizeof information) == sizeof information) stop();
  });
  return signals;
}

}  // namespace
