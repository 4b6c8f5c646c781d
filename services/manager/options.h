#pragma once

#include <optional>
#include <string>

#include <sys/types.h>

#include "libs/base/result.h"
#include "libs/base/uri.h"
#include "libs/crypto/crypto.h"
#include "libs/postgres/database.h"

namespace oriel::manager {

/// The installation's CA: signs agents' certificates.
struct Authority {
  crypto::SigningKey key{};
  std::string certificate_pem{};
};

/// What the manager is told at its start: config.json and the secrets beside it.
struct Options {
  Endpoint socket{};                        ///< agents' channel, enrolment, live and ready
  std::optional<gid_t> agent_group{64024};  ///< of the socket: nginx and the agent are in it
  postgres::DatabaseOptions database{};
  Authority authority{};
  crypto::Key token_key{};
  crypto::Key seal_key{};
  std::string zone = "default";  ///< of agents that enrol
};

/// From `--config FILE` and `secrets/manager`, `ca` beside it. Reads files; blocks.
[[nodiscard]] Result<Options> read_options(std::string const& config_file);

}  // namespace oriel::manager
