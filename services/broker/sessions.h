#pragma once

#include <chrono>
#include <map>
#include <memory>
#include <string>
#include <vector>

#include "libs/async/async.h"
#include "libs/base/id.h"
#include "libs/docker/engine.h"
#include "protocol/broker/messages.h"
#include "services/broker/configuration.h"
#include "services/broker/control_directories.h"
#include "services/broker/firewall.h"
#include "services/broker/network_profiles.h"
#include "services/broker/policy.h"
#include "services/broker/runtimes.h"

namespace oriel::broker {

/// The session containers of this instance and agent, and nothing else: every container is looked up by our
/// labels, never by a name that a request gave. Belongs to one executor.
class Sessions {
 public:
  Sessions(Configuration const& configuration, docker::Engine& engine, Firewall& firewall,
           NetworkProfiles& networks, Runtimes& runtimes);

  [[nodiscard]] Async<Result<protocol::broker::SessionList>> list();
  /// Makes the directory in which the agent listens, before it asks for the container.
  [[nodiscard]] Result<> make_control_directory(SessionId session);
  /// Creates and starts; adopts (and starts) a container of the same attempt.
  [[nodiscard]] Async<Result<protocol::broker::SessionContainer>> create(
      SessionId session, protocol::broker::CreateSession request);
  /// The newest attempt. kNotFound: no container of that session.
  [[nodiscard]] Async<Result<protocol::broker::SessionContainer>> find(SessionId session);
  /// Stops and removes every attempt, with anonymous volumes, then the control directory, also when there was
  /// no container; resumes when they are seen gone.
  [[nodiscard]] Async<Result<>> remove(SessionId session, std::chrono::seconds grace);
  [[nodiscard]] Async<Result<std::string>> log(SessionId session, std::size_t lines);
  [[nodiscard]] Async<Result<protocol::broker::SessionUsage>> usage(SessionId session);

 private:
  [[nodiscard]] Async<Result<std::vector<docker::ContainerSummary>>> containers_of(SessionId session,
                                                                                   Policy const& policy);
  [[nodiscard]] Async<Result<docker::Container>> newest(SessionId session);
  /// The engine removes a container's anonymous volumes with it; who removed it by hand may have left them.
  [[nodiscard]] Async<Result<>> remove_volumes(SessionId session);
  [[nodiscard]] Async<Result<std::string>> make(SessionId session, protocol::broker::CreateSession request,
                                                Policy policy);

  Configuration const& configuration_;
  ControlDirectories control_directories_;
  docker::Engine& engine_;
  Firewall& firewall_;
  NetworkProfiles& networks_;
  Runtimes& runtimes_;
  struct Reading {
    double cpu_seconds = 0;
    std::chrono::steady_clock::time_point at{};
  };
  std::map<std::string, Reading> readings_;  // by container id, forgotten with the container
};

/// As the conversation shows a container.
[[nodiscard]] protocol::broker::SessionContainer session_container(docker::Container const& container);

}  // namespace oriel::broker
