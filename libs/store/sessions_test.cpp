#include <gtest/gtest.h>

#include "libs/async/task_group.h"
#include "libs/store/agents.h"
#include "libs/store/images.h"
#include "libs/store/session_list.h"
#include "libs/store/testing/database.h"
#include "libs/testing/loop.h"

namespace oriel::store {
namespace {

using domain::Cause;
using domain::SessionState;
using testing::Basics;
using testing::TestDatabase;

constexpr std::int64_t kGibibyte = std::int64_t{1} << 30;

class Sessions : public ::testing::Test {
 protected:
  Sessions() {
    owner = test.open(loop.executor());
    api = test.open(loop.executor(), "oriel_api");
    manager = test.open(loop.executor(), "oriel_manager");
    basics = *loop.run(testing::fill_basics(*owner));
  }

  SessionRequest request() const {
    SessionRequest result;
    result.user = basics.user;
    result.image = basics.image;
    result.environment = {{"GREETING", "hello"}};
    result.actor = {"user", basics.user.text(), "192.0.2.1"};
    return result;
  }
  Session launched() { return *loop.run(request_session(*api, request())); }
  Session running() {
    auto const session = launched();
    auto const placed = *loop.run(place_session(*manager, session.id));
    return **loop.run(advance_session(*manager, session.id, placed->session.generation, Cause::kAgent,
                                      {.state = SessionState::kRunning}));
  }
  std::int64_t count(std::string sql) {
    return loop.run(owner->query(std::move(sql)))->front().integer("count");
  }

  oriel::testing::Loop loop;
  TestDatabase test;
  std::unique_ptr<postgres::Database> owner;
  std::unique_ptr<postgres::Database> api;
  std::unique_ptr<postgres::Database> manager;
  Basics basics;
};

Async<> launch_into(postgres::Database& database, SessionRequest request,
                    std::vector<Result<Session>>& outcomes) {
  auto outcome = co_await request_session(database, std::move(request));
  outcomes.push_back(std::move(outcome));
}

TEST_F(Sessions, FiftyLaunchesAtOnceGiveExactlyTheLimit) {
  std::vector<Result<Session>> outcomes;
  TaskGroup group(loop.executor());
  for (int i = 0; i < 50; ++i) group.spawn(launch_into(*api, request(), outcomes));
  loop.run(group.wait());
  ASSERT_EQ(outcomes.size(), 50U);
  int started = 0;
  for (auto const& outcome : outcomes) {
    if (outcome) {
      ++started;
    } else {
      EXPECT_EQ(outcome.error().code, Code::kConflict) << outcome.error();
    }
  }
  EXPECT_EQ(started, 5);
  EXPECT_EQ(count("select count(*) from sessions"), 5);
  EXPECT_EQ(count("select count(*) from audit where action = 'session.request'"), 5);
}

TEST_F(Sessions, ALaunchRemembersTheWorkspaceAsItWas) {
  auto const session = launched();
  EXPECT_EQ(session.state, SessionState::kRequested);
  EXPECT_EQ(session.username, "user@oriel.local");
  EXPECT_EQ(session.friendly_name, "Firefox");
  ASSERT_TRUE(session.expires_at);
  EXPECT_EQ(*session.expires_at - session.created_at, std::chrono::hours(1));
  ASSERT_TRUE(loop.run(owner->query("update images set reference = 'other:2', shm_bytes = 1")));
  auto const after = **loop.run(find_session(*api, session.id));
  auto const launch = *launch_of(after);
  EXPECT_EQ(launch.image_reference, "oriel/firefox:1");
  EXPECT_EQ(launch.image_id, "sha256:aa");
  EXPECT_EQ(launch.environment.at("GREETING"), "hello");
  EXPECT_EQ(launch.shm_bytes, 268435456);
}

TEST_F(Sessions, OnlyGrantedAndEnabledWorkspacesStart) {
  auto wrong = request();
  wrong.image = ImageId::random();
  EXPECT_EQ(loop.run(request_session(*api, wrong)).error().code, Code::kNotFound);
  ASSERT_TRUE(loop.run(owner->query("update images set enabled = false")));
  EXPECT_EQ(loop.run(request_session(*api, request())).error().code, Code::kNotFound);
  ASSERT_TRUE(loop.run(owner->query("update images set enabled = true")));
  ASSERT_TRUE(loop.run(owner->query("delete from image_groups")));
  EXPECT_EQ(loop.run(request_session(*api, request())).error().code, Code::kNotFound);
}

TEST_F(Sessions, ARetryWithTheSameKeyFindsTheSameSession) {
  auto again = request();
  again.request_key = "one";
  auto const first = *loop.run(request_session(*api, again));
  auto const second = *loop.run(request_session(*api, again));
  EXPECT_EQ(first.id, second.id);
  again.request_key = "two";
  EXPECT_NE(loop.run(request_session(*api, again))->id, first.id);
}

TEST_F(Sessions, PlacementReservesAndTheNextOneIsToldWhy) {
  auto const agent = *loop.run(testing::add_agent(*owner, basics, "alpha", 2, 2 * kGibibyte));
  auto const first = launched();
  auto const second = launched();
  EXPECT_EQ(loop.run(list_requested_sessions(*manager))->size(), 2U);
  auto const placed = *loop.run(place_session(*manager, first.id));
  ASSERT_TRUE(placed);
  EXPECT_EQ(placed->session.state, SessionState::kPlaced);
  EXPECT_EQ(placed->session.agent, agent);
  EXPECT_EQ(placed->session.server, "alpha");
  EXPECT_EQ(placed->session.attempt, 1);
  EXPECT_EQ(placed->session.generation, first.generation + 1);
  EXPECT_TRUE(placed->session.deadline);

  auto const refused = *loop.run(place_session(*manager, second.id));
  ASSERT_TRUE(refused);
  EXPECT_EQ(refused->session.state, SessionState::kFailed);
  EXPECT_EQ(refused->session.reason_code, "no_capacity");
  EXPECT_NE(refused->session.reason->find("alpha has 0.5 GiB of memory free, 1.0 GiB are needed"),
            std::string::npos)
      << *refused->session.reason;
  ASSERT_TRUE(refused->session.placement);
  EXPECT_EQ(refused->session.placement->at("servers").as_array().size(), 1U);

  // Placing what is placed or failed already does nothing.
  EXPECT_FALSE(*loop.run(place_session(*manager, first.id)));
  EXPECT_FALSE(*loop.run(place_session(*manager, second.id)));
  EXPECT_FALSE(*loop.run(place_session(*manager, SessionId::random())));
}

Async<> place_into(postgres::Database& database, SessionId id,
                   std::vector<Result<std::optional<Placed>>>& outcomes) {
  auto outcome = co_await place_session(database, id);
  outcomes.push_back(std::move(outcome));
}

TEST_F(Sessions, PlacementsAtOnceNeverGiveAwayTheSameRoom) {
  (void)*loop.run(testing::add_agent(*owner, basics, "alpha", 8, 3 * kGibibyte + kGibibyte / 2));
  std::vector<Result<std::optional<Placed>>> outcomes;
  TaskGroup group(loop.executor());
  for (int i = 0; i < 5; ++i) {
    auto const id = launched().id;
    group.spawn(place_into(*manager, id, outcomes));
    group.spawn(place_into(*manager, id, outcomes));
  }
  loop.run(group.wait());
  for (auto const& outcome : outcomes) EXPECT_TRUE(outcome) << outcome.error();
  EXPECT_EQ(count("select count(*) from sessions where state = 'placed'"), 3);
  EXPECT_EQ(count("select count(*) from sessions where state = 'failed'"), 2);
}

TEST_F(Sessions, AdvancingIsCompareAndSetWithinTheStateMachine) {
  (void)*loop.run(testing::add_agent(*owner, basics, "alpha", 2, 8 * kGibibyte));
  auto const session = launched();
  auto const placed = (*loop.run(place_session(*manager, session.id)))->session;

  // An old generation changes nothing.
  EXPECT_FALSE(*loop.run(advance_session(*manager, session.id, session.generation, Cause::kAgent,
                                         {.state = SessionState::kStarting})));
  // The Manager may not say that it runs.
  EXPECT_EQ(loop.run(advance_session(*manager, session.id, placed.generation, Cause::kManager,
                                     {.state = SessionState::kRunning}))
                .error()
                .code,
            Code::kConflict);
  auto const starting = **loop.run(advance_session(*manager, session.id, placed.generation, Cause::kAgent,
                                                   {.state = SessionState::kStarting, .container_id = "c1"}));
  EXPECT_EQ(starting.generation, placed.generation + 1);
  EXPECT_TRUE(starting.deadline);
  EXPECT_FALSE(starting.started_at);
  // A step alone keeps the generation.
  auto const step = **loop.run(advance_session(*manager, session.id, starting.generation, Cause::kAgent,
                                               {.step = "wallpaper", .progress = 60}));
  EXPECT_EQ(step.generation, starting.generation);
  EXPECT_EQ(step.step, "wallpaper");
  EXPECT_EQ(step.progress, 60);
  auto const runs = **loop.run(advance_session(*manager, session.id, step.generation, Cause::kAgent,
                                               {.state = SessionState::kRunning, .runtime = "abc"}));
  EXPECT_TRUE(runs.started_at);
  EXPECT_FALSE(runs.deadline);
  EXPECT_EQ(runs.container_id, "c1");
  EXPECT_EQ(runs.runtime, "abc");
  EXPECT_EQ(runs.progress, 100);
}

TEST_F(Sessions, AFailedSessionKeepsItsReservationUntilItIsGone) {
  auto const agent = *loop.run(testing::add_agent(*owner, basics, "alpha", 2, 8 * kGibibyte));
  auto const session = running();
  auto const failed = **loop.run(advance_session(*manager, session.id, session.generation, Cause::kAgent,
                                                 {.state = SessionState::kFailed,
                                                  .reason_code = "container_exited",
                                                  .reason = "It exited.",
                                                  .log_tail = "last line"}));
  EXPECT_EQ(failed.reason, "It exited.");
  EXPECT_EQ(failed.log_tail, "last line");
  EXPECT_TRUE(failed.ended_at);
  EXPECT_FALSE(failed.released_at);
  EXPECT_EQ((**loop.run(find_agent(*manager, agent))).memory_reserved_bytes, kGibibyte);
  EXPECT_EQ(loop.run(list_sessions_of_agent(*manager, agent))->size(), 1U);
  ASSERT_TRUE(loop.run(release_session(*manager, session.id, session.attempt + 1)));
  EXPECT_EQ(loop.run(list_sessions_of_agent(*manager, agent))->size(), 1U)
      << "another attempt's word does not count";
  ASSERT_TRUE(loop.run(release_session(*manager, session.id, session.attempt)));
  EXPECT_EQ((**loop.run(find_agent(*manager, agent))).memory_reserved_bytes, 0);
  EXPECT_TRUE(loop.run(list_sessions_of_agent(*manager, agent))->empty());
}

TEST_F(Sessions, EndingIsDesireFirstThenTheManagersWork) {
  (void)*loop.run(testing::add_agent(*owner, basics, "alpha", 2, 8 * kGibibyte));
  Actor const actor{"user", basics.user.text(), "192.0.2.1"};
  auto const waiting = launched();
  auto const ended = *loop.run(desire_end(*api, waiting.id, actor));
  EXPECT_EQ(ended.state, SessionState::kEnded) << "nothing was made, so nothing is waited for";
  EXPECT_FALSE(*loop.run(place_session(*manager, waiting.id)));

  auto const session = running();
  auto const wanted = *loop.run(desire_end(*api, session.id, actor));
  EXPECT_EQ(wanted.state, SessionState::kRunning);
  EXPECT_EQ(wanted.desired, domain::DesiredState::kEnded);
  EXPECT_EQ(wanted.generation, session.generation + 1);
  EXPECT_EQ(loop.run(desire_end(*api, session.id, actor))->generation, wanted.generation)
      << "ending twice is ending";
  auto const to_end = *loop.run(list_sessions_to_end(*manager));
  ASSERT_EQ(to_end.size(), 1U);
  auto const ending = **loop.run(advance_session(*manager, session.id, wanted.generation, Cause::kManager,
                                                 {.state = SessionState::kEnding}));
  EXPECT_TRUE(ending.deadline);
  auto const gone = **loop.run(advance_session(*manager, session.id, ending.generation, Cause::kAgent,
                                               {.state = SessionState::kEnded}));
  EXPECT_TRUE(gone.released_at);
  EXPECT_TRUE(gone.ended_at);
  EXPECT_EQ(loop.run(desire_end(*api, SessionId::random(), actor)).error().code, Code::kNotFound);
}

TEST_F(Sessions, KeepaliveMovesTheExpiryUpToTheTimeLimit) {
  ASSERT_TRUE(loop.run(owner->query("update images set session_time_limit_seconds = 7200")));
  auto const session = launched();
  ASSERT_TRUE(loop.run(owner->query("update sessions set expires_at = now() + interval '1 minute'")));
  auto const kept = *loop.run(keep_session_alive(*api, session.id));
  EXPECT_GE(*kept.expires_at - session.created_at, std::chrono::hours(1));
  ASSERT_TRUE(loop.run(owner->query("update sessions set keepalive_seconds = 999999")));
  EXPECT_EQ(*loop.run(keep_session_alive(*api, session.id))->expires_at - session.created_at,
            std::chrono::hours(2));
  (void)loop.run(desire_end(*api, session.id, {}));
  EXPECT_EQ(loop.run(keep_session_alive(*api, session.id)).error().code, Code::kNotFound);
}

TEST_F(Sessions, WhatHasExpiredIsWantedEndedWithItsReason) {
  (void)*loop.run(testing::add_agent(*owner, basics, "alpha", 2, 8 * kGibibyte));
  auto const session = running();
  EXPECT_TRUE(loop.run(expire_sessions(*manager))->empty());
  ASSERT_TRUE(loop.run(owner->query("update sessions set expires_at = now() - interval '1 second'")));
  auto const expired = *loop.run(expire_sessions(*manager));
  ASSERT_EQ(expired.size(), 1U);
  EXPECT_EQ(expired[0], session.id);
  auto const after = **loop.run(find_session(*manager, session.id));
  EXPECT_EQ(after.desired, domain::DesiredState::kEnded);
  EXPECT_EQ(after.reason_code, "keepalive_expired");
  EXPECT_TRUE(loop.run(expire_sessions(*manager))->empty());
}

TEST_F(Sessions, AClockThatJumpedAheadEndsNothingThatIsLookedAt) {
  ASSERT_TRUE(loop.run(owner->query("update images set session_time_limit_seconds = 7200")));
  (void)*loop.run(testing::add_agent(*owner, basics, "alpha", 2, 8 * kGibibyte));
  auto const session = running();
  ASSERT_TRUE(
      loop.run(owner->query("update sessions set viewers = 1, expires_at = now() - interval '1 second'")));
  EXPECT_TRUE(loop.run(expire_sessions(*manager))->empty());
  ASSERT_TRUE(loop.run(owner->query("update sessions set created_at = now() - interval '3 hours'")));
  EXPECT_EQ(loop.run(expire_sessions(*manager))->size(), 1U) << "a time limit holds for everybody";
}

TEST_F(Sessions, AViewersPresenceKeepsASessionAlive) {
  (void)*loop.run(testing::add_agent(*owner, basics, "alpha", 2, 8 * kGibibyte));
  auto const session = running();
  ASSERT_TRUE(
      loop.run(owner->query("update sessions set keepalive_at = now() - interval '50 minutes', expires_at = "
                            "now() + interval '10 minutes'")));
  ASSERT_TRUE(
      loop.run(record_session_usage(*manager, session.id, session.attempt, {.viewers = 0, .cpu = 0.5})));
  auto const alone = **loop.run(find_session(*manager, session.id));
  EXPECT_LT(*alone.expires_at - alone.keepalive_at, std::chrono::minutes(61));
  ASSERT_TRUE(
      loop.run(record_session_usage(*manager, session.id, session.attempt, {.viewers = 2, .cpu = 0.5})));
  auto const watched = **loop.run(find_session(*manager, session.id));
  EXPECT_EQ(watched.viewers, 2);
  EXPECT_GT(*watched.expires_at, *alone.expires_at + std::chrono::minutes(45));
}

TEST_F(Sessions, OverdueStatesAreFoundAndAnEndingWaitsOn) {
  (void)*loop.run(testing::add_agent(*owner, basics, "alpha", 2, 8 * kGibibyte));
  auto const session = running();
  (void)loop.run(desire_end(*api, session.id, {}));
  auto const ending = **loop.run(advance_session(*manager, session.id, session.generation + 1,
                                                 Cause::kManager, {.state = SessionState::kEnding}));
  EXPECT_TRUE(loop.run(list_overdue_sessions(*manager))->empty());
  ASSERT_TRUE(loop.run(owner->query("update sessions set deadline = now() - interval '1 second'")));
  EXPECT_EQ(loop.run(list_overdue_sessions(*manager))->size(), 1U);
  auto const armed = *loop.run(rearm_deadline(*manager, session.id, ending.generation));
  ASSERT_TRUE(armed);
  EXPECT_EQ(armed->state, SessionState::kEnding);
  EXPECT_EQ(armed->reason_code, "end_unconfirmed");
  EXPECT_TRUE(loop.run(list_overdue_sessions(*manager))->empty());
}

TEST_F(Sessions, ListsArePagedFilteredAndPrivate) {
  for (int i = 0; i < 5; ++i) (void)launched();
  SessionFilter filter;
  filter.limit = 2;
  std::set<SessionId> seen;
  for (int page = 0; page < 3; ++page) {
    auto const listed = *loop.run(list_sessions(*api, filter));
    for (auto const& session : listed.sessions) EXPECT_TRUE(seen.insert(session.id).second);
    EXPECT_EQ(listed.next_cursor.has_value(), page < 2);
    filter.cursor = listed.next_cursor;
  }
  EXPECT_EQ(seen.size(), 5U);
  filter = {};
  filter.text = "FIREF";
  EXPECT_EQ(loop.run(list_sessions(*api, filter))->sessions.size(), 5U);
  filter.text = "nobody";
  EXPECT_TRUE(loop.run(list_sessions(*api, filter))->sessions.empty());
  filter = {};
  filter.cursor = "nonsense";
  EXPECT_EQ(loop.run(list_sessions(*api, filter)).error().code, Code::kInvalid);
  EXPECT_EQ(loop.run(list_sessions_of_user(*api, basics.user))->size(), 5U);
  EXPECT_TRUE(loop.run(list_sessions_of_user(*api, basics.administrator))->empty());
}

TEST_F(Sessions, OldEndedOnesAreForgotten) {
  auto const session = launched();
  (void)loop.run(desire_end(*api, session.id, {}));
  EXPECT_EQ(*loop.run(forget_sessions(*manager, std::chrono::hours(1))), 0U);
  ASSERT_TRUE(loop.run(owner->query("update sessions set ended_at = now() - interval '2 hours'")));
  EXPECT_EQ(*loop.run(forget_sessions(*manager, std::chrono::hours(1))), 1U);
}

}  // namespace
}  // namespace oriel::store
