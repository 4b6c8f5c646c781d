#pragma once

#include <optional>
#include <string>

#include "libs/base/text.h"
#include "libs/postgres/database.h"
#include "libs/store/agents.h"

namespace oriel::store {

/// The agent that was enrolled with this spent token (keyed hash, hex) and this public key, while the token
/// has not expired: for an agent that never got the answer. Empty otherwise.
[[nodiscard]] Async<Result<std::optional<Agent>>> find_enrolled_agent(postgres::Database& database,
                                                                      std::string token_hash,
                                                                      Bytes public_key);

}  // namespace oriel::store
