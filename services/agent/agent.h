#pragma once

#include <memory>

#include "libs/async/async.h"
#include "libs/base/clock.h"
#include "libs/base/result.h"
#include "libs/http/router.h"
#include "libs/http/server.h"
#include "services/agent/broker_client.h"
#include "services/agent/host_resources.h"
#include "services/agent/images.h"
#include "services/agent/manager_channel.h"
#include "services/agent/options.h"
#include "services/agent/sessions.h"

namespace oriel::agent {

/// The whole agent of one host, wired.
class Agent {
 public:
  /// `own_log`: where this process's lines are kept for administrators who ask.
  Agent(Executor executor, Options options, Clock& clock, log::Ring const& own_log);

  /// Starts everything; fails when the health socket cannot be opened.
  [[nodiscard]] Result<> start();
  /// Leaves all sessions running. Required before destruction.
  [[nodiscard]] Async<> stop();

  [[nodiscard]] Sessions const& sessions() const { return sessions_; }
  [[nodiscard]] ManagerChannel const& channel() const { return channel_; }

 private:
  void declare_health();

  Executor executor_;
  Options options_;
  BrokerClient broker_;
  HostResources resources_;
  Images images_;
  Sessions sessions_;
  ManagerChannel channel_;
  http::Router router_;
  std::unique_ptr<http::Server> health_;
};

}  // namespace oriel::agent
