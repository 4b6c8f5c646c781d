#include "libs/http/wire.h"

#include <cerrno>
#include <cstring>

#include <boost/asio/ip/tcp.hpp>
#include <netdb.h>
#include <netinet/in.h>
#include <netinet/tcp.h>
#include <sys/socket.h>
#include <sys/un.h>
#include <unistd.h>

#include "libs/base/scope_exit.h"

namespace oriel::http {

namespace net = boost::asio;

Result<FileDescriptor> listen_at(Endpoint const& endpoint, UnixListenOptions const& unix_options) {
  if (endpoint.kind == Endpoint::Kind::kUnix) return listen_unix(endpoint.path, unix_options);
  if (endpoint.kind == Endpoint::Kind::kTls) {
    return fail(Code::kUnsupported,
                "listen at " + endpoint.text() + ": TLS ends at the proxy, listen on unix or tcp");
  }
  addrinfo hints{};
  hints.ai_flags = AI_PASSIVE | AI_NUMERICSERV;
  hints.ai_socktype = SOCK_STREAM;
  addrinfo* found = nullptr;
  auto const service = std::to_string(endpoint.port);
  if (int const error = ::getaddrinfo(endpoint.host.c_str(), service.c_str(), &hints, &found); error != 0) {
    return fail(Code::kInvalid, "listen at " + endpoint.text() + ": " + ::gai_strerror(error));
  }
  ScopeExit const release([&] { ::freeaddrinfo(found); });
  FileDescriptor socket(::socket(found->ai_family, SOCK_STREAM | SOCK_CLOEXEC | SOCK_NONBLOCK, 0));
  if (!socket) return fail_errno("make a socket", errno);
  int const on = 1;
  (void)::setsockopt(socket.get(), SOL_SOCKET, SO_REUSEADDR, &on, sizeof on);
  if (::bind(socket.get(), found->ai_addr, found->ai_addrlen) != 0 ||
      ::listen(socket.get(), unix_options.backlog) != 0) {
    return fail_errno("listen at " + endpoint.text(), errno);
  }
  return socket;
}

int family_of(int socket) {
  int family = AF_UNIX;
  socklen_t size = sizeof family;
  (void)::getsockopt(socket, SOL_SOCKET, SO_DOMAIN, &family, &size);
  return family;
}

std::uint16_t local_port(int socket) {
  sockaddr_storage address{};
  socklen_t size = sizeof address;
  if (::getsockname(socket, reinterpret_cast<sockaddr*>(&address), &size) != 0) return 0;
  if (address.ss_family == AF_INET) return ntohs(reinterpret_cast<sockaddr_in const&>(address).sin_port);
  if (address.ss_family == AF_INET6) return ntohs(reinterpret_cast<sockaddr_in6 const&>(address).sin6_port);
  return 0;
}

Peer peer_of(int socket) {
  Peer peer;
  if (family_of(socket) == AF_UNIX) {
    peer.address = "unix";
    if (auto credentials = peer_credentials(socket)) peer.credentials = *credentials;
    return peer;
  }
  sockaddr_storage address{};
  socklen_t size = sizeof address;
  char host[NI_MAXHOST];
  char service[NI_MAXSERV];
  if (::getpeername(socket, reinterpret_cast<sockaddr*>(&address), &size) == 0 &&
      ::getnameinfo(reinterpret_cast<sockaddr*>(&address), size, host, sizeof host, service, sizeof service,
                    NI_NUMERICHOST | NI_NUMERICSERV) == 0) {
    peer.address = address.ss_family == AF_INET6 ? "[" + std::string(host) + "]:" + service
                                                 : std::string(host) + ":" + service;
  }
  return peer;
}

Async<Result<std::unique_ptr<Stream>>> connect_stream(Executor executor, Endpoint endpoint) {
  if (endpoint.kind == Endpoint::Kind::kUnix) {
    sockaddr_un address{};
    address.sun_family = AF_UNIX;
    if (endpoint.path.empty() || endpoint.path.size() >= sizeof address.sun_path) {
      co_return fail(Code::kInvalid, "connect to " + endpoint.text() + ": the path is empty or too long");
    }
    std::memcpy(address.sun_path, endpoint.path.data(), endpoint.path.size());
    FileDescriptor socket(::socket(AF_UNIX, SOCK_STREAM | SOCK_CLOEXEC | SOCK_NONBLOCK, 0));
    if (!socket) co_return fail_errno("make a unix socket", errno);
    // A unix socket connects at once or not at all.
    if (::connect(socket.get(), reinterpret_cast<sockaddr const*>(&address), sizeof address) != 0) {
      auto error = fail_errno("connect to " + endpoint.text(), errno);
      // No socket yet is a service that has not started: as temporary as one that refuses.
      if (error.code == Code::kNotFound) error.code = Code::kUnavailable;
      co_return error;
    }
    Socket connected(executor, net::generic::stream_protocol(AF_UNIX, 0), socket.release());
    co_return std::make_unique<Stream>(std::move(connected));
  }
  if (endpoint.kind == Endpoint::Kind::kTls) {
    co_return fail(Code::kUnsupported,
                   "connect to " + endpoint.text() + ": TLS addresses are reached through the proxy");
  }
  net::ip::tcp::resolver resolver(executor);
  auto [failure, found] =
      co_await resolver.async_resolve(endpoint.host, std::to_string(endpoint.port), kTuple);
  rethrow_cancellation(failure);
  if (failure) co_return fail(Code::kUnavailable, "connect to " + endpoint.text() + ": " + failure.message());
  Error last = fail(Code::kUnavailable, "connect to " + endpoint.text() + ": the name has no address");
  for (auto const& entry : found) {
    auto stream = std::make_unique<Stream>(executor);
    stream->expires_after(limits::kHttpConnect);
    net::generic::stream_protocol::endpoint const address(entry.endpoint());
    auto [error] = co_await stream->async_connect(address, kTuple);
    rethrow_cancellation(error);
    if (!error) {
      int const on = 1;
      (void)::setsockopt(stream->socket().native_handle(), IPPROTO_TCP, TCP_NODELAY, &on, sizeof on);
      stream->expires_never();
      co_return stream;
    }
    last = fail(Code::kUnavailable, "connect to " + endpoint.text() + ": " + error.message());
  }
  co_return last;
}

Result<std::string> serialise_head(std::string start_line, Headers const& headers) {
  std::string head = std::move(start_line);
  head += "\r\n";
  for (auto const& [name, value] : headers.all()) {
    for (char const c : name) {
      bool const token = c > ' ' && c < 127 && c != ':';
      if (!token) return fail(Code::kInternal, "a header's name holds a character that it must not");
    }
    if (name.empty() || value.find_first_of(std::string_view("\r\n\0", 3)) != std::string::npos) {
      return fail(Code::kInternal, "the header " + name + " would break out of its line");
    }
    head += name;
    head += ": ";
    head += value;
    head += "\r\n";
  }
  head += "\r\n";
  return head;
}

}  // namespace oriel::http
