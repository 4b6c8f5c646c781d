#include "services/broker/command.h"

#include <array>
#include <cerrno>

#include <fcntl.h>
#include <poll.h>
#include <signal.h>
#include <spawn.h>
#include <sys/mman.h>
#include <sys/wait.h>
#include <unistd.h>

#include "libs/base/file_descriptor.h"
#include "libs/base/text.h"

namespace oriel::broker {
namespace {

constexpr std::size_t kOutputBytes = 1024 * 1024;

struct Pipe {
  FileDescriptor read;
  FileDescriptor write;
};

Result<Pipe> make_pipe() {
  std::array<int, 2> ends{};
  if (::pipe2(ends.data(), O_CLOEXEC) != 0) return fail_errno("make a pipe", errno);
  return Pipe{FileDescriptor(ends[0]), FileDescriptor(ends[1])};
}

/// The input as a file, so that nobody has to write while reading.
Result<FileDescriptor> input_file(std::string const& input) {
  FileDescriptor file(::memfd_create("input", MFD_CLOEXEC));
  if (!file) return fail_errno("memfd_create", errno);
  for (std::size_t written = 0; written < input.size();) {
    auto const count = ::write(file.get(), input.data() + written, input.size() - written);
    if (count < 0) return fail_errno("write input", errno);
    written += static_cast<std::size_t>(count);
  }
  ::lseek(file.get(), 0, SEEK_SET);
  return file;
}

/// Reads both pipes until both end; false at the deadline.
bool collect(Pipe& out, Pipe& err, std::string& output, std::string& problem,
             std::chrono::steady_clock::time_point end) {
  std::array<pollfd, 2> polled{{{out.read.get(), POLLIN, 0}, {err.read.get(), POLLIN, 0}}};
  std::array<std::string*, 2> const into{&output, &problem};
  int open = 2;
  while (open > 0) {
    auto const left =
        std::chrono::duration_cast<std::chrono::milliseconds>(end - std::chrono::steady_clock::now());
    if (left.count() <= 0 || ::poll(polled.data(), polled.size(), static_cast<int>(left.count())) <= 0)
      return false;
    for (std::size_t i = 0; i < polled.size(); ++i) {
      if (polled[i].fd < 0 || polled[i].revents == 0) continue;
      std::array<char, 16384> buffer{};
      auto const count = ::read(polled[i].fd, buffer.data(), buffer.size());
      if (count <= 0) {
        polled[i].fd = -1;
        --open;
      } else if (into[i]->size() < kOutputBytes) {
        into[i]->append(buffer.data(), static_cast<std::size_t>(count));
      }
    }
  }
  return true;
}

}  // namespace

Result<std::string> run_command(std::vector<std::string> const& arguments, std::string const& input,
                                std::chrono::milliseconds deadline) {
  auto in = input_file(input);
  if (!in) return in.error();
  auto out = make_pipe();
  if (!out) return out.error();
  auto err = make_pipe();
  if (!err) return err.error();

  posix_spawn_file_actions_t actions{};
  ::posix_spawn_file_actions_init(&actions);
  ::posix_spawn_file_actions_adddup2(&actions, in->get(), 0);
  ::posix_spawn_file_actions_adddup2(&actions, out->write.get(), 1);
  ::posix_spawn_file_actions_adddup2(&actions, err->write.get(), 2);
  std::vector<char*> argv;
  for (auto const& one : arguments) argv.push_back(const_cast<char*>(one.c_str()));
  argv.push_back(nullptr);
  std::array<char*, 1> environment{nullptr};
  pid_t child = 0;
  int const spawned = ::posix_spawn(&child, argv[0], &actions, nullptr, argv.data(), environment.data());
  ::posix_spawn_file_actions_destroy(&actions);
  if (spawned != 0) return fail_errno("start " + arguments[0], spawned);
  out->write.reset();
  err->write.reset();

  std::string output;
  std::string problem;
  bool const in_time = collect(*out, *err, output, problem, std::chrono::steady_clock::now() + deadline);
  if (!in_time) ::kill(child, SIGKILL);
  int status = 0;
  while (::waitpid(child, &status, 0) < 0 && errno == EINTR) {
  }
  if (!in_time) return fail(Code::kTimeout, arguments[0] + " did not end in time");
  if (!WIFEXITED(status) || WEXITSTATUS(status) != 0) {
    return fail(Code::kInternal, arguments[0] + ": " + std::string(trim(problem.substr(0, 2000))));
  }
  return output;
}

}  // namespace oriel::broker
