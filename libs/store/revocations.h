#pragma once

#include <chrono>
#include <cstdint>
#include <string>
#include <vector>

#include "libs/async/async.h"
#include "libs/base/clock.h"
#include "libs/base/result.h"
#include "libs/postgres/database.h"

/// Rights to watch that ended. The database's own triggers write them; Managers read them and close streams.
namespace oriel::store {

struct Revocation {
  std::int64_t id = 0;
  WallTime at{};
  std::string viewer{};  ///< a viewer's id, or the grant (SignIn::owner_grant …) by which viewers came
};

/// In the order in which they were written, at most limits::kRevocations, without those `known` by their id.
[[nodiscard]] Async<Result<std::vector<Revocation>>> list_revocations(postgres::Database& database,
                                                                      WallTime since,
                                                                      std::vector<std::int64_t> known = {});
/// Those that no sign-in can outlive. How many went.
[[nodiscard]] Async<Result<std::size_t>> forget_revocations(postgres::Database& database,
                                                            std::chrono::seconds older_than);

}  // namespace oriel::store
