#pragma once

#include <cstdint>
#include <string>
#include <string_view>

#include "libs/base/result.h"

namespace oriel {

/// Where a service listens or is found: `unix:/run/x.sock`, `tls:host:8443`, `tcp:127.0.0.1:8080`.
struct Endpoint {
  enum class Kind { kUnix, kTcp, kTls };

  Kind kind = Kind::kUnix;
  std::string path{};      ///< kUnix: absolute path, at most limits::kUnixPathBytes.
  std::string host{};      ///< kTcp, kTls: name or address; IPv6 without its brackets.
  std::uint16_t port = 0;  ///< kTcp, kTls. 0 = any (listeners only).

  [[nodiscard]] static Endpoint unix_path(std::string path) { return {Kind::kUnix, std::move(path), {}, 0}; }
  [[nodiscard]] static Endpoint tcp(std::string host, std::uint16_t port) {
    return {Kind::kTcp, {}, std::move(host), port};
  }

  /// Refuses relative or too long paths, missing ports and unknown schemes, saying what is accepted.
  [[nodiscard]] static Result<Endpoint> parse(std::string_view text);

  /// As parse() accepts it.
  [[nodiscard]] std::string text() const;

  friend bool operator==(Endpoint const&, Endpoint const&) = default;
};

}  // namespace oriel
