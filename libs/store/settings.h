#pragma once

#include <optional>
#include <string>

#include "libs/base/json.h"
#include "libs/domain/placement.h"
#include "libs/postgres/database.h"

namespace oriel::store {

[[nodiscard]] Async<Result<>> set_setting(postgres::Database& database, std::string name, json::Value value);

/// Settings `placement.cores_overcommit`, `placement.memory_kept_bytes`, `placement.disk_minimum_bytes`,
/// `placement.slots`; what is absent or out of range keeps its default.
[[nodiscard]] Async<Result<domain::PlacementPolicy>> find_placement_policy(postgres::Database& database);

/// Names the installation in its database, once. kConflict when it holds another instance's data.
[[nodiscard]] Async<Result<>> ensure_installation(postgres::Database& database, std::string instance);

}  // namespace oriel::store
