#include "libs/domain/session_state.h"

#include <set>

#include <gtest/gtest.h>

namespace oriel::domain {
namespace {

bool may_move_at_all(SessionState from, SessionState to) {
  return may_move(from, to, Cause::kApi) || may_move(from, to, Cause::kManager) ||
         may_move(from, to, Cause::kAgent);
}

TEST(SessionState, TextsComeBack) {
  for (auto const state : all_session_states()) EXPECT_EQ(parse_session_state(text(state)), state);
  EXPECT_FALSE(parse_session_state("Running"));
  EXPECT_FALSE(parse_session_state(""));
  EXPECT_EQ(parse_desired_state("ended"), DesiredState::kEnded);
  EXPECT_FALSE(parse_desired_state("paused"));
}

TEST(SessionState, NothingLeavesAFinalStateAndEveryOtherReachesOne) {
  for (auto const from : all_session_states()) {
    std::set<SessionState> reached{from};
    for (std::size_t round = 0; round < all_session_states().size(); ++round) {
      for (auto const state : std::set<SessionState>(reached)) {
        for (auto const to : all_session_states()) {
          if (may_move_at_all(state, to)) reached.insert(to);
        }
      }
    }
    if (is_final(from)) {
      EXPECT_EQ(reached.size(), 1U) << text(from);
    } else {
      EXPECT_TRUE(reached.contains(SessionState::kEnded)) << text(from);
      EXPECT_TRUE(reached.contains(SessionState::kFailed)) << text(from);
    }
  }
}

TEST(SessionState, OnlyTheManagerPlacesAndOnlyAgentsReportRunning) {
  EXPECT_TRUE(may_move(SessionState::kRequested, SessionState::kPlaced, Cause::kManager));
  EXPECT_FALSE(may_move(SessionState::kRequested, SessionState::kPlaced, Cause::kApi));
  EXPECT_FALSE(may_move(SessionState::kRequested, SessionState::kPlaced, Cause::kAgent));
  for (auto const from : all_session_states()) {
    EXPECT_FALSE(may_move(from, SessionState::kRunning, Cause::kApi));
    EXPECT_FALSE(may_move(from, SessionState::kRunning, Cause::kManager));
  }
}

TEST(SessionState, TheApiEndsOnlyWhatWasNeverMade) {
  for (auto const from : all_session_states()) {
    for (auto const to : all_session_states()) {
      auto const expected = from == SessionState::kRequested && to == SessionState::kEnded;
      EXPECT_EQ(may_move(from, to, Cause::kApi), expected) << text(from) << " -> " << text(to);
    }
  }
}

TEST(SessionState, EveryPassingStateHasADeadlineAndALegalExit) {
  for (auto const state : all_session_states()) {
    auto const exit = overdue_exit(state);
    EXPECT_EQ(deadline_of(state).has_value(), exit.has_value()) << text(state);
    if (exit && exit->to != state) {
      EXPECT_TRUE(may_move(state, exit->to, Cause::kManager)) << text(state);
      EXPECT_FALSE(exit->reason.empty());
    }
  }
  EXPECT_EQ(deadline_of(SessionState::kRequested), std::chrono::seconds(30));
  EXPECT_EQ(deadline_of(SessionState::kPlaced), std::chrono::seconds(20));
  EXPECT_EQ(deadline_of(SessionState::kStarting), std::chrono::seconds(60));
  EXPECT_EQ(deadline_of(SessionState::kEnding), std::chrono::seconds(60));
  // Silence never ends a session.
  EXPECT_EQ(overdue_exit(SessionState::kEnding)->to, SessionState::kEnding);
}

}  // namespace
}  // namespace oriel::domain
