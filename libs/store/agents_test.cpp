#include "libs/store/agents.h"

#include <gtest/gtest.h>

#include "libs/store/leases.h"
#include "libs/store/sign_ins.h"
#include "libs/store/testing/database.h"
#include "libs/testing/loop.h"

namespace oriel::store {
namespace {

using domain::AgentState;

class Agents : public ::testing::Test {
 protected:
  Agents() {
    owner = test.open(loop.executor());
    api = test.open(loop.executor(), "oriel_api");
    manager = test.open(loop.executor(), "oriel_manager");
    basics = *loop.run(testing::fill_basics(*owner));
  }
  NewAgent newcomer() const {
    NewAgent agent;
    agent.id = AgentId::random();
    agent.hostname = "alpha";
    agent.public_key = Bytes(32, 7);
    agent.certificate_pem = "pem";
    return agent;
  }
  oriel::testing::Loop loop;
  testing::TestDatabase test;
  std::unique_ptr<postgres::Database> owner;
  std::unique_ptr<postgres::Database> api;
  std::unique_ptr<postgres::Database> manager;
  testing::Basics basics;
};

TEST_F(Agents, AnEnrolmentTokenLetsOneAgentIn) {
  std::string const token(64, 'a');
  ASSERT_TRUE(loop.run(create_enrolment_token(*owner, token)));
  auto const agent = loop.run(enrol_agent(*manager, token, newcomer()));
  ASSERT_TRUE(agent) << agent.error();
  EXPECT_EQ(agent->zone_name, "default");
  EXPECT_EQ(agent->public_key, Bytes(32, 7));
  EXPECT_EQ(agent->state, AgentState::kUnreachable);
  EXPECT_EQ(loop.run(enrol_agent(*manager, token, newcomer())).error().code, Code::kUnauthenticated);
  EXPECT_EQ(loop.run(enrol_agent(*manager, std::string(64, 'b'), newcomer())).error().code,
            Code::kUnauthenticated);

  ASSERT_TRUE(loop.run(create_enrolment_token(*owner, std::string(64, 'c'), std::chrono::seconds(0))));
  EXPECT_EQ(loop.run(enrol_agent(*manager, std::string(64, 'c'), newcomer())).error().code,
            Code::kUnauthenticated);

  // A wrong zone leaves the token unspent.
  ASSERT_TRUE(loop.run(create_enrolment_token(*owner, std::string(64, 'd'))));
  auto lost = newcomer();
  lost.zone = "nowhere";
  EXPECT_EQ(loop.run(enrol_agent(*manager, std::string(64, 'd'), lost)).error().code, Code::kInvalid);
  EXPECT_TRUE(loop.run(enrol_agent(*manager, std::string(64, 'd'), newcomer())));
}

TEST_F(Agents, SilenceIsMarkedAndAHeartbeatHeals) {
  auto const id = *loop.run(testing::add_agent(*owner, basics, "alpha", 4, 1000));
  EXPECT_TRUE(loop.run(mark_silent_agents(*manager))->empty());
  ASSERT_TRUE(loop.run(owner->query("update agents set last_seen_at = now() - interval '20 seconds'")));
  auto const suspect = *loop.run(mark_silent_agents(*manager));
  ASSERT_EQ(suspect.size(), 1U);
  EXPECT_EQ(suspect[0].state, AgentState::kSuspect);
  EXPECT_TRUE(loop.run(mark_silent_agents(*manager))->empty());
  ASSERT_TRUE(loop.run(owner->query("update agents set last_seen_at = now() - interval '40 seconds'")));
  EXPECT_EQ(loop.run(mark_silent_agents(*manager))->at(0).state, AgentState::kUnreachable);
  ASSERT_TRUE(loop.run(check_in(*manager, id, {{"hostname", "beta"}, {"cores_total", 8}},
                                SystemClock().now() - std::chrono::hours(1))));
  auto const agent = **loop.run(find_agent(*manager, id));
  EXPECT_EQ(agent.state, AgentState::kOnline);
  EXPECT_EQ(agent.hostname, "beta");
  EXPECT_EQ(capacity_of(agent).cores_total, 8);
  auto const apart = agent.resources.at("clock_difference_ms").as_int64();
  EXPECT_NEAR(static_cast<double>(apart), -3'600'000.0, 30'000.0);
  ASSERT_TRUE(loop.run(check_in(*manager, id, {}, {})));
  auto const older = **loop.run(find_agent(*manager, id));
  EXPECT_TRUE(older.resources.at("clock_difference_ms").is_null()) << "an agent that does not say";
  EXPECT_EQ(loop.run(check_in(*manager, AgentId::random(), {}, {})).error().code, Code::kNotFound);
}

TEST_F(Agents, EachChannelHasANewEpoch) {
  auto const id = *loop.run(testing::add_agent(*owner, basics, "alpha", 4, 1000));
  EXPECT_EQ(*loop.run(open_channel(*manager, id, "1")), 1);
  EXPECT_EQ(*loop.run(open_channel(*manager, id, "2")), 2);
  EXPECT_EQ((**loop.run(find_agent(*manager, id))).version, "2");
}

TEST_F(Agents, CapacityReadsWhatAgentsSayWithCare) {
  Agent agent;
  agent.resources = {{"cores_total", "many"}, {"memory_total_bytes", -5}, {"disk_total_bytes", 1e300}};
  agent.images = {nullptr, {{"reference", 5}}, {{"reference", "a"}, {"state", "odd"}, {"progress", 1e9}}};
  auto const capacity = capacity_of(agent);
  EXPECT_EQ(capacity.cores_total, 0);
  EXPECT_EQ(capacity.memory_total_bytes, 0);
  EXPECT_EQ(capacity.disk_total_bytes, 9'000'000'000'000'000);
  ASSERT_EQ(capacity.images.size(), 2U);
  EXPECT_EQ(capacity.images[1].state, domain::ImagePresence::kAbsent);
  EXPECT_EQ(capacity.images[1].progress, 100);
  agent.cores_override = 3;
  agent.memory_override_bytes = 77;
  EXPECT_EQ(capacity_of(agent).cores_total, 3);
  EXPECT_EQ(capacity_of(agent).memory_total_bytes, 77);
}

TEST_F(Agents, ALeaseHasOneHolderAndAnEpochThatGrows) {
  auto const first = *loop.run(take_lease(*manager, "leader", "one", std::chrono::seconds(30)));
  ASSERT_TRUE(first);
  EXPECT_FALSE(*loop.run(take_lease(*manager, "leader", "two", std::chrono::seconds(30))));
  auto const again = *loop.run(take_lease(*manager, "leader", "one", std::chrono::seconds(30)));
  EXPECT_EQ(again->epoch, first->epoch);
  ASSERT_TRUE(loop.run(release_lease(*manager, "leader", "one")));
  auto const second = *loop.run(take_lease(*manager, "leader", "two", std::chrono::seconds(30)));
  ASSERT_TRUE(second);
  EXPECT_GT(second->epoch, first->epoch);
}

TEST_F(Agents, AClockThatWentBackKeepsNobodyFromLeading) {
  ASSERT_TRUE(*loop.run(take_lease(*manager, "leader", "one", std::chrono::seconds(30))));
  ASSERT_TRUE(loop.run(owner->query("update leases set expires_at = now() + interval '1 hour'")));
  auto const taken = *loop.run(take_lease(*manager, "leader", "two", std::chrono::seconds(30)));
  ASSERT_TRUE(taken);
  EXPECT_EQ(taken->holder, "two");
}

TEST_F(Agents, AClockThatWentBackHidesNoSilence) {
  auto const id = *loop.run(testing::add_agent(*owner, basics, "alpha", 4, 1000));
  ASSERT_TRUE(loop.run(owner->query("update agents set last_seen_at = now() + interval '1 hour'")));
  EXPECT_TRUE(loop.run(mark_silent_agents(*manager))->empty()) << "it is not blamed for the clock";
  auto const agent = **loop.run(find_agent(*manager, id));
  EXPECT_EQ(agent.state, AgentState::kOnline);
  auto const late =
      *loop.run(owner->query("select last_seen_at > now() + interval '1 second' as late from agents"));
  EXPECT_FALSE(late.front().boolean("late"));
}

}  // namespace
}  // namespace oriel::store
