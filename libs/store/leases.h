#pragma once

#include <chrono>
#include <cstdint>
#include <optional>
#include <string>

#include "libs/base/clock.h"
#include "libs/postgres/database.h"

namespace oriel::store {

struct Lease {
  std::string holder{};
  std::int64_t epoch = 0;  ///< grows each time another holder takes it: stamped on what the holder commands
  WallTime expires_at{};   ///< database time
};

/// Takes a free or expired lease, or renews the holder's own (same epoch). Empty: somebody else holds it.
[[nodiscard]] Async<Result<std::optional<Lease>>> take_lease(postgres::Database& database, std::string name,
                                                             std::string holder,
                                                             std::chrono::milliseconds duration);
/// Lets another take it at once.
[[nodiscard]] Async<Result<>> release_lease(postgres::Database& database, std::string name,
                                            std::string holder);

}  // namespace oriel::store
