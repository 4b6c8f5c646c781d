#pragma once

#include <string>
#include <string_view>
#include <vector>

#include "cli/installation.h"
#include "libs/base/json.h"

namespace oriel::cli {

/// Not unless-stopped: a daemon without live-restore that was killed stops, at its return, what still runs,
/// counts that as "by hand", and would leave all of us where we are. `oriel down` sets it to kNoRestart, so
/// that it means it.
inline constexpr char kRestartPolicy[] = "always";
inline constexpr char kNoRestart[] = "no";

/// What the specifications depend on beside config.json.
struct HostFacts {
  std::string services_image_id{};
  std::string data_image_id{};  ///< of PostgreSQL and Redis: what the service image stands on; changes seldom
  std::string docker_root{};    ///< of the engine, whose file system the broker measures
  std::string hostname{};
  bool has_resolved = false;  ///< /run/systemd/resolve exists
  std::string config_hash{};  ///< of config.json: services read it once, so a change starts them anew
  bool agent_has_certificate = false;
};

/// One service: its container's name and the body of POST /containers/create, with the label `oriel.spec`.
struct ServiceContainer {
  std::string service{};  ///< api, api-2, manager …
  std::string name{};
  std::string spec_hash{};
  json::Object spec{};
  std::string ready_socket{};  ///< unix socket that answers GET /ready; empty: none
};

/// Names in the order in which they start: db, redis, manager, broker, agent, api, api-2 …, proxy.
[[nodiscard]] std::vector<std::string> service_names(Installation const& installation);

/// `api` of `api` and of `api-2`.
[[nodiscard]] std::string_view kind_of_service(std::string_view service);

/// Sockets of every API instance below the home, in order: `run/api/api.sock`, `run/api/api-2.sock` …
[[nodiscard]] std::vector<std::string> api_sockets(Installation const& installation);

/// The container of one service, wholly determined by its arguments.
[[nodiscard]] ServiceContainer service_container(std::string const& service, Installation const& installation,
                                                 HostFacts const& facts);

/// A container that ends: oriel-setup and the like. Root with DAC_OVERRIDE and CHOWN, no network, the home
/// mounted.
[[nodiscard]] json::Object one_shot_spec(Installation const& installation, HostFacts const& facts,
                                         std::vector<std::string> const& command);

/// The proxy's image and mounts, running `nginx -t` on a configuration file of the home.
[[nodiscard]] json::Object nginx_check_spec(Installation const& installation, HostFacts const& facts,
                                            std::string const& configuration);

/// Runs nft in the host's network namespace: for `oriel down --purge` and `oriel doctor`.
[[nodiscard]] json::Object nft_spec(Installation const& installation, HostFacts const& facts,
                                    std::vector<std::string> const& arguments);

}  // namespace oriel::cli
