#include "init/process.h"

#include <cerrno>
#include <csignal>
#include <cstdlib>
#include <cstring>
#include <filesystem>

#include <fcntl.h>
#include <grp.h>
#include <sys/wait.h>
#include <unistd.h>

#include "init/limits.h"
#include "libs/base/file.h"
#include "libs/base/file_descriptor.h"
#include "libs/base/log.h"
#include "libs/base/text.h"

namespace oriel::init {

Identity const kDesktop{limits::kDesktopUser, limits::kDesktopGroup};
Identity const kDisplay{limits::kDisplayUser, limits::kDisplayGroup};

namespace {

struct Pipe {
  FileDescriptor read;
  FileDescriptor write;
};

Result<Pipe> make_pipe() {
  int ends[2];
  if (pipe2(ends, O_CLOEXEC) != 0) return fail_errno("pipe", errno);
  return Pipe{FileDescriptor(ends[0]), FileDescriptor(ends[1])};
}

Error fork_failure(int error_number) {
  if (error_number == EAGAIN)
    return fail(Code::kNoCapacity, "fork: the container's process limit is reached");
  return fail_errno("fork", error_number);
}

/// In the child: 0, or the errno of the step that failed.
int become(Identity identity) {
  if (setgroups(0, nullptr) != 0) return errno;
  if (setresgid(identity.group, identity.group, identity.group) != 0) return errno;
  if (setresuid(identity.user, identity.user, identity.user) != 0) return errno;
  return 0;
}

void default_signals() {
  sigset_t none;
  sigemptyset(&none);
  sigprocmask(SIG_SETMASK, &none, nullptr);
  for (int signal = 1; signal < NSIG; ++signal) std::signal(signal, SIG_DFL);
}

std::vector<char*> pointers(std::vector<std::string>& words) {
  std::vector<char*> all;
  all.reserve(words.size() + 1);
  for (auto& word : words) all.push_back(word.data());
  all.push_back(nullptr);
  return all;
}

void write_small_file(char const* path, char const* text) {
  int const file = open(path, O_WRONLY | O_CLOEXEC);
  if (file < 0) return;
  [[maybe_unused]] auto const written = write(file, text, std::strlen(text));
  close(file);
}

/// Never returns. `report` is close-on-exec and gets the errno of what failed.
[[noreturn]] void execute(Command const& command, Identity identity, char* const* words,
                          char* const* environment, int report) {
  default_signals();
  setsid();
  // Before the identity changes: afterwards the file belongs to root again until execve.
  if (command.first_to_go) write_small_file("/proc/self/oom_score_adj", limits::kOutOfMemoryScore);
  int failure = become(identity);
  if (failure == 0) {
    if (int const nothing = open("/dev/null", O_RDWR); nothing >= 0) {
      dup2(nothing, STDIN_FILENO);
      if (command.quiet) dup2(nothing, STDOUT_FILENO), dup2(nothing, STDERR_FILENO);
    }
    // Descriptor 3 is the inherited one, 4 the report; whatever they were before.
    int const inherited = command.inherit >= 0 ? fcntl(command.inherit, F_DUPFD, 5) : -1;
    int const moved_report = fcntl(report, F_DUPFD_CLOEXEC, 5);
    dup3(moved_report, 4, O_CLOEXEC);
    report = 4;
    if (inherited >= 0) {
      dup2(inherited, 3);
    } else {
      close(3);
    }
    close_range(5, ~0U, 0);
    if (chdir(command.directory.c_str()) != 0 && chdir("/") != 0) failure = errno;
  }
  if (failure == 0) {
    execve(words[0], words, environment);
    failure = errno;
  }
  [[maybe_unused]] auto const written = write(report, &failure, sizeof failure);
  _exit(127);
}

std::string read_until_end(int descriptor, std::size_t limit) {
  std::string text;
  char buffer[512];
  while (text.size() < limit) {
    auto const count = read(descriptor, buffer, sizeof buffer);
    if (count < 0 && errno == EINTR) continue;
    if (count <= 0) break;
    text.append(buffer, static_cast<std::size_t>(count));
  }
  return text;
}

void wait_for(pid_t pid) {
  while (waitpid(pid, nullptr, 0) < 0 && errno == EINTR) {
  }
}

}  // namespace

Result<pid_t> start(Command const& command, Identity identity) {
  auto report = make_pipe();
  if (!report) return report.error();
  // Everything is allocated before the fork.
  auto words = command.words;
  std::vector<std::string> entries;
  for (auto const& [name, value] : command.environment) entries.push_back(name + '=' + value);
  auto const word_pointers = pointers(words);
  auto const entry_pointers = pointers(entries);

  pid_t const pid = fork();
  if (pid < 0) return fork_failure(errno);
  if (pid == 0) execute(command, identity, word_pointers.data(), entry_pointers.data(), report->write.get());

  report->write.reset();
  auto const answer = read_until_end(report->read.get(), sizeof(int));
  if (answer.size() == sizeof(int)) {
    int failure = 0;
    std::memcpy(&failure, answer.data(), sizeof failure);
    wait_for(pid);
    return fail_errno("start " + command.words.front(), failure);
  }
  return pid;
}

Result<std::string> run_as(Identity identity, std::function<Result<std::string>()> const& work) {
  auto report = make_pipe();
  if (!report) return report.error();
  pid_t const pid = fork();
  if (pid < 0) return fork_failure(errno);
  if (pid == 0) {
    default_signals();
    Result<std::string> done;
    if (int const failure = become(identity); failure != 0) {
      done = fail_errno("become another user", failure);
    } else {
      done = work();
    }
    // A pipe holds the answer whole, so nobody has to read while this writes.
    auto const answer = (done ? *done : done.error().message).substr(0, limits::kAnswerBytes);
    [[maybe_unused]] auto const written = write(report->write.get(), answer.data(), answer.size());
    _exit(done ? 0 : 1);
  }
  report->write.reset();
  auto answer = read_until_end(report->read.get(), limits::kAnswerBytes);
  int status = 0;
  while (waitpid(pid, &status, 0) < 0 && errno == EINTR) {
  }
  if (WIFEXITED(status) && WEXITSTATUS(status) == 0) return answer;
  return fail(Code::kInternal, answer.empty() ? "the child ended without a word" : std::move(answer));
}

void kill_desktop() {
  // The real id too: with it at 0, root's own processes would be meant as well. The saved one is the way
  // back.
  if (setresuid(limits::kDesktopUser, limits::kDesktopUser, 0) != 0) {
    log::error("cannot act for the desktop user", {{"error", fail_errno("setresuid", errno)}});
    return;
  }
  kill(-1, SIGKILL);
  if (setresuid(0, 0, 0) != 0) std::abort();
}

std::vector<DesktopProcess> desktop_processes() {
  std::vector<DesktopProcess> processes;
  std::error_code failure;
  std::filesystem::directory_iterator entry("/proc", failure);
  for (; !failure && entry != std::filesystem::directory_iterator(); entry.increment(failure)) {
    auto const pid = parse_integer(entry->path().filename().string());
    if (!pid) continue;
    auto const status = read_file(entry->path() / "status", 16 * 1024);
    if (!status) continue;
    bool desktop = false;
    bool zombie = false;
    pid_t parent = 0;
    for (auto const line : split(*status, '\n')) {
      if (line.starts_with("State:")) zombie = trim(line.substr(6)).starts_with('Z');
      if (line.starts_with("PPid:"))
        parent = static_cast<pid_t>(parse_integer(trim(line.substr(5))).value_or(0));
      if (line.starts_with("Uid:")) {
        auto const ids = split(trim(line.substr(4)), '\t');
        desktop =
            !ids.empty() && parse_integer(ids.front()) == static_cast<std::int64_t>(limits::kDesktopUser);
        break;
      }
    }
    if (desktop && !zombie) processes.push_back({static_cast<pid_t>(*pid), parent});
  }
  return processes;
}

}  // namespace oriel::init
