#pragma once

#include <chrono>
#include <cstdint>
#include <deque>
#include <functional>
#include <memory>
#include <optional>
#include <string>

#include "libs/async/async.h"
#include "libs/async/event.h"
#include "libs/async/task_group.h"
#include "libs/base/clock.h"
#include "libs/base/id.h"
#include "protocol/agent/messages.h"
#include "protocol/broker/messages.h"
#include "services/agent/broker_client.h"
#include "services/agent/control_server.h"
#include "services/agent/created_mark.h"
#include "services/agent/options.h"

namespace oriel::agent {

/// What every keeper stands on; outlives them.
struct KeeperContext {
  Executor executor;
  Options const& options;
  BrokerClient& broker;
  Clock& clock;
  std::function<void(SessionId)> changed;  ///< what observed() answers is different now
};

/// Makes one session real and keeps it: an ordered list of steps that can each be done again.
///
///   launch: control directory and socket → container → hello (begin, listen) → ready
///   end:    word to viewers → container and control directory → stream socket → gone
///
/// Only `desired: ended` ends it. Silence of manager, broker or display server never does; they are asked
/// again.
class SessionKeeper {
 public:
  SessionKeeper(KeeperContext const& context, SessionId session);
  SessionKeeper(SessionKeeper const&) = delete;
  SessionKeeper& operator=(SessionKeeper const&) = delete;

  /// Refuses an attempt or generation older than what it holds.
  void want(protocol::agent::DesiredSession desired);
  /// A container of this session that was there before us, or as the broker lists it now.
  void see_container(protocol::broker::SessionContainer const& container);
  /// The broker's list, asked for at `asked`, did not name it.
  void see_no_container(SteadyTime asked);
  void see_event(protocol::broker::Event const& event);
  void see_usage(protocol::broker::SessionUsage const& usage);
  /// Viewers by their ids, or by the grants by which they came.
  void close_viewers(std::vector<std::string> viewers, std::string reason);

  [[nodiscard]] protocol::agent::ObservedSession observed() const;
  [[nodiscard]] bool running() const { return phase_ == Phase::kRunning; }
  [[nodiscard]] bool watched() const { return viewers_ > 0; }
  [[nodiscard]] bool gone() const { return phase_ == Phase::kGone; }
  /// The manager no longer names it. Nothing is ended by that, and an end goes on.
  void forget_desire() {
    if (!ending_wanted()) desired_.reset();
  }

  /// Required before destruction. Leaves container and files as they are.
  [[nodiscard]] Async<> stop();

 private:
  enum class Phase { kAbsent, kCreating, kStarting, kRunning, kEnding, kGone, kFailed };

  [[nodiscard]] Async<> run();
  [[nodiscard]] Async<> act();
  [[nodiscard]] Async<> launch();
  [[nodiscard]] Async<> find_created();
  [[nodiscard]] Async<> end();
  [[nodiscard]] Async<> fail_with_log(std::string code, std::string reason);
  [[nodiscard]] Async<> fail_dead_container(std::int64_t exit_code, bool oom_killed,
                                            std::string engine_words);
  [[nodiscard]] Async<bool> prepare_control();
  [[nodiscard]] bool open_control();
  [[nodiscard]] bool launch_is_off();
  [[nodiscard]] Async<> close_control();
  [[nodiscard]] bool ending_wanted() const;
  [[nodiscard]] std::optional<SteadyTime> start_deadline() const;
  void fail_now(std::string code, std::string reason);
  void take_container(protocol::broker::SessionContainer const& container);
  void enter(Phase phase, std::string step, int progress);
  void told(protocol::control::State const& state);
  void told(protocol::control::Viewers const& viewers);
  void wake();

  struct Death {
    std::int64_t exit_code = 0;
    bool oom_killed = false;
    std::string words{};
  };

  KeeperContext const& context_;
  SessionId session_;
  CreatedMark created_;
  std::optional<protocol::agent::DesiredSession> desired_;
  std::int64_t attempt_ = 0;
  std::int64_t generation_ = 0;

  Phase phase_ = Phase::kAbsent;
  std::string step_ = "waiting";
  int progress_ = 0;
  std::optional<std::string> reason_code_;
  std::optional<std::string> reason_;
  std::optional<std::string> log_tail_;
  std::optional<std::string> started_at_;
  std::optional<std::string> container_id_;
  std::optional<std::string> runtime_;
  std::optional<std::int64_t> protocol_;
  std::int64_t viewers_ = 0;
  std::optional<WallTime> last_input_;
  double cpu_ = 0;
  std::int64_t memory_bytes_ = 0;

  std::optional<Death> death_;                ///< the container was seen dead
  std::optional<SteadyTime> container_seen_;  ///< when it was last known to be there
  std::optional<SteadyTime> launch_began_;
  std::unique_ptr<ControlServer> control_;
  std::deque<protocol::control::CloseViewer> closes_due_;  ///< for when `control_` is there
  Signal changed_;
  TaskGroup tasks_;
};

}  // namespace oriel::agent
