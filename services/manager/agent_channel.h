#pragma once

#include <cstdint>
#include <map>
#include <memory>
#include <optional>
#include <set>
#include <string>
#include <vector>

#include "libs/async/async.h"
#include "libs/async/channel.h"
#include "libs/async/event.h"
#include "libs/async/task_group.h"
#include "libs/base/id.h"
#include "libs/http/message.h"
#include "libs/postgres/database.h"
#include "libs/store/sessions.h"
#include "protocol/agent/messages.h"
#include "services/manager/options.h"

namespace oriel::manager {

/// One connected agent: tells it what is wanted, writes down what it answers.
///
/// What was told is remembered for each session, and compared with the rows at every hint and every
/// kReconcilePoll, so that a lost notification costs a second and nothing else. A failing database ends the
/// channel: the agent returns and both sides begin again with full lists.
class AgentChannel {
 public:
  /// `heard`: when the agent was last heard of before; it is told what was revoked since.
  AgentChannel(Executor executor, postgres::Database& database, Options const& options, AgentId agent,
               std::optional<WallTime> heard, http::WebSocket& socket);

  /// Serves until the socket or the database ends, or replace(). Says why.
  [[nodiscard]] Async<Error> serve();

  /// A newer channel of the same agent came: this one closes with kCloseReplaced.
  void replace();

  /// The row is new: tell the agent now when it concerns it.
  void push(store::Session const& session);
  /// Something changed for a session that may be of this agent; its row is read again.
  void look_at(SessionId session);
  /// The agent is told again what it was told, although nothing changed.
  void repeat(SessionId session);
  void images_changed();
  void close_viewers(protocol::agent::CloseViewer const& message);

  [[nodiscard]] AgentId agent() const { return agent_; }

 private:
  [[nodiscard]] Async<Result<>> read_loop();
  [[nodiscard]] Async<Result<>> write_loop();
  [[nodiscard]] Async<Result<>> until_replaced();
  [[nodiscard]] Async<Result<>> send_full();
  [[nodiscard]] Async<Result<>> send_revocations();
  [[nodiscard]] Async<Result<>> send_images_if_changed();
  [[nodiscard]] Async<Result<>> follow_log_if_wanted();
  [[nodiscard]] Async<Result<>> take(protocol::agent::LogLines log);
  [[nodiscard]] Async<Result<>> compare_all();
  [[nodiscard]] Async<Result<>> compare_hinted();
  [[nodiscard]] Async<Result<>> send(protocol::agent::Desired message);
  [[nodiscard]] Async<Result<>> take(protocol::agent::ObservedSession observed);
  void want(store::Session const& session);
  void unwant(SessionId session);

  struct Told {
    std::string text{};  ///< the wish without its generation
    bool ended = false;
  };

  postgres::Database& database_;
  Options const& options_;
  AgentId agent_;
  std::optional<WallTime> heard_;
  http::WebSocket& socket_;
  std::map<SessionId, Told> told_;
  std::map<SessionId, protocol::agent::DesiredSession> due_;  ///< wishes that differ from what was told
  std::set<SessionId> removed_due_;
  std::set<SessionId> hinted_;
  std::set<SessionId> strays_;  ///< told to end, and in no row: kept until the agent says `gone`
  std::string told_images_;
  bool images_due_ = false;
  bool full_sent_ = false;
  bool log_followed_ = false;
  std::chrono::steady_clock::time_point next_log_{};  ///< lines that come sooner are more than was agreed
  std::int64_t revision_ = 0;
  Channel<std::string> words_;  ///< close_viewer messages
  bool words_lost_ = false;
  Signal wake_;
  Event replaced_;
};

/// The channels that this manager holds, at most one for each agent.
class AgentChannels {
 public:
  /// Replaces an older channel of the same agent; false when there are limits::kChannels already.
  [[nodiscard]] bool add(AgentChannel& channel);
  void remove(AgentChannel const& channel);
  [[nodiscard]] AgentChannel* find(AgentId agent) const;
  [[nodiscard]] std::vector<AgentChannel*> all() const;
  [[nodiscard]] std::size_t size() const { return channels_.size(); }

 private:
  std::map<AgentId, AgentChannel*> channels_;
};

}  // namespace oriel::manager
