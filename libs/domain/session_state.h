#pragma once

#include <chrono>
#include <optional>
#include <span>
#include <string_view>

/// The life of a session: its states, who may cause which change, and how long a passing state may last.
/// The one table that the Manager, the store and the tests read.
namespace oriel::domain {

enum class SessionState {
  kRequested,
  kPlaced,
  kStarting,
  kRunning,
  kPaused,
  kStopped,
  kEnding,
  kEnded,
  kFailed
};

/// What the user or an administrator wants. Services write this; reconcilers make it true.
enum class DesiredState { kRunning, kEnded };

/// Who causes a change of state.
enum class Cause {
  kApi,      ///< A request of a person or a program.
  kManager,  ///< Placement, deadlines, expiry, repair.
  kAgent,    ///< What the agent that holds the session observed.
};

/// `requested`, `placed` …: as in the database and on every wire.
[[nodiscard]] std::string_view text(SessionState state);
[[nodiscard]] std::string_view text(DesiredState state);
[[nodiscard]] std::optional<SessionState> parse_session_state(std::string_view text);
[[nodiscard]] std::optional<DesiredState> parse_desired_state(std::string_view text);

/// Every state, in the order of a session's life.
[[nodiscard]] std::span<SessionState const> all_session_states();

/// Counts against limits and shows among a user's running sessions: everything but ended and failed.
[[nodiscard]] bool is_live(SessionState state);
/// Nothing leaves this state: ended and failed.
[[nodiscard]] bool is_final(SessionState state);
/// A browser may connect to its stream socket: placed, starting, running. Before `running` it sees the
/// start-up picture.
[[nodiscard]] bool accepts_viewers(SessionState state);

/// May `cause` move a session from one state to the other? Staying in a state is not a move and is refused.
[[nodiscard]] bool may_move(SessionState from, SessionState to, Cause cause);

/// How long a passing state may last: requested 30 s, placed 20 s, starting 60 s, ending 60 s; nullopt for
/// resting states.
[[nodiscard]] std::optional<std::chrono::seconds> deadline_of(SessionState state);

/// Where a session goes whose state has outlived its deadline, and what its owner reads.
struct OverdueExit {
  SessionState to;  ///< kEnding for kEnding: silence is no proof that a container is gone, so it waits on.
  std::string_view
      reason_code;  ///< stable word: `placement_timeout`, `agent_silent`, `start_timeout`, `end_unconfirmed`
  std::string_view reason;
};
/// nullopt for states without a deadline.
[[nodiscard]] std::optional<OverdueExit> overdue_exit(SessionState state);

}  // namespace oriel::domain
