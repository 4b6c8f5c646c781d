#pragma once

#include <cstdint>
#include <string>

namespace oriel::proxy {

/// What a `listen` directive of nginx names: a numeric address and a port.
struct Address {
  bool v6 = false;
  std::string host{};
  std::uint16_t port = 0;
};

/// Reads `0.0.0.0:8443` or `[::]:8443`. False for names, missing ports and anything else.
[[nodiscard]] bool parse_address(std::string const& text, Address& address);

/// A listening socket with what nginx 1.22 cannot set; sockets accepted from it inherit all of it.
/// Close-on-exec is off: nginx takes it over. Below zero: `problem` says what failed.
[[nodiscard]] int open_listening_socket(Address const& address, std::string& problem);

}  // namespace oriel::proxy
