#include "proxy/listen/listening_socket.h"

#include <cerrno>
#include <charconv>
#include <cstring>

#include <arpa/inet.h>
#include <netinet/in.h>
#include <netinet/tcp.h>
#include <sys/socket.h>
#include <unistd.h>

namespace oriel::proxy {
namespace {

constexpr int kBacklog = 511;              // what nginx asks for itself, so that it need not listen() again
constexpr int kUnsentBytes = 16 * 1024;    // beyond this the newest picture would queue behind older ones
constexpr int kKeepaliveIdleSeconds = 20;  // below the 30 s after which some networks forget a connection
constexpr int kKeepaliveIntervalSeconds = 10;
constexpr int kKeepaliveProbes = 6;

bool set_number(int socket, int level, int option, int value) {
  return ::setsockopt(socket, level, option, &value, sizeof value) == 0;
}

}  // namespace

bool parse_address(std::string const& text, Address& address) {
  auto const colon = text.rfind(':');
  if (colon == std::string::npos) return false;
  auto const* const first = text.data() + colon + 1;
  auto const* const last = text.data() + text.size();
  auto const [end, error] = std::from_chars(first, last, address.port);
  if (error != std::errc{} || end != last || address.port == 0) return false;

  address.host = text.substr(0, colon);
  address.v6 = address.host.size() > 2 && address.host.front() == '[' && address.host.back() == ']';
  if (address.v6) address.host = address.host.substr(1, address.host.size() - 2);
  in6_addr ignored{};
  return ::inet_pton(address.v6 ? AF_INET6 : AF_INET, address.host.c_str(), &ignored) == 1;
}

int open_listening_socket(Address const& address, std::string& problem) {
  auto const failed = [&problem](char const* what) {
    problem = std::string(what) + ": " + std::strerror(errno);
    return -1;
  };
  int const socket = ::socket(address.v6 ? AF_INET6 : AF_INET, SOCK_STREAM | SOCK_NONBLOCK, 0);
  if (socket < 0) return failed("socket");
  if (!set_number(socket, SOL_SOCKET, SO_REUSEADDR, 1)) return failed("SO_REUSEADDR");
  if (address.v6 && !set_number(socket, IPPROTO_IPV6, IPV6_V6ONLY, 1)) return failed("IPV6_V6ONLY");

  // A kernel without BBR keeps its default: slower on lossy links, but working.
  static constexpr char kCongestion[] = "bbr";
  (void)::setsockopt(socket, IPPROTO_TCP, TCP_CONGESTION, kCongestion, sizeof kCongestion - 1);
  if (!set_number(socket, IPPROTO_TCP, TCP_NOTSENT_LOWAT, kUnsentBytes)) return failed("TCP_NOTSENT_LOWAT");
  if (!set_number(socket, SOL_SOCKET, SO_KEEPALIVE, 1) ||
      !set_number(socket, IPPROTO_TCP, TCP_KEEPIDLE, kKeepaliveIdleSeconds) ||
      !set_number(socket, IPPROTO_TCP, TCP_KEEPINTVL, kKeepaliveIntervalSeconds) ||
      !set_number(socket, IPPROTO_TCP, TCP_KEEPCNT, kKeepaliveProbes)) {
    return failed("keepalive");
  }

  sockaddr_storage storage{};
  socklen_t size = 0;
  if (address.v6) {
    auto* const v6 = reinterpret_cast<sockaddr_in6*>(&storage);
    v6->sin6_family = AF_INET6;
    v6->sin6_port = htons(address.port);
    ::inet_pton(AF_INET6, address.host.c_str(), &v6->sin6_addr);
    size = sizeof *v6;
  } else {
    auto* const v4 = reinterpret_cast<sockaddr_in*>(&storage);
    v4->sin_family = AF_INET;
    v4->sin_port = htons(address.port);
    ::inet_pton(AF_INET, address.host.c_str(), &v4->sin_addr);
    size = sizeof *v4;
  }
  if (::bind(socket, reinterpret_cast<sockaddr const*>(&storage), size) != 0) return failed("bind");
  if (::listen(socket, kBacklog) != 0) return failed("listen");
  return socket;
}

}  // namespace oriel::proxy
