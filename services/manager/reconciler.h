#pragma once

#include <chrono>
#include <deque>
#include <memory>
#include <optional>
#include <set>
#include <string>

#include "libs/async/async.h"
#include "libs/async/event.h"
#include "libs/async/task_group.h"
#include "libs/base/id.h"
#include "libs/domain/placement.h"
#include "libs/postgres/database.h"
#include "libs/postgres/listener.h"
#include "services/manager/agent_channel.h"
#include "services/manager/leadership.h"
#include "services/manager/revocation_log.h"

namespace oriel::manager {

/// Makes rows and wishes agree. Notifications only shorten the way: every kReconcilePoll everything unsettled
/// is looked at.
///
/// Each manager tells its own agents about changed rows. The leader also places requested sessions, begins
/// ends, expires, calls in deadlines, and marks silent agents.
class Reconciler {
 public:
  Reconciler(Executor executor, postgres::Database& database, postgres::DatabaseOptions const& listening,
             Leadership& leadership, AgentChannels& channels);
  void start();
  /// Required before destruction.
  [[nodiscard]] Async<> stop();

  /// The last round over everything went through.
  [[nodiscard]] bool healthy() const { return healthy_; }

 private:
  void notified(postgres::Notification const& notification);
  [[nodiscard]] Async<> run();
  [[nodiscard]] Async<Result<>> look_at_hinted();
  [[nodiscard]] Async<Result<>> look_at_everything();
  [[nodiscard]] Async<Result<>> look_at(store::Session session);
  [[nodiscard]] Async<Result<>> place(SessionId session);
  [[nodiscard]] Async<Result<>> begin_end(store::Session session);
  [[nodiscard]] Async<Result<>> call_in_deadline(store::Session session);
  [[nodiscard]] Async<Result<>> watch_agents();
  [[nodiscard]] Async<Result<>> close_viewers();
  [[nodiscard]] Async<Result<>> read_policy();
  [[nodiscard]] Async<Result<>> clean();
  void push(store::Session const& session);

  postgres::Database& database_;
  postgres::DatabaseOptions listening_;
  Executor executor_;
  Leadership& leadership_;
  AgentChannels& channels_;
  std::deque<SessionId> hinted_;        ///< in the order of the commits: who asked first is placed first
  std::set<SessionId> hinted_already_;  ///< the same, so that none waits twice
  std::set<std::string> revoked_;       ///< viewers that a notification named
  std::optional<RevocationLog> revocations_;  ///< from our start on; what was before, new channels are told
  domain::PlacementPolicy policy_{};
  std::chrono::steady_clock::time_point policy_read_{};
  std::chrono::steady_clock::time_point cleaned_{};
  bool healthy_ = false;
  Signal wake_;
  std::unique_ptr<postgres::Listener> listener_;
  TaskGroup tasks_;
};

}  // namespace oriel::manager
