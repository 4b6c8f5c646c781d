#include "libs/domain/session_state.h"

#include <array>

namespace oriel::domain {
namespace {

using enum SessionState;

struct StateRow {
  SessionState state;
  std::string_view text;
  int deadline_seconds;  // 0: may last
};

constexpr std::array<StateRow, 9> kStates = {{
    {kRequested, "requested", 30},
    {kPlaced, "placed", 20},
    {kStarting, "starting", 60},
    {kRunning, "running", 0},
    {kPaused, "paused", 0},
    {kStopped, "stopped", 0},
    {kEnding, "ending", 60},
    {kEnded, "ended", 0},
    {kFailed, "failed", 0},
}};

constexpr std::array<SessionState, 9> kAllStates = {kRequested, kPlaced, kStarting, kRunning, kPaused,
                                                    kStopped,   kEnding, kEnded,    kFailed};

struct Move {
  SessionState from;
  SessionState to;
  bool api;
  bool manager;
  bool agent;
};

// The whole machine. A move that is not here does not exist.
constexpr Move kMoves[] = {
    //  from        to          api    manager agent
    {kRequested, kPlaced, false, true, false},
    {kRequested, kFailed, false, true, false},
    {kRequested, kEnded, true, true, false},  // nothing was made yet, so nothing has to be taken away
    {kPlaced, kStarting, false, false, true},
    {kPlaced, kRunning, false, false, true},  // a fast start may skip the report in between
    {kPlaced, kEnding, false, true, false},
    {kPlaced, kFailed, false, true, true},
    {kStarting, kRunning, false, false, true},
    {kStarting, kEnding, false, true, false},
    {kStarting, kFailed, false, true, true},
    {kRunning, kPaused, false, false, true},
    {kRunning, kStopped, false, false, true},
    {kRunning, kEnding, false, true, false},
    {kRunning, kFailed, false, true, true},
    {kPaused, kRunning, false, false, true},
    {kPaused, kStopped, false, false, true},
    {kPaused, kEnding, false, true, false},
    {kPaused, kFailed, false, true, true},
    {kStopped, kStarting, false, false, true},
    {kStopped, kRunning, false, false, true},
    {kStopped, kEnding, false, true, false},
    {kStopped, kFailed, false, true, true},
    {kEnding, kEnded, false, true, true},
    {kEnding, kFailed, false, true, false},  // an administrator's force, when the server will never answer
};

StateRow const& row(SessionState state) { return kStates[static_cast<std::size_t>(state)]; }

}  // namespace

std::string_view text(SessionState state) { return row(state).text; }

std::string_view text(DesiredState state) { return state == DesiredState::kRunning ? "running" : "ended"; }

std::optional<SessionState> parse_session_state(std::string_view text) {
  for (auto const& candidate : kStates) {
    if (candidate.text == text) return candidate.state;
  }
  return std::nullopt;
}

std::optional<DesiredState> parse_desired_state(std::string_view text) {
  if (text == "running") return DesiredState::kRunning;
  if (text == "ended") return DesiredState::kEnded;
  return std::nullopt;
}

std::span<SessionState const> all_session_states() { return kAllStates; }

bool is_live(SessionState state) { return !is_final(state); }

bool is_final(SessionState state) { return state == kEnded || state == kFailed; }

bool accepts_viewers(SessionState state) {
  return state == kPlaced || state == kStarting || state == kRunning;
}

bool may_move(SessionState from, SessionState to, Cause cause) {
  for (auto const& move : kMoves) {
    if (move.from != from || move.to != to) continue;
    switch (cause) {
      case Cause::kApi:
        return move.api;
      case Cause::kManager:
        return move.manager;
      case Cause::kAgent:
        return move.agent;
    }
  }
  return false;
}

std::optional<std::chrono::seconds> deadline_of(SessionState state) {
  auto const seconds = row(state).deadline_seconds;
  if (seconds == 0) return std::nullopt;
  return std::chrono::seconds(seconds);
}

std::optional<OverdueExit> overdue_exit(SessionState state) {
  switch (state) {
    case kRequested:
      return OverdueExit{
          kFailed, "placement_timeout",
          "No server was chosen within 30 seconds. The manager service may be down; start again in a "
          "moment, or ask an administrator to look at the servers page."};
    case kPlaced:
      return OverdueExit{
          kFailed, "agent_silent",
          "The chosen server did not begin within 20 seconds. Start again; if it fails once more, an "
          "administrator should look at that server."};
    case kStarting:
      return OverdueExit{
          kFailed, "start_timeout",
          "The workspace did not show its first window within 60 seconds. Its log's last lines say "
          "how far it came."};
    case kEnding:
      return OverdueExit{kEnding, "end_unconfirmed",
                         "The server has not confirmed that the session is gone; it will be asked again."};
    default:
      return std::nullopt;
  }
}

}  // namespace oriel::domain
