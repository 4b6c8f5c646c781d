#pragma once

#include <string>
#include <vector>

#include "libs/postgres/database.h"

namespace oriel::store {

/// Of these sign-ins, given and answered as their token's hash, the ones that may not be used any more:
/// ended, expired, idle for too long, or of a user who may not sign in. One query, however many are asked
/// for.
[[nodiscard]] Async<Result<std::vector<std::string>>> list_ended_sign_ins(
    postgres::Database& database, std::vector<std::string> token_hashes);

}  // namespace oriel::store
