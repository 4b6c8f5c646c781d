#pragma once

#include <string>

#include "libs/base/result.h"
#include "libs/postgres/database.h"

namespace oriel::setup {

/// What config.json and the secrets beside it say. Paths are below the installation's home.
struct Options {
  std::string instance{};
  std::string home{};
  std::string zone = "default";
  std::string socket_directory{};    ///< PostgreSQL's
  std::string superuser_password{};  ///< secrets/setup/database.password

  /// As the cluster's superuser, in the database `postgres`.
  [[nodiscard]] postgres::DatabaseOptions as_superuser() const;
  /// In our database, acting as oriel_owner, who owns the schema.
  [[nodiscard]] postgres::DatabaseOptions as_owner() const;
  /// A secret of a service: `api/database.password`.
  [[nodiscard]] Result<std::string> read_secret(std::string const& name) const;
};

/// Reads files; blocks.
[[nodiscard]] Result<Options> read_options(std::string const& config_file);

}  // namespace oriel::setup
