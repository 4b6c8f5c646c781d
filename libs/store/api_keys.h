#pragma once

#include <optional>
#include <string>
#include <vector>

#include "libs/base/clock.h"
#include "libs/base/id.h"
#include "libs/domain/permissions.h"
#include "libs/postgres/database.h"

namespace oriel::store {

struct ApiKey {
  ApiKeyId id{};
  std::string name{};
  std::string secret_hash{};  ///< hex of the keyed hash
  bool enabled = true;
  bool read_only = false;
  std::optional<WallTime> expires_at{};
  bool expired = false;  ///< by the database's clock
  domain::PermissionSet permissions{};
};

/// Empty when unknown. Writes down its last use, at most once a minute.
[[nodiscard]] Async<Result<std::optional<ApiKey>>> find_api_key(postgres::Database& database,
                                                                std::string key);

struct NewApiKey {
  std::string name{};
  std::string key{};
  std::string secret_hash{};
  std::vector<int> permissions{};
  bool read_only = false;
  bool enabled = true;
};
/// Makes it when the key is free; an existing one keeps everything. True: made.
[[nodiscard]] Async<Result<bool>> ensure_api_key(postgres::Database& database, NewApiKey api_key);

}  // namespace oriel::store
