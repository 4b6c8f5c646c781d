#include "fuzz/loopback.h"

#include <cstring>

#include <poll.h>
#include <sys/socket.h>
#include <sys/un.h>
#include <unistd.h>

#include "fuzz/target.h"

namespace oriel::fuzz {
namespace {

constexpr auto kPatience = std::chrono::seconds(5);
constexpr int kTurns = 6;  // of the loop between two pieces: enough for a read and what follows from it

// Whether more can be read; false at the end.
bool take(int socket, std::string& into) {
  char bytes[16 * 1024];
  for (;;) {
    auto const got = ::recv(socket, bytes, sizeof bytes, MSG_DONTWAIT);
    if (got > 0) {
      into.append(bytes, static_cast<std::size_t>(got));
      continue;
    }
    return got < 0 && (errno == EAGAIN || errno == EINTR);
  }
}

// False when the peer takes no more.
bool send_all(int socket, std::string_view piece, std::string& back) {
  auto const until = std::chrono::steady_clock::now() + kPatience;
  while (!piece.empty()) {
    auto const sent = ::send(socket, piece.data(), piece.size(), MSG_DONTWAIT | MSG_NOSIGNAL);
    if (sent > 0) {
      piece.remove_prefix(static_cast<std::size_t>(sent));
    } else if (errno == EAGAIN) {
      loop().poll();
      if (!take(socket, back)) return false;
    } else if (errno != EINTR) {
      return false;
    }
    require(std::chrono::steady_clock::now() < until, "the peer reads or closes");
  }
  return true;
}

}  // namespace

testing::Loop& loop() {
  static auto* const the_loop = new testing::Loop;  // Sockets of other statics belong to it: never destroyed.
  return *the_loop;
}

std::string socket_path(std::string_view name) {
  static testing::TemporaryDirectory const directory;
  return directory.file(name);
}

FileDescriptor connect_raw(std::string const& path) {
  FileDescriptor socket(::socket(AF_UNIX, SOCK_STREAM | SOCK_CLOEXEC, 0));
  sockaddr_un address{};
  address.sun_family = AF_UNIX;
  require(path.size() < sizeof address.sun_path, "the path fits");
  std::memcpy(address.sun_path, path.data(), path.size());
  auto const* const generic = reinterpret_cast<sockaddr const*>(&address);
  require(::connect(socket.get(), generic, sizeof address) == 0, "somebody listens");
  return socket;
}

std::string talk(FileDescriptor socket, std::initializer_list<std::string_view> pieces) {
  std::string back;
  bool open = true;
  for (auto const piece : pieces) {
    if (!open) break;
    open = send_all(socket.get(), piece, back);
    for (int turn = 0; turn < kTurns; ++turn) loop().poll();
  }
  ::shutdown(socket.get(), SHUT_WR);
  auto const until = std::chrono::steady_clock::now() + kPatience;
  while (take(socket.get(), back)) {
    require(std::chrono::steady_clock::now() < until,
            "a connection ends when its peer has nothing more to say");
    loop().context().restart();
    loop().context().run_one_for(std::chrono::milliseconds(1));
  }
  return back;
}

std::string serve(std::string_view name, http::Handler handler, http::WebSocketOptions options) {
  auto path = socket_path(name);
  http::ServerOptions server_options;
  server_options.endpoint = Endpoint::unix_path(path);
  server_options.web_socket = std::move(options);
  auto server = http::Server::listen(loop().executor(), std::move(server_options), std::move(handler));
  require(server.has_value(), "the server starts");
  server->release();  // NOLINT: it serves until the process ends, and is never destroyed.
  return path;
}

RawServer::RawServer(std::string_view name) : path_(socket_path(name)) {
  auto listening = listen_unix(path_);
  require(listening.has_value(), "the raw server starts");
  listening_ = std::move(*listening);
}

void RawServer::serve_waiting(std::function<std::string(std::string const& head)> const& answer_to) {
  if (!connection_.is_open()) {
    connection_ = FileDescriptor(::accept4(listening_.get(), nullptr, nullptr, SOCK_CLOEXEC | SOCK_NONBLOCK));
    head_.clear();
    if (!connection_.is_open()) return;
  }
  bool const open = take(connection_.get(), head_);
  if (open && head_.find("\r\n\r\n") == std::string::npos) return;
  if (open) {
    std::string ignored;
    auto const answer = answer_to(head_);
    (void)send_all(connection_.get(), answer, ignored);
  }
  connection_.reset();
}

}  // namespace oriel::fuzz
