#pragma once

#include <chrono>
#include <functional>
#include <optional>
#include <string>

#include <sys/types.h>

#include "init/environment.h"
#include "init/manifest.h"
#include "init/restarts.h"
#include "libs/base/file_descriptor.h"
#include "libs/base/json.h"
#include "libs/base/result.h"

namespace oriel::init {

/// How PID 1 ends, so that whoever started the container can say why without reading a log.
enum class ExitCode : int {
  kEnded = 0,  ///< Asked to, or the application ended and is not restarted.
  kUsage = 2,
  kManifest = 10,       ///< Absent, or not usable.
  kRuntimeTree = 11,    ///< /opt/oriel lacks something.
  kXServer = 12,        ///< Does not start, or keeps ending.
  kDisplayServer = 13,  ///< Does not start.
  kApplication = 14,    ///< Cannot be executed, or keeps ending at once.
  kSurroundings = 15,   ///< The container lacks a directory or a right that the contract promises.
};

/// What the supervisor runs; fixed by the contract, other paths only in tests.
struct Paths {
  std::string tree = "/opt/oriel";
  std::string manifest = "/usr/share/oriel/manifest.json";
  std::string locales = "/usr/share/oriel/locales";
  std::string timezones = "/usr/share/zoneinfo";
  std::string bus = "/usr/bin/dbus-daemon";
};

/// PID 1: the state of one session's programs. Single-threaded; run() returns when the container is to end.
class Supervisor {
 public:
  Supervisor(Paths paths, Environment container)
      : paths_(std::move(paths)), container_(std::move(container)) {}

  [[nodiscard]] ExitCode run();

 private:
  using Time = std::chrono::steady_clock::time_point;
  enum class Ending { kNo, kApplication, kServers };

  /// One supervised program.
  struct Program {
    char const* name;
    pid_t pid = 0;
    Time start_at{};  ///< Not before.
    Restarts restarts{};
    [[nodiscard]] bool runs() const { return pid != 0; }
  };

  [[nodiscard]] std::optional<ExitCode> prepare();
  [[nodiscard]] Result<> make_cookies();

  /// Starts whatever should run and does not; each returns an exit code when the session can't go on.
  [[nodiscard]] std::optional<ExitCode> start_what_is_due(Time now);
  [[nodiscard]] std::optional<ExitCode> start_display(Time now);
  [[nodiscard]] std::optional<ExitCode> start_x(Time now);
  void start_bus(Time now);
  [[nodiscard]] std::optional<ExitCode> start_application(Time now);
  /// Starts a program; when the process limit is reached, ends the desktop's processes and tries again,
  /// bounded.
  [[nodiscard]] Result<pid_t> with_room(std::function<Result<pid_t>()> const& fork_something);

  void wait(Time now);
  [[nodiscard]] std::optional<ExitCode> read_signals();
  void read_display_number();
  void read_bus_address();
  void read_display_messages();
  void begin(json::Value const& message);
  void tell_display(json::Object const& message);
  void tell_x();
  void tell_application(char const* state, pid_t pid, int status);

  void reap();
  void ended(pid_t pid, int status);
  void x_ended(Time now, int status);
  /// Set when something decided that the session is over.
  std::optional<ExitCode> over_;

  void start_ending(Time now);
  [[nodiscard]] std::optional<ExitCode> go_on_ending(Time now);

  Paths paths_;
  Environment container_;
  std::string manifest_text_;
  Manifest manifest_;
  std::string runtime_directory_;

  FileDescriptor signals_;
  FileDescriptor display_socket_;
  FileDescriptor x_ready_pipe_;
  FileDescriptor bus_pipe_;

  Program x_{"X server"};
  Program display_{"display server"};
  Program bus_{"session bus"};
  Program application_{"application"};

  std::string display_number_text_;
  std::string display_name_;  ///< ":0" while X is up, else empty.
  Time x_deadline_{};
  bool x_was_up_ = false;
  std::string bus_text_;
  std::string bus_address_;  ///< Empty until the bus listens.
  bool bus_given_up_ = false;
  Time bus_deadline_{};
  std::optional<Begin> begin_;
  Environment application_environment_;
  int application_quick_ends_ = 0;

  Ending ending_ = Ending::kNo;
  Time ending_deadline_{};
  std::vector<pid_t> asked_to_end_;
};

}  // namespace oriel::init
