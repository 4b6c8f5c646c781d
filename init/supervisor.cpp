#include "init/supervisor.h"

#include <algorithm>
#include <array>
#include <cerrno>
#include <csignal>
#include <thread>

#include <fcntl.h>
#include <poll.h>
#include <sys/signalfd.h>
#include <sys/socket.h>
#include <sys/stat.h>
#include <sys/wait.h>
#include <unistd.h>

#include "init/cookie.h"
#include "init/limits.h"
#include "init/process.h"
#include "libs/base/file.h"
#include "libs/base/log.h"
#include "libs/base/text.h"

namespace oriel::init {
namespace {

using std::chrono::duration_cast;
using std::chrono::milliseconds;

constexpr std::string_view kDisplayDirectory = "/run/oriel-display";

std::string describe(int status) {
  if (WIFEXITED(status)) return "exited with code " + std::to_string(WEXITSTATUS(status));
  if (WIFSIGNALED(status)) return "was ended by signal " + std::to_string(WTERMSIG(status));
  return "ended";
}

/// As the shell says it: the exit code, or 128 and the signal.
int plain_status(int status) { return WIFEXITED(status) ? WEXITSTATUS(status) : 128 + WTERMSIG(status); }

Result<> own_directory(std::string const& path, Identity identity) {
  struct stat found{};
  if (stat(path.c_str(), &found) != 0) return fail_errno("look at " + path, errno);
  if (!S_ISDIR(found.st_mode)) return fail(Code::kInvalid, path + " is no directory");
  if (found.st_uid != identity.user) {
    return fail(Code::kInvalid, path + " belongs to user " + std::to_string(found.st_uid) + ", not " +
                                    std::to_string(identity.user));
  }
  return {};
}

/// A new file of the calling user, 0600. What was there before is removed, never followed.
Result<std::string> write_cookie_file(std::string const& path, std::string const& content) {
  unlink(path.c_str());
  FileDescriptor const file(open(path.c_str(), O_WRONLY | O_CREAT | O_EXCL | O_NOFOLLOW | O_CLOEXEC, 0600));
  if (!file) return fail_errno("create " + path, errno);
  auto const written = write(file.get(), content.data(), content.size());
  if (written != static_cast<ssize_t>(content.size())) return fail_errno("write " + path, errno);
  return std::string();
}

/// Directories for sockets that any user may make in /tmp; X complains when it has to make them itself.
void make_socket_directory(char const* path) {
  if (mkdir(path, 0700) == 0) chmod(path, 01777);
}

Result<FileDescriptor> open_signals() {
  sigset_t wanted;
  sigemptyset(&wanted);
  for (int signal : {SIGCHLD, SIGTERM, SIGINT, SIGHUP}) sigaddset(&wanted, signal);
  if (sigprocmask(SIG_BLOCK, &wanted, nullptr) != 0) return fail_errno("sigprocmask", errno);
  std::signal(SIGPIPE, SIG_IGN);
  FileDescriptor descriptor(signalfd(-1, &wanted, SFD_NONBLOCK | SFD_CLOEXEC));
  if (!descriptor) return fail_errno("signalfd", errno);
  return descriptor;
}

/// Appends what is there. False when the other side has closed it.
bool read_available(int descriptor, std::string& into, std::size_t limit) {
  char buffer[256];
  auto const count = read(descriptor, buffer, sizeof buffer);
  if (count < 0) return errno == EAGAIN || errno == EINTR;
  into.append(buffer, static_cast<std::size_t>(count));
  return count > 0 && into.size() <= limit;
}

/// The end of a file of the desktop user.
std::string tail(std::string const& path) {
  auto const text = run_as(kDesktop, [&]() -> Result<std::string> {
    auto whole = read_file(path, 4 * 1024 * 1024);
    if (!whole) return whole.error();
    if (whole->size() > limits::kLogTailBytes) whole->erase(0, whole->size() - limits::kLogTailBytes);
    return std::move(*whole);
  });
  return to_utf8(text ? *text : text.error().message, 2 * limits::kLogTailBytes);
}

}  // namespace

ExitCode Supervisor::run() {
  if (auto const code = prepare()) return *code;
  while (true) {
    auto const now = std::chrono::steady_clock::now();
    if (ending_ == Ending::kNo) {
      if (auto const code = start_what_is_due(now)) over_ = code;
      if (over_ && *over_ != ExitCode::kEnded) {
        kill_desktop();
        if (display_.runs()) kill(display_.pid, SIGTERM);
        return *over_;
      }
      if (over_) start_ending(now);
    } else if (auto const code = go_on_ending(now)) {
      return *code;
    }
    wait(now);
  }
}

std::optional<ExitCode> Supervisor::prepare() {
  auto text = read_file(paths_.manifest, limits::kManifestBytes);
  if (!text) {
    log::error("the image has no manifest", {{"path", paths_.manifest}, {"error", text.error()}});
    return ExitCode::kManifest;
  }
  manifest_text_ = std::move(*text);
  auto manifest = parse_manifest(manifest_text_);
  if (!manifest) {
    log::error("the image's manifest can't be used",
               {{"path", paths_.manifest}, {"error", manifest.error()}});
    return ExitCode::kManifest;
  }
  manifest_ = std::move(*manifest);

  for (auto const* part : {"/bin/oriel-display", "/etc/xorg.conf"}) {
    if (access((paths_.tree + part).c_str(), R_OK) != 0) {
      log::error("the runtime tree is incomplete",
                 {{"path", paths_.tree + part}, {"error", fail_errno("open", errno)}});
      return ExitCode::kRuntimeTree;
    }
  }

  runtime_directory_ = "/run/user/" + std::to_string(limits::kDesktopUser);
  for (auto const& [path, identity] :
       {std::pair{runtime_directory_, kDesktop}, std::pair{std::string(kDisplayDirectory), kDisplay}}) {
    if (auto owned = own_directory(path, identity); !owned) {
      log::error("a directory of the session is not as promised", {{"error", owned.error()}});
      return ExitCode::kSurroundings;
    }
  }
  umask(022);
  make_socket_directory("/tmp/.X11-unix");
  make_socket_directory("/tmp/.ICE-unix");
  if (access("/run/machine-id", F_OK) != 0) {
    auto const written = write_file("/run/machine-id", hex(random_bytes(16)) + "\n", {0444, {}, {}});
    if (!written) log::warning("no machine id", {{"error", written.error()}});
  }

  auto signals = open_signals();
  if (!signals) {
    log::error("no signals", {{"error", signals.error()}});
    return ExitCode::kSurroundings;
  }
  signals_ = std::move(*signals);
  return std::nullopt;
}

Result<> Supervisor::make_cookies() {
  // One cookie, two files: each user reads its own. Both exist before X starts; with a missing file it would
  // let everybody in.
  auto const entry = xauthority_entry(random_bytes(16));
  for (auto const& [directory, identity] :
       {std::pair{runtime_directory_, kDesktop}, std::pair{std::string(kDisplayDirectory), kDisplay}}) {
    auto const made = with_room([&]() -> Result<pid_t> {
      auto written = run_as(identity, [&] { return write_cookie_file(directory + "/Xauthority", entry); });
      if (!written) return written.error();
      return pid_t{0};
    });
    if (!made) return made.error().within("make the X cookie");
  }
  return {};
}

Result<pid_t> Supervisor::with_room(std::function<Result<pid_t>()> const& fork_something) {
  auto const deadline = std::chrono::steady_clock::now() + limits::kFork;
  while (true) {
    auto pid = fork_something();
    if (pid || pid.error().code != Code::kNoCapacity || std::chrono::steady_clock::now() > deadline)
      return pid;
    log::warning("the container's process limit is reached: ending all processes of the desktop");
    kill_desktop();
    // They count until they are reaped, and those whose parents are gone are ours to reap.
    std::this_thread::sleep_for(limits::kForkRetry);
    reap();
  }
}

std::optional<ExitCode> Supervisor::start_what_is_due(Time now) {
  // The display server first: it connects to the agent while X starts.
  if (!display_.runs() && now >= display_.start_at) {
    if (auto const code = start_display(now)) return code;
  }
  if (!x_.runs() && now >= x_.start_at) {
    if (auto const code = start_x(now)) return code;
  }
  if (x_.runs() && display_name_.empty() && now >= x_deadline_) {
    log::error("the X server gives no sign of life",
               {{"waited_seconds", std::chrono::seconds(limits::kXStart).count()}});
    kill(x_.pid, SIGKILL);
    x_deadline_ = now + limits::kXStart;
  }
  if (!begin_ || display_name_.empty()) return std::nullopt;

  if (!bus_.runs() && now >= bus_.start_at && !bus_given_up_) start_bus(now);
  bool const bus_settled = bus_given_up_ || !bus_address_.empty();
  if (!bus_settled && now >= bus_deadline_) {
    log::warning("the session bus does not start; going on without one");
    bus_given_up_ = true;
    bus_pipe_.reset();
  }
  if ((bus_given_up_ || !bus_address_.empty()) && !application_.runs() && now >= application_.start_at)
    return start_application(now);
  return std::nullopt;
}

std::optional<ExitCode> Supervisor::start_display(Time now) {
  std::array<int, 2> ends{};
  if (socketpair(AF_UNIX, SOCK_SEQPACKET | SOCK_CLOEXEC | SOCK_NONBLOCK, 0, ends.data()) != 0) {
    log::error("no socket pair for the display server", {{"error", fail_errno("socketpair", errno)}});
    return ExitCode::kSurroundings;
  }
  display_socket_ = FileDescriptor(ends[0]);
  FileDescriptor const theirs(ends[1]);
  // Theirs blocks or not as they like; the flag is of the open file and ours is another one.
  fcntl(theirs.get(), F_SETFL, 0);

  Command const command{
      {paths_.tree + "/bin/oriel-display"}, display_environment(container_), "/", theirs.get(), false};
  display_.restarts.started(now);
  auto pid = with_room([&] { return start(command, kDisplay); });
  if (!pid) {
    log::error("the display server can't be started", {{"error", pid.error()}});
    display_.start_at = display_.restarts.ended(now);
    if (pid.error().code != Code::kNoCapacity && !begin_) return ExitCode::kDisplayServer;
    return std::nullopt;
  }
  display_.pid = *pid;
  log::info("display server started", {{"pid", *pid}});
  if (!display_name_.empty()) tell_x();
  if (application_.runs()) tell_application("started", application_.pid, 0);
  return std::nullopt;
}

std::optional<ExitCode> Supervisor::start_x(Time now) {
  if (auto made = make_cookies(); !made) {
    log::error("the X server is not started without its cookie", {{"error", made.error()}});
    return ExitCode::kSurroundings;
  }
  std::array<int, 2> ends{};
  if (pipe2(ends.data(), O_CLOEXEC) != 0) {
    log::error("no pipe for the X server", {{"error", fail_errno("pipe", errno)}});
    return ExitCode::kSurroundings;
  }
  x_ready_pipe_ = FileDescriptor(ends[0]);
  FileDescriptor const theirs(ends[1]);
  fcntl(x_ready_pipe_.get(), F_SETFL, O_NONBLOCK);
  display_number_text_.clear();
  display_name_.clear();

  Command command{manifest_.x.command, {}, "/", theirs.get(), false};
  for (auto const& word : std::initializer_list<std::string>{
           "-config", paths_.tree + "/etc/xorg.conf", "-logfile", runtime_directory_ + "/xorg.log", "-auth",
           runtime_directory_ + "/Xauthority", "-displayfd", "3", "-nolisten", "tcp", "-nolisten", "local",
           "-noreset", "-dpi", "96"}) {
    command.words.push_back(word);
  }
  command.environment = {{"PATH", "/usr/bin:/bin"},
                         {"LANG", "C.UTF-8"},
                         {"HOME", manifest_.home},
                         {"XDG_RUNTIME_DIR", runtime_directory_}};
  command.quiet = true;
  x_.restarts.started(now);
  auto pid = with_room([&] { return start(command, kDesktop); });
  if (!pid) {
    log::error("the X server can't be started", {{"error", pid.error()}});
    if (pid.error().code != Code::kNoCapacity) return ExitCode::kXServer;
    x_.start_at = x_.restarts.ended(now);
    return std::nullopt;
  }
  x_.pid = *pid;
  x_deadline_ = now + limits::kXStart;
  return std::nullopt;
}

void Supervisor::start_bus(Time now) {
  bus_address_.clear();
  bus_text_.clear();
  std::array<int, 2> ends{};
  if (access(paths_.bus.c_str(), X_OK) != 0 || pipe2(ends.data(), O_CLOEXEC) != 0) {
    bus_given_up_ = true;
    return;
  }
  bus_pipe_ = FileDescriptor(ends[0]);
  FileDescriptor const theirs(ends[1]);
  fcntl(bus_pipe_.get(), F_SETFL, O_NONBLOCK);

  auto const address = "unix:path=" + runtime_directory_ + "/bus";
  Command const command{{paths_.bus, "--session", "--nofork", "--nopidfile", "--nosyslog",
                         "--address=" + address, "--print-address=3"},
                        application_environment_,
                        manifest_.home,
                        theirs.get(),
                        false};
  bus_.restarts.started(now);
  bus_deadline_ = now + limits::kBusStart;
  auto pid = with_room([&] { return start(command, kDesktop); });
  if (!pid) {
    log::warning("the session bus can't be started", {{"error", pid.error()}});
    bus_given_up_ = true;
    bus_pipe_.reset();
    return;
  }
  bus_.pid = *pid;
}

std::optional<ExitCode> Supervisor::start_application(Time now) {
  auto environment = application_environment_;
  if (bus_address_.empty()) environment.erase("DBUS_SESSION_BUS_ADDRESS");
  Command const command{manifest_.application.command, environment, manifest_.application.working_directory,
                        -1, true};
  application_.restarts.started(now);
  auto pid = with_room([&] { return start(command, kDesktop); });
  if (!pid) {
    log::error("the application can't be started", {{"error", pid.error()}});
    if (pid.error().code != Code::kNoCapacity) return ExitCode::kApplication;
    application_.start_at = application_.restarts.ended(now);
    return std::nullopt;
  }
  application_.pid = *pid;
  log::info("application started", {{"pid", *pid}});
  tell_application("started", *pid, 0);
  return std::nullopt;
}

void Supervisor::wait(Time now) {
  // Everything that may become due; without any of it the loop sleeps until something happens.
  std::optional<Time> due;
  auto const consider = [&](Time time) { due = due ? std::min(*due, time) : time; };
  if (ending_ != Ending::kNo) {
    consider(now + limits::kEndTurn);
  } else {
    if (!display_.runs()) consider(display_.start_at);
    if (!x_.runs()) consider(x_.start_at);
    if (x_.runs() && display_name_.empty()) consider(x_deadline_);
    if (begin_ && !display_name_.empty()) {
      if (!bus_given_up_ && !bus_.runs()) consider(bus_.start_at);
      if (!bus_given_up_ && bus_address_.empty()) consider(bus_deadline_);
      if ((bus_given_up_ || !bus_address_.empty()) && !application_.runs()) consider(application_.start_at);
    }
  }
  int timeout = -1;
  if (due)
    timeout = static_cast<int>(
        std::clamp<std::int64_t>(duration_cast<milliseconds>(*due - now).count() + 1, 0, 60'000));

  std::array<pollfd, 4> watched{{{signals_.get(), POLLIN, 0},
                                 {display_socket_.get(), POLLIN, 0},
                                 {x_ready_pipe_.get(), POLLIN, 0},
                                 {bus_pipe_.get(), POLLIN, 0}}};
  if (poll(watched.data(), watched.size(), timeout) <= 0) return;
  // Signals last: a program's last words come before the news of its end.
  if (watched[1].revents != 0) read_display_messages();
  if (watched[2].revents != 0) read_display_number();
  if (watched[3].revents != 0) read_bus_address();
  if (watched[0].revents != 0) {
    if (auto const code = read_signals()) over_ = code;
  }
}

std::optional<ExitCode> Supervisor::read_signals() {
  std::optional<ExitCode> code;
  signalfd_siginfo information{};
  while (read(signals_.get(), &information, sizeof information) == sizeof information) {
    if (information.ssi_signo == SIGTERM || information.ssi_signo == SIGINT) {
      log::info("asked to end");
      code = ExitCode::kEnded;
    }
  }
  reap();
  return code;
}

void Supervisor::read_display_number() {
  bool const open = read_available(x_ready_pipe_.get(), display_number_text_, limits::kDisplayNumberBytes);
  // Only a whole line is a number: some servers write the digits and the newline apart.
  auto const newline = display_number_text_.find('\n');
  if (newline == std::string::npos) {
    if (!open) x_ready_pipe_.reset();  // its end is told by SIGCHLD
    return;
  }
  x_ready_pipe_.reset();
  auto const number = parse_integer(display_number_text_.substr(0, newline));
  if (!number || *number < 0 || *number > 65535) {
    log::error("the X server's display number is none");
    kill(x_.pid, SIGKILL);
    return;
  }
  display_name_ = ":" + std::to_string(*number);
  x_was_up_ = true;
  log::info("X server ready", {{"display", display_name_}, {"pid", x_.pid}});
  if (begin_) application_environment_["DISPLAY"] = display_name_;
  tell_x();
}

void Supervisor::read_bus_address() {
  bool const open = read_available(bus_pipe_.get(), bus_text_, 4096);
  auto const newline = bus_text_.find('\n');
  if (newline != std::string::npos) bus_address_ = bus_text_.substr(0, newline);
  if (newline != std::string::npos || !open) bus_pipe_.reset();
}

void Supervisor::read_display_messages() {
  std::string buffer(limits::kMessageBytes, '\0');
  for (std::size_t i = 0; i < limits::kMessagesPerTurn; ++i) {
    iovec part{buffer.data(), buffer.size()};
    msghdr message{};
    message.msg_iov = &part;
    message.msg_iovlen = 1;
    auto const count = recvmsg(display_socket_.get(), &message, MSG_DONTWAIT | MSG_CMSG_CLOEXEC);
    if (count < 0 && (errno == EAGAIN || errno == EINTR)) return;
    if (count <= 0) {
      display_socket_.reset();  // it ended, which SIGCHLD tells
      return;
    }
    if ((message.msg_flags & MSG_TRUNC) != 0) {
      log::warning("a message of the display server is longer than 64 KiB");
      continue;
    }
    auto value = json::parse(std::string_view(buffer).substr(0, static_cast<std::size_t>(count)));
    if (!value || !value->is_object()) {
      log::warning("a message of the display server is no JSON object");
      continue;
    }
    auto const* type = value->as_object().if_contains("type");
    if (type != nullptr && type->is_string() && type->as_string() == "begin") begin(*value);
  }
}

void Supervisor::begin(json::Value const& message) {
  if (begin_) return;  // a restarted display server says it again
  auto begin = json::read<Begin>(message, json::Unknown::kIgnore);
  if (!begin) {
    log::error("a begin that can't be read", {{"error", begin.error()}});
    return;
  }
  begin_ = std::move(*begin);

  Surroundings surroundings;
  surroundings.container = container_;
  surroundings.display = display_name_.empty() ? ":0" : display_name_;
  surroundings.bus_address = "unix:path=" + runtime_directory_ + "/bus";
  if (auto const list = read_file(paths_.locales, limits::kLocaleListBytes)) {
    for (auto const line : split(*list, '\n')) {
      if (auto const name = trim(line); !name.empty() && !name.starts_with('#'))
        surroundings.locales.emplace_back(name);
    }
  }
  if (begin_->timezone && is_timezone_name(*begin_->timezone)) {
    surroundings.timezone_exists = access((paths_.timezones + "/" + *begin_->timezone).c_str(), R_OK) == 0;
  }
  application_environment_ = application_environment(manifest_, *begin_, surroundings);

  if (begin_->locale && application_environment_["LANG"] != *begin_->locale) {
    log::warning("the image does not have this locale",
                 {{"wanted", to_utf8(*begin_->locale, limits::kNameBytes)},
                  {"used", application_environment_["LANG"]}});
  }
  if (begin_->timezone && !surroundings.timezone_exists) {
    log::warning("the image does not know this time zone",
                 {{"wanted", to_utf8(*begin_->timezone, limits::kNameBytes)}});
  }
  log::info("session begins", {{"locale", application_environment_["LANG"]}});
}

void Supervisor::tell_display(json::Object const& message) {
  if (!display_socket_) return;
  auto const text = json::text(message);
  if (text.size() > limits::kMessageBytes) {
    log::error("a message to the display server is too long", {{"bytes", text.size()}});
    return;
  }
  if (send(display_socket_.get(), text.data(), text.size(), MSG_DONTWAIT | MSG_NOSIGNAL) < 0) {
    log::warning("the display server does not take a message", {{"error", fail_errno("send", errno)}});
  }
}

void Supervisor::tell_x() {
  tell_display({{"type", "x"},
                {"display", display_name_},
                {"authority", std::string(kDisplayDirectory) + "/Xauthority"},
                {"manifest", manifest_for_display(manifest_text_)}});
}

void Supervisor::tell_application(char const* state, pid_t pid, int status) {
  tell_display({{"type", "application"}, {"state", state}, {"pid", pid}, {"status", status}});
}

void Supervisor::reap() {
  std::vector<std::pair<pid_t, int>> all;
  int status = 0;
  for (pid_t pid = waitpid(-1, &status, WNOHANG); pid > 0; pid = waitpid(-1, &status, WNOHANG))
    all.emplace_back(pid, status);
  // X first: an application that ends with its server has not ended by itself.
  std::ranges::partition(all, [this](auto const& one) { return one.first == x_.pid; });
  for (auto const& [pid, how] : all) ended(pid, how);
}

void Supervisor::ended(pid_t pid, int status) {
  auto const now = std::chrono::steady_clock::now();
  if (pid == x_.pid) {
    x_ended(now, status);
  } else if (pid == display_.pid) {
    display_.pid = 0;
    display_socket_.reset();
    display_.start_at = display_.restarts.ended(now);
    if (ending_ != Ending::kNo) return;
    log::warning("display server " + describe(status),
                 {{"pid", pid}, {"in_a_row", display_.restarts.in_a_row()}});
    if (!begin_ && display_.restarts.in_a_row() >= limits::kDisplayAttempts) over_ = ExitCode::kDisplayServer;
  } else if (pid == bus_.pid) {
    bus_.pid = 0;
    bus_address_.clear();
    bus_pipe_.reset();
    bus_.start_at = bus_.restarts.ended(now);
    if (ending_ == Ending::kNo) log::warning("session bus " + describe(status));
  } else if (pid == application_.pid) {
    application_.pid = 0;
    tell_application("exited", pid, plain_status(status));
    if (ending_ != Ending::kNo) return;
    log::info("application " + describe(status), {{"pid", pid}});
    bool const x_is_up = !display_name_.empty();
    if (!manifest_.application.restart && x_is_up) {
      over_ = ExitCode::kEnded;
      return;
    }
    application_.start_at = application_.restarts.ended(now);
    application_quick_ends_ = application_.start_at == now || !x_is_up ? 0 : application_quick_ends_ + 1;
    if (application_quick_ends_ >= limits::kApplicationAttempts) {
      log::error("the application keeps ending at once",
                 {{"command", manifest_.application.command.front()}});
      over_ = ExitCode::kApplication;
    }
  }
}

void Supervisor::x_ended(Time now, int status) {
  x_.pid = 0;
  x_ready_pipe_.reset();
  bool const was_up = !display_name_.empty();
  display_name_.clear();
  x_.start_at = x_.restarts.ended(now);
  if (ending_ != Ending::kNo) return;
  log::error("X server " + describe(status), {{"was_up", was_up}, {"in_a_row", x_.restarts.in_a_row()}});
  if (!was_up || x_.restarts.in_a_row() >= limits::kXAttempts) {
    log::error("end of the X server's log", {{"log", tail(runtime_directory_ + "/xorg.log")}});
  }
  if (x_.restarts.in_a_row() >= limits::kXAttempts) {
    over_ = ExitCode::kXServer;
    return;
  }
  // Its clients are dead or about to be; none of them may meet the next server half-alive.
  kill_desktop();
}

void Supervisor::start_ending(Time now) {
  ending_ = Ending::kApplication;
  ending_deadline_ = now + limits::kEndApplication;
}

std::optional<ExitCode> Supervisor::go_on_ending(Time now) {
  if (ending_ == Ending::kApplication) {
    // From the outside in: a program's children become ours when it has ended, and are asked then, so that a
    // browser saves its windows before its processes go.
    bool any = false;
    for (auto const& process : desktop_processes()) {
      if (process.pid == x_.pid || process.pid == bus_.pid) continue;
      any = true;
      if (process.parent != 1 || std::ranges::find(asked_to_end_, process.pid) != asked_to_end_.end())
        continue;
      asked_to_end_.push_back(process.pid);
      kill(process.pid, SIGTERM);
    }
    if (any && now < ending_deadline_) return std::nullopt;
    ending_ = Ending::kServers;
    ending_deadline_ = now + limits::kEndServers;
    for (auto const* program : {&x_, &bus_, &display_}) {
      if (program->runs()) kill(program->pid, SIGTERM);
    }
    return std::nullopt;
  }
  if ((x_.runs() || display_.runs()) && now < ending_deadline_) return std::nullopt;
  kill(-1, SIGKILL);
  reap();
  log::info("ended");
  return ExitCode::kEnded;
}

}  // namespace oriel::init
