#pragma once

#include <cstdint>
#include <string>
#include <vector>

#include <boost/describe/class.hpp>

#include "cli/installation.h"
#include "libs/async/async.h"
#include "libs/docker/engine.h"

namespace oriel::cli {

struct ServiceStatus {
  std::string name{};
  std::string state{};  ///< ready, starting, restarting, stopped, missing
  std::string version{};
  std::int64_t rss_bytes = 0;  ///< anonymous memory of its whole container
  std::string detail{};        ///< why it is not ready
};
BOOST_DESCRIBE_STRUCT(ServiceStatus, (), (name, state, version, rss_bytes, detail))

struct AgentStatus {
  std::string id{};
  std::string hostname{};
  std::string state{};
  std::int64_t sessions = 0;
};
BOOST_DESCRIBE_STRUCT(AgentStatus, (), (id, hostname, state, sessions))

struct InstallationStatus {
  bool healthy = false;
  std::vector<ServiceStatus> services{};
  std::vector<AgentStatus> agents{};
  std::int64_t sessions = 0;
};
BOOST_DESCRIBE_STRUCT(InstallationStatus, (), (healthy, services, agents, sessions))

/// Looks at every container, asks every service whether it is ready, and the database for agents and
/// sessions.
[[nodiscard]] Async<InstallationStatus> installation_status(Executor executor, docker::Engine& engine,
                                                            Installation installation);

}  // namespace oriel::cli
