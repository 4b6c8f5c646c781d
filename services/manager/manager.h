#pragma once

#include <memory>
#include <string>

#include "libs/async/async.h"
#include "libs/async/task_group.h"
#include "libs/base/json.h"
#include "libs/base/result.h"
#include "libs/http/router.h"
#include "libs/http/server.h"
#include "libs/postgres/database.h"
#include "services/manager/agent_channel.h"
#include "services/manager/leadership.h"
#include "services/manager/options.h"
#include "services/manager/reconciler.h"

namespace oriel::manager {

/// The whole manager, wired: one socket for agents and health, one loop over the database.
class Manager {
 public:
  Manager(Executor executor, Options options);

  /// Starts everything; the database may come later. Fails when the socket cannot be opened.
  [[nodiscard]] Result<> start();
  /// No session ends by it. Required before destruction.
  [[nodiscard]] Async<> stop();

  [[nodiscard]] AgentChannels const& channels() const { return channels_; }
  [[nodiscard]] Leadership const& leadership() const { return leadership_; }

 private:
  void declare_routes();
  [[nodiscard]] Async<http::Response> ready();
  /// What readiness misses; empty: nothing.
  [[nodiscard]] Async<json::Array> missing();
  /// Tells the database, for the administrators' page, that this process runs.
  [[nodiscard]] Async<> report_itself();
  [[nodiscard]] Async<> serve_channel(http::WebSocket& socket);
  struct Introduced {
    AgentId id{};
    std::optional<WallTime> heard{};  ///< when it was heard of before this
  };
  [[nodiscard]] Async<Result<Introduced>> introduce(http::WebSocket& socket);

  Executor executor_;
  Options options_;
  postgres::Database database_;
  Leadership leadership_;
  AgentChannels channels_;
  Reconciler reconciler_;
  TaskGroup tasks_;
  http::Router router_;
  std::unique_ptr<http::Server> server_;
};

}  // namespace oriel::manager
