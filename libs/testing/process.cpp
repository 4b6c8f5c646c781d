#include "libs/testing/process.h"

#include <cerrno>
#include <stdexcept>

#include <fcntl.h>
#include <grp.h>
#include <pwd.h>
#include <signal.h>
#include <sys/prctl.h>
#include <sys/wait.h>
#include <unistd.h>

namespace oriel::testing {

namespace {

struct Account {
  uid_t user = 0;
  gid_t group = 0;
  bool change = false;
};

Account account_of(std::string const& name) {
  if (name.empty()) return {};
  auto const* const entry = ::getpwnam(name.c_str());
  if (entry == nullptr) throw std::runtime_error("no such account: " + name);
  return {entry->pw_uid, entry->pw_gid, ::geteuid() == 0};
}

pid_t launch(std::vector<std::string>& arguments, Account const& account, int output, bool tied) {
  std::vector<char*> pointers;
  for (auto& argument : arguments) pointers.push_back(argument.data());
  pointers.push_back(nullptr);
  auto const child = ::fork();
  if (child < 0) throw std::runtime_error("fork failed");
  if (child > 0) return child;
  // In the child: nothing but system calls until exec.
  if (tied) ::prctl(PR_SET_PDEATHSIG, SIGKILL);
  if (account.change &&
      (::setgroups(0, nullptr) != 0 || ::setgid(account.group) != 0 || ::setuid(account.user) != 0)) {
    ::_exit(126);
  }
  // Changing the account clears the death signal.
  if (tied) ::prctl(PR_SET_PDEATHSIG, SIGKILL);
  int const input = ::open("/dev/null", O_RDONLY);
  ::dup2(input, 0);
  ::dup2(output, 1);
  ::dup2(output, 2);
  if (::chdir("/") != 0) ::_exit(126);
  ::execvp(pointers[0], pointers.data());
  ::_exit(127);
}

int wait_for(pid_t process) {
  int status = 0;
  while (::waitpid(process, &status, 0) < 0 && errno == EINTR) {
  }
  return status;
}

}  // namespace

void run_program(std::vector<std::string> arguments, std::string const& user) {
  char name[] = "/tmp/oriel-output-XXXXXX";
  int const output = ::mkostemp(name, O_CLOEXEC);
  if (output < 0) throw std::runtime_error("cannot make a temporary file");
  ::unlink(name);
  auto const process = launch(arguments, account_of(user), output, false);
  int const status = wait_for(process);
  std::string text;
  char buffer[4096];
  ::lseek(output, 0, SEEK_SET);
  for (;;) {
    auto const got = ::read(output, buffer, sizeof buffer);
    if (got <= 0 || text.size() > 65536) break;
    text.append(buffer, static_cast<std::size_t>(got));
  }
  ::close(output);
  if (status != 0) throw std::runtime_error(arguments[0] + " failed:\n" + text);
}

pid_t start_program(std::vector<std::string> arguments, std::string const& user) {
  int const output = ::open("/dev/null", O_WRONLY | O_CLOEXEC);
  auto const process = launch(arguments, account_of(user), output, true);
  ::close(output);
  return process;
}

void end_process(pid_t process, int signal) {
  if (process <= 0) return;
  ::kill(process, signal);
  wait_for(process);
}

}  // namespace oriel::testing
