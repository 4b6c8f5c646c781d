// The display server under hostile peers. First byte: d, i, c a viewer's display, input or clipboard stream;
// a the agent's control socket; n one packet of init. A viewer's rest is framed here, so that it gets past
// the masks: `length:u8 payload` each; a length of 255 means all that is left.
#include "display/session/display_server.h"

#include <string>

#include <sys/epoll.h>
#include <sys/socket.h>
#include <unistd.h>

#include "display/transport/listener.h"
#include "fuzz/loopback.h"
#include "fuzz/target.h"

using namespace oriel;
using fuzz::require;

namespace {

constexpr std::string_view kPermissions = "input,clipboard-in,clipboard-out";

std::string upgrade(std::string_view route) {
  std::string head = "GET /" + std::string(route) +
                     " HTTP/1.1\r\nHost: x\r\nUpgrade: "
                     "websocket\r\nConnection: Upgrade\r\nSec-WebSocket-Version: 13\r\nSec-WebSocket-Key: "
                     "dGhlIHNhbXBsZSBub25jZQ==\r\n";
  head +=
      "X-Oriel-Viewer: 0123456789abcdef0123456789abcdef\r\nX-Oriel-User: u\r\nX-Oriel-Role: "
      "owner\r\nX-Oriel-Permissions: " +
      std::string(kPermissions) + "\r\n\r\n";
  return head;
}

std::string frames(std::string_view rest) {
  std::string bytes;
  while (!rest.empty()) {
    auto const said = static_cast<unsigned char>(rest[0]);
    rest.remove_prefix(1);
    auto const length = said == 255 ? rest.size() : std::min<std::size_t>(said, rest.size());
    bytes += '\x82';
    if (length < 126) {
      bytes += static_cast<char>(0x80 | length);
    } else {
      bytes += '\xff';
      for (int shift = 56; shift >= 0; shift -= 8) bytes += static_cast<char>(length >> shift);
    }
    bytes.append(4, '\0');
    bytes += rest.substr(0, length);
    rest.remove_prefix(length);
  }
  return bytes;
}

// Runs the loop until the peer is closed, or nothing has come for a moment.
void run_until_closed(display::EventLoop& loop, FileDescriptor socket, std::string_view bytes) {
  int const size = 1 << 22;
  (void)setsockopt(socket.get(), SOL_SOCKET, SO_SNDBUF, &size, sizeof size);
  (void)::send(socket.get(), bytes.data(), bytes.size(), MSG_DONTWAIT | MSG_NOSIGNAL);
  ::shutdown(socket.get(), SHUT_WR);
  int const end = socket.get();
  loop.watch(end, EPOLLIN, [&loop, end](std::uint32_t) {
    char sink[4096];
    if (::recv(end, sink, sizeof sink, MSG_DONTWAIT) == 0) loop.stop();
  });
  loop.after(std::chrono::milliseconds(50), [&loop] { loop.stop(); });
  loop.run();
  loop.unwatch(end);
}

}  // namespace

ORIEL_FUZZ_TARGET(display_server) {
  if (input.empty()) return;
  auto const rest = input.substr(1);
  static std::string const viewers = fuzz::socket_path("viewers");
  static std::string const control = fuzz::socket_path("control");
  int pair[2];
  require(socketpair(AF_UNIX, SOCK_SEQPACKET | SOCK_CLOEXEC | SOCK_NONBLOCK, 0, pair) == 0,
          "a pair of sockets");
  FileDescriptor init(pair[0]);

  display::EventLoop loop;
  display::Options options;
  options.init_descriptor = pair[1];
  options.listen = viewers;
  options.control.clear();
  FileDescriptor agent;
  if (input[0] == 'a') {
    auto listening = display::listen_on_path(control);
    require(listening.has_value(), "the agent listens");
    agent = std::move(*listening);
    options.control = control;
  }
  display::DisplayServer server(loop, std::move(options));
  require(server.start().has_value(), "the display server starts");
  switch (input[0]) {
    case 'd':
      return run_until_closed(loop, fuzz::connect_raw(viewers), upgrade("display") + frames(rest));
    case 'i':
      return run_until_closed(loop, fuzz::connect_raw(viewers), upgrade("input") + frames(rest));
    case 'c':
      return run_until_closed(loop, fuzz::connect_raw(viewers), upgrade("clipboard") + frames(rest));
    case 'a': {
      FileDescriptor connection(::accept4(agent.get(), nullptr, nullptr, SOCK_CLOEXEC));
      require(connection.is_open(), "the display server connects to its agent");
      return run_until_closed(loop, std::move(connection), rest);
    }
    default:
      (void)::send(init.get(), rest.data(), rest.size(), MSG_DONTWAIT | MSG_NOSIGNAL);
      loop.after(std::chrono::milliseconds(2), [&loop] { loop.stop(); });
      loop.run();
  }
}
