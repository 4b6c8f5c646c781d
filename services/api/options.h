#pragma once

#include <optional>
#include <string>

#include <sys/types.h>

#include "libs/base/result.h"
#include "libs/base/uri.h"
#include "libs/crypto/crypto.h"
#include "libs/postgres/database.h"
#include "libs/redis/redis.h"
#include "services/api/addresses.h"

namespace oriel::api {

/// What the API service is told at its start: config.json and the secrets beside it.
struct Options {
  std::string instance = "oriel";
  std::string home{};
  Endpoint socket{};                        ///< where the proxy finds us
  std::optional<gid_t> proxy_group{64024};  ///< may connect to the socket
  postgres::DatabaseOptions database{};
  redis::RedisOptions redis{};
  crypto::Key token_key{};  ///< keyed hashes of cookies, keys and links
  Addresses addresses{};
  std::string web_root{};
};

/// From `--config FILE` and `secrets/api` beside it; `socket`, where not empty, is listened on instead of the
/// configuration's. Reads files; blocks.
[[nodiscard]] Result<Options> read_options(std::string const& config_file, std::string const& socket = {});

}  // namespace oriel::api
