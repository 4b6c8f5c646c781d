#pragma once

#include <string>
#include <string_view>
#include <vector>

namespace oriel::api {

/// The origins under which people reach this installation (`https://host[:port]`). Comparisons are exact: no
/// prefix, suffix or pattern.
class Addresses {
 public:
  Addresses() = default;
  /// Addresses as in config.json; a trailing slash, upper case and port 443 are folded away.
  explicit Addresses(std::vector<std::string> const& addresses);

  /// Is it one of them? As a browser writes `Origin`: `null`, other schemes and ports are not.
  [[nodiscard]] bool has_origin(std::string_view origin) const;
  /// The same for a `Host` header.
  [[nodiscard]] bool has_host(std::string_view host) const;
  [[nodiscard]] std::vector<std::string> const& origins() const { return origins_; }

 private:
  std::vector<std::string> origins_;
};

}  // namespace oriel::api
