#pragma once

#include <cstdint>
#include <string>

#include "libs/base/id.h"
#include "libs/base/json.h"
#include "libs/base/result.h"
#include "protocol/broker/messages.h"

namespace oriel::broker {

/// What the broker itself knows of the session that is to be made; nothing of it comes from the request.
struct ContainerFacts {
  std::string instance{};
  std::string agent{};
  std::string image_id{};           ///< what the engine resolved the request's image to
  std::string image_home{};         ///< absolute, checked by home_of_manifest()
  std::string runtime{};            ///< hash
  std::string runtime_tree{};       ///< path on the host
  std::string control_directory{};  ///< path on the host
  std::string seccomp_profile{};    ///< JSON text
  std::string network{};            ///< the engine's network, or "none"
  std::string mac_address{};        ///< empty without network
  bool mac_in_endpoint = false;     ///< API 1.44 and later want it there
};

/// `<instance>-session-<id>-<attempt>`
[[nodiscard]] std::string container_name(std::string const& instance, SessionId session,
                                         std::int64_t attempt);

/// Body of POST /containers/create. Everything that protects the host is constant here.
[[nodiscard]] json::Object container_spec(SessionId session, protocol::broker::CreateSession const& request,
                                          ContainerFacts const& facts);

/// The home that an image's `oriel.manifest` label names; `/home/user` without one. kForbidden outside
/// `/home`.
[[nodiscard]] Result<std::string> home_of_manifest(std::string const& manifest);

/// Addresses under our prefix: the bridge table drops what such a sender sends to a peer.
[[nodiscard]] std::string random_mac_address();
/// Outside that prefix: for networks of the administrator's, whose purpose is to reach peers.
[[nodiscard]] std::string random_peer_mac_address();

}  // namespace oriel::broker
