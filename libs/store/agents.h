#pragma once

#include <chrono>
#include <cstdint>
#include <optional>
#include <string>
#include <vector>

#include "libs/base/clock.h"
#include "libs/base/id.h"
#include "libs/base/json.h"
#include "libs/base/text.h"
#include "libs/domain/labels.h"
#include "libs/domain/placement.h"
#include "libs/postgres/database.h"
#include "libs/store/audit.h"

namespace oriel::store {

/// One agent: a server that runs sessions. One that was removed is in no list and finds no channel.
struct Agent {
  AgentId id{};
  std::string hostname{};
  ZoneId zone{};
  std::string zone_name{};
  Bytes public_key{};  ///< 32 bytes, Ed25519
  std::string certificate_pem{};
  bool enabled = true;
  bool draining = false;  ///< keeps its sessions, takes no new ones
  domain::Labels labels{};
  domain::AgentState state = domain::AgentState::kUnreachable;
  WallTime state_since{};  ///< of state, enabled and draining together
  std::optional<WallTime> last_seen_at{};
  std::string version{};
  std::optional<double> cores_override{};
  std::optional<std::int64_t> memory_override_bytes{};
  json::Object resources{};  ///< protocol/agent Resources, as last reported
  json::Array images{};      ///< inventory images, as last reported
  json::Array networks{};
  std::int64_t channel_epoch = 0;  ///< grows with each accepted channel
  WallTime created_at{};
  // Sums over sessions that may still hold something there.
  int sessions = 0;
  double cores_reserved = 0;
  std::int64_t memory_reserved_bytes = 0;
};

/// What placement sees of it: overrides applied, foreign JSON read leniently.
[[nodiscard]] domain::ServerCapacity capacity_of(Agent const& agent);

struct NewAgent {
  AgentId id{};
  std::string hostname{};
  Bytes public_key{};
  std::string certificate_pem{};
  std::string zone = "default";
  std::string address{};
};
/// One transaction: takes the enrolment token (keyed hash, hex), inserts the agent into the zone, audits.
/// kUnauthenticated when the token is unknown, spent or expired.
[[nodiscard]] Async<Result<Agent>> enrol_agent(postgres::Database& database, std::string token_hash,
                                               NewAgent agent);

[[nodiscard]] Async<Result<std::optional<Agent>>> find_agent(postgres::Database& database, AgentId agent);
[[nodiscard]] Async<Result<std::vector<Agent>>> list_agents(postgres::Database& database);

/// A channel was accepted: channel_epoch + 1, online, seen now. Gives the epoch; kNotFound when absent.
[[nodiscard]] Async<Result<std::int64_t>> open_channel(postgres::Database& database, AgentId agent,
                                                       std::string version);
/// A heartbeat: seen now, online, resources as reported. `sent_at`, by the agent's clock, becomes the
/// resources' `clock_difference_ms`: before (+) or behind (-) the database's. kNotFound when absent.
[[nodiscard]] Async<Result<>> check_in(postgres::Database& database, AgentId agent, json::Object resources,
                                       std::optional<WallTime> sent_at);
/// Replaces the inventory.
[[nodiscard]] Async<Result<>> record_inventory(postgres::Database& database, AgentId agent,
                                               json::Array images, json::Array networks);

struct AgentStateChange {
  AgentId id{};
  std::string hostname{};
  domain::AgentState state{};
};
/// Marks agents suspect or unreachable by the database's clock; gives those that changed. Sessions stay as
/// they are.
[[nodiscard]] Async<Result<std::vector<AgentStateChange>>> mark_silent_agents(
    postgres::Database& database, std::chrono::seconds suspect_after = std::chrono::seconds(15),
    std::chrono::seconds unreachable_after = std::chrono::seconds(30));

}  // namespace oriel::store
