#include "libs/base/uri.h"

#include "libs/base/limits.h"
#include "libs/base/text.h"

namespace oriel {

Result<Endpoint> Endpoint::parse(std::string_view text) {
  auto const refuse = [&](std::string_view why) {
    return fail(Code::kInvalid, "address \"" + std::string(text) + "\": " + std::string(why) +
                                    "; accepted are unix:/path, tcp:host:port and tls:host:port");
  };
  if (text.starts_with("unix:")) {
    auto const path = text.substr(5);
    if (!path.starts_with('/')) return refuse("the path must be absolute");
    if (path.size() > limits::kUnixPathBytes) return refuse("the path is longer than 100 bytes");
    if (path.find('\0') != std::string_view::npos) return refuse("the path holds a zero byte");
    return unix_path(std::string(path));
  }
  Endpoint endpoint;
  if (text.starts_with("tcp:")) {
    endpoint.kind = Kind::kTcp;
  } else if (text.starts_with("tls:")) {
    endpoint.kind = Kind::kTls;
  } else {
    return refuse("unknown scheme");
  }
  auto const rest = text.substr(4);
  auto const colon = rest.rfind(':');
  if (colon == std::string_view::npos) return refuse("the port is missing");
  auto host = rest.substr(0, colon);
  if (host.starts_with('[') && host.ends_with(']')) {
    host = host.substr(1, host.size() - 2);
  } else if (host.find(':') != std::string_view::npos) {
    return refuse("an IPv6 address stands in brackets");
  }
  if (host.empty() || host.size() > 253) return refuse("the host is missing or too long");
  for (char const c : host) {
    if (c <= ' ' || c == '/' || c == '@' || c == '[' || c == ']' || c == 127)
      return refuse("the host is no host name");
  }
  auto const digits = rest.substr(colon + 1);
  auto const port = parse_integer(digits);
  if (!port || *port < 0 || *port > 65535 || digits.starts_with('-'))
    return refuse("the port is no number up to 65535");
  endpoint.host = std::string(host);
  endpoint.port = static_cast<std::uint16_t>(*port);
  return endpoint;
}

std::string Endpoint::text() const {
  if (kind == Kind::kUnix) return "unix:" + path;
  std::string const shown = host.find(':') == std::string::npos ? host : "[" + host + "]";
  return (kind == Kind::kTls ? "tls:" : "tcp:") + shown + ":" + std::to_string(port);
}

}  // namespace oriel
