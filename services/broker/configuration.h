#pragma once

#include <string>

#include <sys/types.h>

#include "libs/base/result.h"
#include "libs/base/uri.h"

namespace oriel::broker {

/// What config.json says to the broker, and the paths that follow from it.
struct Configuration {
  std::string instance{};
  std::string home{};
  Endpoint listen{};
  std::string docker_socket = "/var/run/docker.sock";
  std::string network_pool = "10.213.0.0/16";
  std::string seccomp{};  ///< path of the sessions' profile

  uid_t broker_user = 64023;
  uid_t agent_user = 64022;
  gid_t agent_group = 64022;

  [[nodiscard]] std::string policy_path() const { return home + "/policy.json"; }
  [[nodiscard]] std::string runtime_directory() const { return home + "/runtime"; }
  [[nodiscard]] std::string control_directory() const { return home + "/run/ctl"; }
};

/// Reads `--config FILE`; kInvalid names what is wrong. Blocks.
[[nodiscard]] Result<Configuration> read_configuration(std::string const& path);

}  // namespace oriel::broker
