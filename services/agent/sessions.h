#pragma once

#include <cstdint>
#include <map>
#include <memory>
#include <set>
#include <string>
#include <vector>

#include "libs/async/async.h"
#include "libs/async/event.h"
#include "libs/async/task_group.h"
#include "protocol/agent/messages.h"
#include "services/agent/session_keeper.h"

namespace oriel::agent {

/// All sessions of this host: hands the manager's wishes and the broker's news to their keepers, and
/// remembers which of them the manager has not heard of yet.
class Sessions {
 public:
  Sessions(Executor executor, Options const& options, BrokerClient& broker, Clock& clock);

  /// Finds the containers that are here already and follows the broker from now on.
  void start();
  /// Leaves everything as it is. Required before destruction.
  [[nodiscard]] Async<> stop();

  /// A `desired` message or a part of one.
  void apply(protocol::agent::Desired const& message);
  void close_viewer(protocol::agent::CloseViewer const& message);

  [[nodiscard]] std::vector<protocol::agent::ObservedSession> observed() const;
  /// What changed since the last call, at most `most`.
  [[nodiscard]] std::vector<protocol::agent::ObservedSession> take_changed(std::size_t most);
  /// Notified when there is something to take.
  [[nodiscard]] Signal& changed() { return changed_; }
  [[nodiscard]] bool has_changes() const { return !dirty_.empty(); }
  /// Sessions that hold or may hold a container.
  [[nodiscard]] std::int64_t count() const;
  /// The broker answered a list: what is here is known.
  [[nodiscard]] bool broker_answers() const { return broker_answers_; }

 private:
  [[nodiscard]] SessionKeeper* keeper_of(SessionId session);
  void forget(SessionId session);
  [[nodiscard]] Async<> list_containers();
  [[nodiscard]] Async<> list_loop();
  [[nodiscard]] Async<> event_loop();
  [[nodiscard]] Async<> usage_loop();
  [[nodiscard]] Async<> discard(std::unique_ptr<SessionKeeper> keeper);

  BrokerClient& broker_;
  Clock& clock_;
  KeeperContext context_;
  std::map<SessionId, std::unique_ptr<SessionKeeper>> keepers_;
  std::set<SessionId> dirty_;
  std::set<SessionId> named_;  ///< by the parts of a full list so far
  bool broker_answers_ = false;
  Signal changed_;
  Signal list_now_;
  TaskGroup discards_;  ///< keepers that end by themselves; never cancelled
  TaskGroup tasks_;
};

}  // namespace oriel::agent
