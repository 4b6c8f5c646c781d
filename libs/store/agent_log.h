#pragma once

#include <chrono>
#include <cstdint>
#include <string>
#include <vector>

#include "libs/base/id.h"
#include "libs/base/limits.h"
#include "libs/postgres/database.h"

/// An agent's own log on its way to an administrator's page. It is kept only while somebody reads it, and
/// holds at most limits::kLogRingLines lines of each agent.
namespace oriel::store {

/// Somebody reads: the agent is asked for its log for so long from now. kNotFound when absent.
[[nodiscard]] Async<Result<>> want_agent_log(postgres::Database& database, AgentId agent,
                                             std::chrono::seconds lasting = limits::kLogWanted);
[[nodiscard]] Async<Result<bool>> is_agent_log_wanted(postgres::Database& database, AgentId agent);

/// Nothing is kept of it: what comes next is the whole of it.
[[nodiscard]] Async<Result<>> forget_agent_log(postgres::Database& database, AgentId agent);
/// Adds lines, oldest first, and forgets the oldest beyond the bound.
[[nodiscard]] Async<Result<>> record_agent_log(postgres::Database& database, AgentId agent,
                                               std::vector<std::string> lines);

struct AgentLogLine {
  std::int64_t id = 0;
  std::string line{};  ///< as the agent wrote it: JSON, not to be believed
};
/// Lines after that one, oldest first.
[[nodiscard]] Async<Result<std::vector<AgentLogLine>>> list_agent_log(postgres::Database& database,
                                                                      AgentId agent, std::int64_t after);

}  // namespace oriel::store
