#include "services/manager/observation.h"

#include <gtest/gtest.h>

#include "libs/base/limits.h"

namespace oriel::manager {
namespace {

using domain::SessionState;

AgentId const kAgent = *AgentId::parse("0123456789abcdef0123456789abcdef");

store::Session row_in(SessionState state) {
  store::Session row;
  row.id = SessionId::random();
  row.state = state;
  row.agent = kAgent;
  row.attempt = 1;
  row.generation = 5;
  return row;
}

protocol::agent::ObservedSession seen(store::Session const& row, std::string state) {
  protocol::agent::ObservedSession observed;
  observed.id = row.id;
  observed.attempt = row.attempt;
  observed.generation = 3;
  observed.state = std::move(state);
  return observed;
}

TEST(Observation, AStartMovesPlacedOnAndThenOnlyItsSteps) {
  auto row = row_in(SessionState::kPlaced);
  auto observed = seen(row, "creating");
  observed.step = "container";
  observed.progress = 20;
  auto first = judge(row, kAgent, observed);
  ASSERT_TRUE(first.step);
  EXPECT_EQ(first.step->patch.state, SessionState::kStarting);
  EXPECT_EQ(first.step->patch.step, "container");

  row.state = SessionState::kStarting;
  row.step = "container";
  row.progress = 20;
  EXPECT_FALSE(judge(row, kAgent, observed).step);

  observed.state = "starting";
  observed.step = "application";
  observed.progress = 75;
  auto later = judge(row, kAgent, observed);
  ASSERT_TRUE(later.step);
  EXPECT_FALSE(later.step->patch.state);
  EXPECT_EQ(later.step->patch.progress, 75);
}

TEST(Observation, RunningIsReachedFromPlacedAndStartingAndNeverLeftByAStart) {
  for (auto state : {SessionState::kPlaced, SessionState::kStarting}) {
    auto row = row_in(state);
    auto observed = seen(row, "running");
    observed.runtime = "abc";
    observed.protocol = 1;
    auto judgement = judge(row, kAgent, observed);
    ASSERT_TRUE(judgement.step);
    EXPECT_EQ(judgement.step->patch.state, SessionState::kRunning);
    EXPECT_EQ(judgement.step->patch.runtime, "abc");
  }
  // An agent that was restarted says `starting` until the display server has spoken.
  auto row = row_in(SessionState::kRunning);
  EXPECT_FALSE(judge(row, kAgent, seen(row, "starting")).step);
}

TEST(Observation, NumbersOfARunningSessionAreKeptWithinReason) {
  auto row = row_in(SessionState::kRunning);
  auto observed = seen(row, "running");
  observed.viewers = 2;
  observed.cpu = -1;
  observed.memory_bytes = -5;
  observed.last_input_at = "2026-11-24T10:00:00Z";
  auto judgement = judge(row, kAgent, observed);
  ASSERT_TRUE(judgement.usage);
  EXPECT_EQ(judgement.usage->viewers, 2);
  EXPECT_EQ(judgement.usage->cpu, 0);
  EXPECT_EQ(judgement.usage->memory_bytes, 0);
  EXPECT_TRUE(judgement.usage->last_input_at);
  EXPECT_FALSE(judgement.step);
}

TEST(Observation, AFailureCarriesItsReasonCutToItsBounds) {
  auto row = row_in(SessionState::kRunning);
  auto observed = seen(row, "failed");
  observed.reason_code = "container_exited";
  observed.reason = std::string(10'000, 'x');
  observed.log_tail = std::string(100'000, 'y');
  auto judgement = judge(row, kAgent, observed);
  ASSERT_TRUE(judgement.step);
  EXPECT_EQ(judgement.step->patch.state, SessionState::kFailed);
  EXPECT_EQ(judgement.step->patch.reason_code, "container_exited");
  EXPECT_LE(judgement.step->patch.reason->size(), limits::kReasonBytes);
  EXPECT_LE(judgement.step->patch.log_tail->size(), limits::kLogTailBytes);
}

TEST(Observation, ADeathWhileEndingIsNoFailure) {
  auto row = row_in(SessionState::kEnding);
  EXPECT_FALSE(judge(row, kAgent, seen(row, "failed")).step);
}

TEST(Observation, GoneEndsWhatShouldEndReleasesWhatFailedAndFailsTheRest) {
  auto ending = row_in(SessionState::kEnding);
  auto judgement = judge(ending, kAgent, seen(ending, "gone"));
  ASSERT_TRUE(judgement.step);
  EXPECT_EQ(judgement.step->patch.state, SessionState::kEnded);
  EXPECT_TRUE(judgement.step->patch.released);

  auto failed = row_in(SessionState::kFailed);
  EXPECT_TRUE(judge(failed, kAgent, seen(failed, "gone")).release);
  failed.released_at = WallTime{};
  EXPECT_FALSE(judge(failed, kAgent, seen(failed, "gone")).release);

  auto wanted_away = row_in(SessionState::kRunning);
  wanted_away.desired = domain::DesiredState::kEnded;
  judgement = judge(wanted_away, kAgent, seen(wanted_away, "gone"));
  ASSERT_TRUE(judgement.step);
  EXPECT_EQ(judgement.step->patch.state, SessionState::kEnding);
  EXPECT_EQ(judgement.step->cause, domain::Cause::kManager);

  auto running = row_in(SessionState::kRunning);
  judgement = judge(running, kAgent, seen(running, "gone"));
  ASSERT_TRUE(judgement.step);
  EXPECT_EQ(judgement.step->patch.state, SessionState::kFailed);
  EXPECT_EQ(judgement.step->patch.reason_code, "container_lost");
}

TEST(Observation, StaleOrInventedAttemptsAndGenerationsChangeNothing) {
  auto row = row_in(SessionState::kPlaced);
  row.attempt = 2;
  auto observed = seen(row, "failed");
  observed.attempt = 1;
  EXPECT_FALSE(judge(row, kAgent, observed).step);
  observed.attempt = 3;
  EXPECT_FALSE(judge(row, kAgent, observed).step);
  observed.attempt = 2;
  observed.generation = row.generation + 1;
  EXPECT_FALSE(judge(row, kAgent, observed).step);
  observed.generation = row.generation;
  EXPECT_TRUE(judge(row, kAgent, observed).step);
}

TEST(Observation, WhatIsUnknownOrAnothersIsToBeEnded) {
  auto row = row_in(SessionState::kRunning);
  EXPECT_TRUE(judge(std::nullopt, kAgent, seen(row, "running")).end_stray);
  EXPECT_FALSE(judge(std::nullopt, kAgent, seen(row, "gone")).end_stray);
  auto judgement = judge(row, AgentId::random(), seen(row, "running"));
  EXPECT_TRUE(judgement.end_stray);
  EXPECT_FALSE(judgement.step);
}

}  // namespace
}  // namespace oriel::manager
