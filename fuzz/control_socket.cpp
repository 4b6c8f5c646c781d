// The agent's end of a control socket: length, text and descriptors from a hostile container.
#include <string>

#include <sys/socket.h>

#include "fuzz/loopback.h"
#include "fuzz/target.h"
#include "libs/async/unix_socket.h"

using namespace oriel;
using fuzz::require;

namespace {

constexpr std::size_t kLimit = 4096;

Async<> read_all(ControlSocket socket, bool& done) {
  for (;;) {
    auto message = co_await socket.receive(kLimit);
    if (!message) break;
    require(message->payload.size() <= kLimit, "a message is bounded");
    require(message->descriptors.size() <= limits::kControlDescriptors, "descriptors are bounded");
  }
  done = true;
}

}  // namespace

ORIEL_FUZZ_TARGET(control_socket) {
  int pair[2];
  require(socketpair(AF_UNIX, SOCK_STREAM | SOCK_CLOEXEC | SOCK_NONBLOCK, 0, pair) == 0, "a pair of sockets");
  FileDescriptor ours(pair[0]);
  bool done = false;
  fuzz::loop().start(read_all(ControlSocket(fuzz::loop().executor(), FileDescriptor(pair[1])), done));
  auto const half = input.size() / 2;
  (void)fuzz::talk(std::move(ours), {input.substr(0, half), input.substr(half)});
  fuzz::loop().until([&] { return done; });
}
