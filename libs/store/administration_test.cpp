#include <algorithm>
#include <functional>
#include <set>

#include <gtest/gtest.h>

#include "libs/store/agent_log.h"
#include "libs/store/agent_settings.h"
#include "libs/store/session_list.h"
#include "libs/store/session_notices.h"
#include "libs/store/testing/database.h"
#include "libs/testing/loop.h"

// What administrators do to sessions and servers, as the services' own database roles.

namespace oriel::store {
namespace {

using domain::SessionState;

class Administration : public ::testing::Test {
 protected:
  Administration() {
    owner = test.open(loop.executor());
    api = test.open(loop.executor(), "oriel_api");
    manager = test.open(loop.executor(), "oriel_manager");
    basics = *loop.run(testing::fill_basics(*owner));
    agent = *loop.run(testing::add_agent(*owner, basics, "alpha", 16, std::int64_t{64} << 30));
    actor = {"user", basics.administrator.text(), "192.0.2.9"};
  }
  Session launched() {
    SessionRequest request;
    request.user = basics.user;
    request.image = basics.image;
    return *loop.run(request_session(*api, request));
  }
  Session running() {
    auto const session = launched();
    auto const placed = *loop.run(place_session(*manager, session.id));
    return **loop.run(advance_session(*manager, session.id, placed->session.generation, domain::Cause::kAgent,
                                      {.state = SessionState::kRunning}));
  }
  Session read(SessionId id) { return **loop.run(find_session(*api, id)); }
  std::int64_t count(std::string sql) {
    return loop.run(owner->query(std::move(sql)))->front().integer("count");
  }
  NewSessionMessage message(SessionId session, std::string text) {
    return {session, basics.administrator, "First Administrator", std::move(text), actor};
  }
  NewWatch watch(SessionId session, char digit) {
    return {session, std::string(32, digit), basics.administrator, "First Administrator", actor};
  }

  oriel::testing::Loop loop;
  testing::TestDatabase test;
  std::unique_ptr<postgres::Database> owner;
  std::unique_ptr<postgres::Database> api;
  std::unique_ptr<postgres::Database> manager;
  testing::Basics basics;
  AgentId agent{};
  Actor actor;
};

TEST_F(Administration, AMessageShowsInTheSessionUntilItsOwnerHasReadIt) {
  auto const before = running();
  ASSERT_TRUE(loop.run(send_session_message(*api, message(before.id, "Back up at noon"))));
  auto const shown = read(before.id);
  EXPECT_GT(shown.changed_at, before.changed_at) << "the poll behind the events must see it";
  auto const& messages = shown.notices.at("messages").as_array();
  ASSERT_EQ(messages.size(), 1U);
  EXPECT_EQ(messages[0].at("text").as_string(), "Back up at noon");
  EXPECT_EQ(messages[0].at("from").as_string(), "First Administrator");
  auto const id = *MessageId::parse(std::string_view(messages[0].at("id").as_string()));

  EXPECT_EQ(loop.run(acknowledge_session_message(*api, SessionId::random(), id, {})).error().code,
            Code::kNotFound);
  ASSERT_TRUE(loop.run(acknowledge_session_message(*api, before.id, id, {})));
  ASSERT_TRUE(loop.run(acknowledge_session_message(*api, before.id, id, {})));
  EXPECT_TRUE(read(before.id).notices.at("messages").as_array().empty());
  auto const kept = *loop.run(list_session_messages(*api, before.id));
  ASSERT_EQ(kept.size(), 1U);
  EXPECT_TRUE(kept[0].read_at);
  EXPECT_EQ(count("select count(*) from audit where action = 'session.message' and actor_id is not null"), 1);
  EXPECT_EQ(count("select count(*) from audit where action = 'session.message_read'"), 1);
}

TEST_F(Administration, MessagesAreBoundedAndOnlyForTheLiving) {
  auto const session = running();
  for (std::size_t i = 0; i < limits::kUnreadMessages; ++i)
    ASSERT_TRUE(loop.run(send_session_message(*api, message(session.id, "again"))));
  EXPECT_EQ(loop.run(send_session_message(*api, message(session.id, "again"))).error().code, Code::kConflict);
  EXPECT_EQ(loop.run(send_session_message(*api, message(SessionId::random(), "x"))).error().code,
            Code::kNotFound);
  auto const never_placed = launched();
  ASSERT_TRUE(loop.run(desire_end(*api, never_placed.id, actor)));
  EXPECT_EQ(loop.run(send_session_message(*api, message(never_placed.id, "x"))).error().code,
            Code::kConflict);
  // Nothing of a refused message is kept, its audit line included.
  EXPECT_EQ(count("select count(*) from audit where action = 'session.message'"),
            static_cast<std::int64_t>(limits::kUnreadMessages));
}

TEST_F(Administration, AViewShowsFromItsBeginningToItsEnd) {
  auto const session = running();
  ASSERT_TRUE(loop.run(open_watch(*api, watch(session.id, 'a'))));
  ASSERT_TRUE(loop.run(open_watch(*api, watch(session.id, 'a')))) << "the same tab, connected again";
  auto const shown = read(session.id);
  auto const& watchers = shown.notices.at("watchers").as_array();
  ASSERT_EQ(watchers.size(), 1U);
  EXPECT_EQ(watchers[0].at("name").as_string(), "First Administrator");
  EXPECT_EQ(count("select count(*) from audit where action = 'session.view'"), 1);

  auto stolen = watch(session.id, 'a');
  stolen.watcher = basics.user;
  EXPECT_EQ(loop.run(open_watch(*api, stolen)).error().code, Code::kConflict);
  EXPECT_EQ(loop.run(renew_watch(*api, session.id, std::string(32, 'a'), basics.user)).error().code,
            Code::kNotFound);
  ASSERT_TRUE(loop.run(renew_watch(*api, session.id, std::string(32, 'a'), basics.administrator)));

  ASSERT_TRUE(loop.run(close_watch(*api, session.id, std::string(32, 'a'), basics.administrator, actor)));
  EXPECT_TRUE(read(session.id).notices.at("watchers").as_array().empty());
  EXPECT_EQ(count("select count(*) from audit where action = 'session.view_end'"), 1);
  EXPECT_FALSE(loop.run(renew_watch(*api, session.id, std::string(32, 'a'), basics.administrator)));
}

TEST_F(Administration, AViewThatNobodyRenewsIsEndedByTheManager) {
  auto const session = running();
  ASSERT_TRUE(loop.run(open_watch(*api, watch(session.id, 'a'))));
  ASSERT_TRUE(loop.run(open_watch(*api, watch(session.id, 'b'))));
  EXPECT_EQ(*loop.run(close_lapsed_watches(*manager)), 0U);
  ASSERT_TRUE(
      loop.run(owner->query("update session_watches set renewed_at = now() - interval '50 seconds' "
                            "where viewer = 'aaaaaaaa-aaaa-aaaa-aaaa-aaaaaaaaaaaa'")));
  EXPECT_EQ(*loop.run(close_lapsed_watches(*manager)), 1U);
  EXPECT_EQ(read(session.id).notices.at("watchers").as_array().size(), 1U);
  for (char digit = '1'; digit <= '7'; ++digit)
    ASSERT_TRUE(loop.run(open_watch(*api, watch(session.id, digit))));
  EXPECT_EQ(loop.run(open_watch(*api, watch(session.id, '9'))).error().code, Code::kConflict);
}

TEST_F(Administration, TheReasonOfAnEndIsKept) {
  auto const session = running();
  ASSERT_TRUE(
      loop.run(desire_end(*api, session.id, actor, {"ended_by_administrator", "The host is replaced."})));
  auto const ended = read(session.id);
  EXPECT_EQ(ended.reason_code, "ended_by_administrator");
  EXPECT_EQ(ended.reason, "The host is replaced.");
  EXPECT_EQ(
      count("select count(*) from audit where action = 'session.end' and detail ->> 'reason' is not null"),
      1);
}

TEST_F(Administration, ADrainingServerTakesNothingNewAndKeepsWhatItHas) {
  auto const kept = running();
  auto const drained = loop.run(change_agent(*api, agent, {.draining = true}, actor));
  ASSERT_TRUE(drained) << drained.error();
  EXPECT_TRUE(drained->draining);
  EXPECT_EQ(drained->sessions, 1);
  auto const refused = *loop.run(place_session(*manager, launched().id));
  EXPECT_EQ(refused->session.state, SessionState::kFailed);
  EXPECT_NE(refused->session.reason->find("alpha is draining"), std::string::npos)
      << *refused->session.reason;
  EXPECT_EQ(read(kept.id).state, SessionState::kRunning);
  // An agent that comes back, and any heartbeat, leave it draining.
  ASSERT_TRUE(loop.run(open_channel(*manager, agent, "2")));
  ASSERT_TRUE(loop.run(check_in(
      *manager, agent,
      {{"hostname", "alpha"}, {"cores_total", 16}, {"memory_total_bytes", std::int64_t{64} << 30}}, {})));
  EXPECT_EQ(loop.run(place_session(*manager, launched().id)).value()->session.state, SessionState::kFailed);
  ASSERT_TRUE(loop.run(change_agent(*api, agent, {.draining = false}, actor)));
  EXPECT_EQ(loop.run(place_session(*manager, launched().id)).value()->session.state, SessionState::kPlaced);
  EXPECT_EQ(count("select count(*) from audit where action in ('agent.drain', 'agent.undrain')"), 2);
}

TEST_F(Administration, AServersSettingsAreKeptAndEachChangeIsAudited) {
  auto const before = *loop.run(find_agent(*api, agent));
  auto const changed = *loop.run(change_agent(*api, agent,
                                              {.enabled = false,
                                               .labels = domain::Labels{{"rack", "b12"}},
                                               .cores_override = 3,
                                               .memory_override_bytes = 5},
                                              actor));
  EXPECT_FALSE(changed.enabled);
  EXPECT_EQ(changed.labels.at("rack"), "b12");
  EXPECT_EQ(capacity_of(changed).cores_total, 3);
  EXPECT_GT(changed.state_since, before->state_since);
  EXPECT_EQ(count("select count(*) from audit where object_kind = 'agent'"), 3);
  // The same again is no change.
  auto const same = *loop.run(change_agent(*api, agent, {.enabled = false}, actor));
  EXPECT_EQ(same.state_since, changed.state_since);
  EXPECT_EQ(count("select count(*) from audit where object_kind = 'agent'"), 3);
  auto const cleared =
      *loop.run(change_agent(*api, agent, {.cores_override = 0, .memory_override_bytes = 0}, actor));
  EXPECT_FALSE(cleared.cores_override);
  EXPECT_EQ(capacity_of(cleared).cores_total, 16);
  EXPECT_EQ(loop.run(change_agent(*api, AgentId::random(), {}, actor)).error().code, Code::kNotFound);
}

TEST_F(Administration, ARemovedServerIsGoneAndItsSessionsFailWithTheReason) {
  auto const session = running();
  EXPECT_EQ(loop.run(remove_agent(*api, agent, actor)).error().code, Code::kConflict) << "it answers";
  ASSERT_TRUE(loop.run(
      owner->query("update agents set state = 'unreachable', last_seen_at = now() - interval '1 hour'")));
  ASSERT_TRUE(loop.run(remove_agent(*api, agent, actor)));
  EXPECT_TRUE(loop.run(list_agents(*api))->empty());
  EXPECT_FALSE(*loop.run(find_agent(*manager, agent)));
  EXPECT_EQ(loop.run(open_channel(*manager, agent, "3")).error().code, Code::kNotFound);
  EXPECT_EQ(loop.run(check_in(*manager, agent, {}, {})).error().code, Code::kNotFound);
  EXPECT_EQ(loop.run(fail_sessions_of_removed_agents(*manager))->size(), 1U);
  EXPECT_TRUE(loop.run(fail_sessions_of_removed_agents(*manager))->empty());
  auto const failed = read(session.id);
  EXPECT_EQ(failed.state, SessionState::kFailed);
  EXPECT_EQ(failed.reason_code, "server_removed");
  EXPECT_NE(failed.reason->find("alpha"), std::string::npos);
  EXPECT_TRUE(failed.released_at);
  EXPECT_EQ(failed.server, "alpha") << "history keeps the name";
  EXPECT_EQ(count("select count(*) from audit where action = 'agent.remove'"), 1);
}

TEST_F(Administration, AnAgentsLogIsBoundedAndInOrder) {
  EXPECT_FALSE(*loop.run(is_agent_log_wanted(*manager, agent)));
  ASSERT_TRUE(loop.run(want_agent_log(*api, agent)));
  EXPECT_TRUE(*loop.run(is_agent_log_wanted(*manager, agent)));
  EXPECT_EQ(loop.run(want_agent_log(*api, AgentId::random())).error().code, Code::kNotFound);
  for (int round = 0; round < 7; ++round) {
    std::vector<std::string> lines;
    for (int i = 0; i < 100; ++i) lines.push_back(std::to_string(round * 100 + i));
    ASSERT_TRUE(loop.run(record_agent_log(*manager, agent, std::move(lines))));
  }
  auto const kept = *loop.run(list_agent_log(*api, agent, 0));
  ASSERT_EQ(kept.size(), limits::kLogRingLines);
  for (std::size_t i = 0; i < kept.size(); ++i) EXPECT_EQ(kept[i].line, std::to_string(200 + i));
  EXPECT_EQ(loop.run(list_agent_log(*api, agent, kept[497].id))->size(), 2U);
  ASSERT_TRUE(loop.run(forget_agent_log(*manager, agent)));
  EXPECT_TRUE(loop.run(list_agent_log(*api, agent, 0))->empty());
}

TEST_F(Administration, ServicesMayTouchOnlyWhatTheyNeed) {
  auto const forbidden = [this](postgres::Database& database, std::string sql) {
    auto const outcome = loop.run(database.query(sql));
    ASSERT_FALSE(outcome) << sql;
    EXPECT_EQ(outcome.error().code, Code::kForbidden) << sql << ": " << outcome.error();
  };
  forbidden(*api, "update session_messages set text = 'x'");
  forbidden(*api, "delete from session_messages");
  forbidden(*api, "update session_watches set watcher = 'x'");
  forbidden(*api, "insert into agent_log (agent_id, line) values (gen_random_uuid(), 'x')");
  forbidden(*api, "update agents set public_key = '\\x00'");
  forbidden(*manager, "select text from session_messages");
  forbidden(*manager,
            "insert into session_watches (session_id, viewer, watcher_id, watcher) values "
            "(gen_random_uuid(), gen_random_uuid(), gen_random_uuid(), 'x')");
}

/// Every order's pages hold each session once, in that order, also where keys are equal.
TEST_F(Administration, EachOrderIsPagedWithoutGapsOrRepeats) {
  ASSERT_TRUE(loop.run(owner->query(
      "insert into sessions (id, user_id, image_id, cores, memory_bytes, state, desired, cpu, "
      "memory_used_bytes, "
      "viewers, created_at, ended_at, released_at) select gen_random_uuid(), case when n % 3 = 0 then '" +
      basics.administrator.dashed() + "'::uuid else '" + basics.user.dashed() + "'::uuid end, '" +
      basics.image.dashed() +
      "', 1, 1, case when n % 5 = 0 then 'failed' else 'ended' end, 'ended', (n % 7) / 10.0, n % 4, n % 2, "
      "now() - (n / 2) * interval '1 minute', now() - (n % 10) * interval '1 second', now() "
      "from generate_series(1, 61) n")));
  for (auto const name :
       {"age", "ended", "workspace", "user", "state", "server", "cpu", "memory", "viewers"}) {
    for (auto const reversed : {false, true}) {
      SessionFilter filter;
      filter.states = {SessionState::kEnded, SessionState::kFailed};
      filter.order = *parse_session_order(name);
      filter.reversed = reversed;
      filter.limit = 7;
      std::set<SessionId> seen;
      std::vector<double> cpus;
      for (int page = 0; page < 20; ++page) {
        auto const listed = loop.run(list_sessions(*api, filter));
        ASSERT_TRUE(listed) << name << ": " << listed.error();
        for (auto const& session : listed->sessions) {
          EXPECT_TRUE(seen.insert(session.id).second) << name;
          cpus.push_back(session.cpu);
        }
        if (!listed->next_cursor) break;
        filter.cursor = listed->next_cursor;
      }
      EXPECT_EQ(seen.size(), 61U) << name << (reversed ? " reversed" : "");
      if (filter.order == SessionOrder::kCpu) {
        EXPECT_TRUE(reversed ? std::ranges::is_sorted(cpus, std::greater()) : std::ranges::is_sorted(cpus));
      }
    }
  }
  SessionFilter filter;
  filter.states = {SessionState::kEnded, SessionState::kFailed};
  EXPECT_EQ(*loop.run(count_sessions(*api, filter)), 61);
  filter.username = "ADMIN@oriel.local";
  EXPECT_EQ(*loop.run(count_sessions(*api, filter)), 20);
  EXPECT_EQ(loop.run(list_sessions(*api, filter))->sessions.size(), 20U);
  filter.username = "nobody";
  EXPECT_EQ(*loop.run(count_sessions(*api, filter)), 0);
  filter = {};
  filter.order = SessionOrder::kMemory;
  for (auto const& cursor : std::initializer_list<std::string>{
           "", "-", "zz-" + std::string(32, '0'), hex(as_bytes("x")) + "-" + std::string(32, '0'),
           hex(as_bytes("1")) + "-short"}) {
    filter.cursor = cursor;
    EXPECT_EQ(loop.run(list_sessions(*api, filter)).error().code, Code::kInvalid) << cursor;
  }
}

/// The plan, not the clock: a long history is never read through for one page.
TEST_F(Administration, AHundredThousandEndedSessionsDoNotSlowThePages) {
  ASSERT_TRUE(loop.run(owner->script(
      "alter table sessions disable trigger user; "
      "insert into sessions (id, user_id, image_id, agent_id, cores, memory_bytes, state, desired, "
      "created_at, ended_at, "
      "released_at) select gen_random_uuid(), '" +
      basics.user.dashed() + "', '" + basics.image.dashed() + "', '" + agent.dashed() +
      "', 1, 1, 'ended', 'ended', now() - n * interval '1 minute', now() - n * interval '1 minute', now() "
      "from generate_series(1, 100000) n; alter table sessions enable trigger user; analyze sessions")));
  auto const live = running();
  auto const one = test.open(loop.executor(), "oriel_api", 1);
  ASSERT_TRUE(loop.run(owner->script("select pg_stat_reset()")));
  auto const page = *loop.run(list_sessions(*one, {}));
  ASSERT_EQ(page.sessions.size(), 1U);
  EXPECT_EQ(page.sessions[0].id, live.id);
  SessionFilter history;
  history.states = {SessionState::kEnded, SessionState::kFailed};
  for (auto const order : {SessionOrder::kAge, SessionOrder::kEnded}) {
    history.order = order;
    history.cursor.reset();
    for (int i = 0; i < 3; ++i) {
      auto const listed = *loop.run(list_sessions(*one, history));
      ASSERT_EQ(listed.sessions.size(), 100U);
      history.cursor = listed.next_cursor;
    }
  }
  history.username = "user@oriel.local";
  history.order = SessionOrder::kAge;
  history.cursor.reset();
  ASSERT_EQ(loop.run(list_sessions(*one, history))->sessions.size(), 100U);
  // The connection's own numbers are written at once, and a second statement sees to it.
  ASSERT_TRUE(loop.run(one->query("select pg_stat_force_next_flush()")));
  ASSERT_TRUE(loop.run(one->query("select 1")));
  EXPECT_EQ(count("select seq_tup_read as count from pg_stat_user_tables where relname = 'sessions'"), 0);
  EXPECT_LT(count("select idx_tup_fetch as count from pg_stat_user_tables where relname = 'sessions'"), 5000);
}

}  // namespace
}  // namespace oriel::store
