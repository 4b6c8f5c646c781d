#pragma once

#include <cstdint>
#include <optional>

#include "libs/store/agents.h"

/// What an administrator sets on a server, and its removal.
namespace oriel::store {

/// What changes; absent members stay. Zero takes an override away.
struct AgentChange {
  std::optional<bool> enabled{};
  std::optional<bool> draining{};
  std::optional<domain::Labels> labels{};  ///< the whole of them
  std::optional<double> cores_override{};
  std::optional<std::int64_t> memory_override_bytes{};
};
/// One transaction with an audit line for each thing that did change. Placement sees it at once. kNotFound
/// when absent.
[[nodiscard]] Async<Result<Agent>> change_agent(postgres::Database& database, AgentId agent,
                                                AgentChange change, Actor actor);

/// Takes an unreachable server out of every list; the Manager fails its sessions. One transaction with its
/// audit line. kConflict when it still answers, kNotFound when absent.
[[nodiscard]] Async<Result<>> remove_agent(postgres::Database& database, AgentId agent, Actor actor);

/// Sessions that a removed server still held: failed, with the reason in words, and released. Gives them.
[[nodiscard]] Async<Result<std::vector<SessionId>>> fail_sessions_of_removed_agents(
    postgres::Database& database);

}  // namespace oriel::store
