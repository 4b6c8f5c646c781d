// proxy-listen --listen ADDRESS:PORT… [--user UID] -- nginx ARGUMENTS…
//
// Opens the listening sockets, gives up root, and becomes nginx, which finds them in the variable that it
// uses to hand sockets over to a new binary of itself. The same addresses must stand in nginx.conf.

#include <cerrno>
#include <cstdio>
#include <cstdlib>
#include <cstring>
#include <string>
#include <vector>

#include <grp.h>
#include <sys/stat.h>
#include <unistd.h>

#include "proxy/listen/listening_socket.h"

namespace {

constexpr int kUsageError = 2;

int usage() {
  std::fputs(
      "usage: proxy-listen --listen ADDRESS:PORT [--listen ...] [--user UID] -- COMMAND [ARGUMENT...]\n"
      "Opens listening TCP sockets (BBR, TCP_NOTSENT_LOWAT, keepalive), becomes UID when started as root,\n"
      "and executes COMMAND (nginx) with the sockets in its variable NGINX.\n",
      stderr);
  return kUsageError;
}

int fail(std::string const& what) {
  std::fprintf(stderr, "proxy-listen: %s\n", what.c_str());
  return 1;
}

}  // namespace

int main(int argument_count, char** arguments) {
  std::vector<oriel::proxy::Address> addresses;
  uid_t user = 0;
  int next = 1;
  for (; next + 1 < argument_count && std::strcmp(arguments[next], "--") != 0; next += 2) {
    std::string const option = arguments[next];
    std::string const value = arguments[next + 1];
    if (option == "--listen") {
      oriel::proxy::Address address;
      if (!oriel::proxy::parse_address(value, address)) return fail("no such address: " + value);
      addresses.push_back(address);
    } else if (option == "--user") {
      user = static_cast<uid_t>(std::strtoul(value.c_str(), nullptr, 10));
    } else {
      return usage();
    }
  }
  bool const has_command = next + 1 < argument_count && std::strcmp(arguments[next], "--") == 0;
  if (addresses.empty() || !has_command) return usage();

  std::string inherited;
  for (auto const& address : addresses) {
    std::string problem;
    int const socket = oriel::proxy::open_listening_socket(address, problem);
    if (socket < 0)
      return fail("listen on " + address.host + " port " + std::to_string(address.port) + ": " + problem);
    inherited += std::to_string(socket) + ";";
  }

  // Root is there for ports below 1024 alone. nginx opens /dev/stdout by its name, which its next uid could
  // not.
  if (::geteuid() == 0 && user != 0) {
    (void)::fchmod(STDOUT_FILENO, 0622);
    (void)::fchmod(STDERR_FILENO, 0622);
    if (::setgroups(0, nullptr) != 0 || ::setresgid(user, user, user) != 0 ||
        ::setresuid(user, user, user) != 0) {
      return fail(std::string("become uid ") + std::to_string(user) + ": " + std::strerror(errno));
    }
  }
  ::setenv("NGINX", inherited.c_str(), 1);
  ::execvp(arguments[next + 1], arguments + next + 1);
  return fail(std::string("exec ") + arguments[next + 1] + ": " + std::strerror(errno));
}
