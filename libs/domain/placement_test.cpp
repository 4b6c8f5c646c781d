#include "libs/domain/placement.h"

#include <gtest/gtest.h>

namespace oriel::domain {
namespace {

constexpr std::int64_t kGibibyte = std::int64_t{1} << 30;

ServerCapacity server(std::uint8_t number, std::string hostname) {
  ServerCapacity result;
  oriel::detail::IdBytes bytes{};
  bytes[15] = number;
  result.id = AgentId(bytes);
  result.hostname = std::move(hostname);
  result.state = AgentState::kOnline;
  result.cores_total = 2;
  result.memory_total_bytes = 8 * kGibibyte;
  result.disk_total_bytes = 100 * kGibibyte;
  result.disk_used_bytes = 10 * kGibibyte;
  result.images = {{"oriel/firefox:1", "sha256:aa", ImagePresence::kPresent, 100}};
  return result;
}

PlacementRequest request() {
  PlacementRequest result;
  result.cores = 2;
  result.memory_bytes = 2 * kGibibyte;
  result.image_reference = "oriel/firefox:1";
  return result;
}

PlacementCheck const& check_of(PlacementDecision const& decision, CheckKind kind) {
  for (auto const& check : decision.servers.at(0).checks) {
    if (check.check == kind) return check;
  }
  throw std::logic_error("no such check");
}

TEST(Placement, TakesTheServerThatFits) {
  auto const servers = std::vector{server(1, "alpha")};
  auto const decision = place(request(), servers);
  ASSERT_TRUE(decision.agent);
  EXPECT_EQ(*decision.agent, servers[0].id);
}

TEST(Placement, SaysForEachServerWhatStoodInTheWay) {
  auto full = server(1, "alpha");
  full.memory_reserved_bytes = 6 * kGibibyte;
  auto const decision = place(request(), std::vector{full});
  EXPECT_FALSE(decision.agent);
  auto const& memory = check_of(decision, CheckKind::kMemory);
  EXPECT_FALSE(memory.ok);
  EXPECT_EQ(memory.message, "has 1.5 GiB of memory free, 2.0 GiB are needed");
  EXPECT_EQ(decision.summary(),
            "No server can start this workspace now: alpha has 1.5 GiB of memory free, 2.0 GiB are needed.");
}

TEST(Placement, CoresAreSharedFourTimesAndMemoryNever) {
  auto busy = server(1, "alpha");
  busy.cores_reserved = 6;
  EXPECT_TRUE(place(request(), std::vector{busy}).agent);
  busy.cores_reserved = 6.5;
  EXPECT_FALSE(place(request(), std::vector{busy}).agent);
  PlacementPolicy strict;
  strict.cores_overcommit = 1;
  busy.cores_reserved = 0.5;
  EXPECT_FALSE(place(request(), std::vector{busy}, strict).agent);

  auto exact = server(2, "beta");
  exact.memory_total_bytes = 2 * kGibibyte + (kGibibyte / 2);
  EXPECT_TRUE(place(request(), std::vector{exact}).agent);
  exact.memory_total_bytes -= 1;
  EXPECT_FALSE(place(request(), std::vector{exact}).agent);
}

TEST(Placement, EachCheckAloneRefuses) {
  struct Case {
    CheckKind check;
    void (*spoil)(ServerCapacity&);
  };
  constexpr Case kCases[] = {
      {CheckKind::kEnabled, [](ServerCapacity& s) { s.enabled = false; }},
      {CheckKind::kEnabled, [](ServerCapacity& s) { s.draining = true; }},
      {CheckKind::kReachable, [](ServerCapacity& s) { s.state = AgentState::kSuspect; }},
      {CheckKind::kReachable, [](ServerCapacity& s) { s.state = AgentState::kUnreachable; }},
      {CheckKind::kImage, [](ServerCapacity& s) { s.images.clear(); }},
      {CheckKind::kImage, [](ServerCapacity& s) { s.images[0].state = ImagePresence::kPulling; }},
      {CheckKind::kImage, [](ServerCapacity& s) { s.images[0].id = "sha256:bb"; }},
      {CheckKind::kCores, [](ServerCapacity& s) { s.cores_total = 0.4; }},
      {CheckKind::kMemory, [](ServerCapacity& s) { s.memory_total_bytes = kGibibyte; }},
      {CheckKind::kDisk, [](ServerCapacity& s) { s.disk_used_bytes = s.disk_total_bytes; }},
      {CheckKind::kZone, [](ServerCapacity& s) { s.zone = ZoneId::random(); }},
      {CheckKind::kSlots, [](ServerCapacity& s) { s.sessions = 200; }},
  };
  for (auto const& one : kCases) {
    auto spoilt = server(1, "alpha");
    auto wanted = request();
    wanted.image_id = "sha256:aa";
    wanted.zone = spoilt.zone;
    ASSERT_TRUE(place(wanted, std::vector{spoilt}).agent);
    one.spoil(spoilt);
    auto const decision = place(wanted, std::vector{spoilt});
    EXPECT_FALSE(decision.agent) << text(one.check);
    for (auto const& check : decision.servers[0].checks) {
      EXPECT_EQ(check.ok, check.check != one.check) << text(check.check) << ": " << check.message;
    }
  }
}

TEST(Placement, SpreadsByWhatIsLeft) {
  auto first = server(1, "alpha");
  auto second = server(2, "beta");
  first.memory_reserved_bytes = 3 * kGibibyte;
  EXPECT_EQ(place(request(), std::vector{first, second}).agent, second.id);
  second.cores_reserved = 5;
  EXPECT_EQ(place(request(), std::vector{first, second}).agent, first.id);
}

TEST(Placement, EqualServersAreChosenAlikeInAnyOrder) {
  auto const first = server(1, "alpha");
  auto const second = server(2, "beta");
  EXPECT_EQ(place(request(), std::vector{first, second}).agent, first.id);
  EXPECT_EQ(place(request(), std::vector{second, first}).agent, first.id);
}

TEST(Placement, WithoutServersItSaysSo) {
  auto const decision = place(request(), {});
  EXPECT_FALSE(decision.agent);
  EXPECT_EQ(decision.summary(), "No server has joined this installation yet.");
}

}  // namespace
}  // namespace oriel::domain
