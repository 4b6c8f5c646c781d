#pragma once

#include <cstdint>
#include <string>
#include <vector>

#include <boost/describe/class.hpp>
#include <sys/types.h>

#include "libs/base/result.h"

namespace oriel::cli {

/// Users of the service containers (ARCHITECTURE.md); each uid is its gid.
namespace users {
inline constexpr uid_t kDisplay = 64010;
inline constexpr uid_t kApi = 64020;
inline constexpr uid_t kManager = 64021;
inline constexpr uid_t kAgent = 64022;
inline constexpr uid_t kBroker = 64023;
inline constexpr uid_t kEdge = 64024;
inline constexpr uid_t kDatabase = 64025;
inline constexpr uid_t kRedis = 64026;
}  // namespace users

/// How many instances run of each service that may have several. They share what they must in PostgreSQL and
/// Redis.
struct Scale {
  static constexpr bool kAbsentKeepsDefault = true;
  static constexpr std::int64_t kMost = 8;  ///< of one service, on one host

  std::int64_t api = 1;

  bool operator==(Scale const&) const = default;
};
BOOST_DESCRIBE_STRUCT(Scale, (), (api))

/// `SERVICE=N` as `oriel up --scale` takes it, put into `scale`. kInvalid: which services can be several, and
/// how many.
[[nodiscard]] Result<> set_scale(Scale& scale, std::string const& words);

/// `$HOME_DIR/config.json`: what `oriel up` settles and every service reads. Nothing secret.
struct Installation {
  static constexpr bool kAbsentKeepsDefault = true;

  std::string instance = "oriel";
  std::string home = "/var/lib/oriel";
  std::int64_t port = 8443;
  std::vector<std::string> public_urls{};      ///< addresses that the operator gave
  std::vector<std::string> addresses{};        ///< every https://… under which browsers may come
  std::vector<std::string> trusted_proxies{};  ///< CIDRs
  std::string database{}, redis{}, manager{}, broker{}, api{}, agent{};  ///< endpoints
  Scale scale{};
  std::string zone = "default";
  std::string network_pool = "10.213.0.0/16";
  std::string services_image{};
  std::string docker_socket = "/var/run/docker.sock";
  std::string web_root = "/usr/share/oriel/web";
  std::string seccomp = "/usr/share/oriel/seccomp/session.json";

  [[nodiscard]] std::string path(std::string const& below) const { return home + "/" + below; }
  [[nodiscard]] std::string config_path() const { return path("config.json"); }
  [[nodiscard]] std::string credentials_path() const { return path("credentials.json"); }
  /// `https://127.0.0.1:<port>`
  [[nodiscard]] std::string local_url() const { return "https://127.0.0.1:" + std::to_string(port); }
  /// A service's container: `oriel-api`, `oriel-api-2`.
  [[nodiscard]] std::string container(std::string const& service) const { return instance + "-" + service; }
};
BOOST_DESCRIBE_STRUCT(Installation, (),
                      (instance, home, port, public_urls, addresses, trusted_proxies, database, redis,
                       manager, broker, api, agent, scale, zone, network_pool, services_image, docker_socket,
                       web_root, seccomp))

/// Fills the endpoints from the home, and the addresses from the host's names and addresses. Reads /proc and
/// interfaces.
void settle(Installation& installation);

/// kInvalid: what cannot work, and what to give instead (instance name, port, a home whose socket paths are
/// too long …).
[[nodiscard]] Result<> check(Installation const& installation);

/// The home of an instance when none is given: `/var/lib/oriel`, `/var/lib/oriel-<instance>`.
[[nodiscard]] std::string default_home(std::string const& instance);

/// Reads `<home>/config.json`. kNotFound: there is no installation.
[[nodiscard]] Result<Installation> read_installation(std::string const& home);
/// Writes it; true when its content changed.
[[nodiscard]] Result<bool> write_installation(Installation const& installation);

/// Makes the directories of ARCHITECTURE.md with owner and mode. What exists keeps its content.
[[nodiscard]] Result<> make_layout(Installation const& installation);

/// Names and addresses of this host for the certificate and the allowed origins; bridges of containers left
/// out.
struct HostNames {
  std::vector<std::string> names{};      ///< localhost, the host's name
  std::vector<std::string> addresses{};  ///< 127.0.0.1, ::1, those of real interfaces
};
[[nodiscard]] HostNames host_names();

/// Host of an `https://host[:port]/` URL, without brackets; empty when it is none.
[[nodiscard]] std::string host_of_url(std::string const& url);

}  // namespace oriel::cli
