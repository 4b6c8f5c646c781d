#pragma once

#include <span>
#include <string>
#include <string_view>
#include <vector>

#include "libs/postgres/database.h"

/// All SQL of Oriel: one function for each purpose, each one statement or one transaction. The Database must
/// outlive the call; parameters are copied.
namespace oriel::store {

/// One numbered file of libs/store/migrations, embedded when the library is built.
struct Migration {
  int number;
  std::string_view name;  ///< `0001_initial`
  std::string_view sql;
};
[[nodiscard]] std::span<Migration const> migrations();

/// Applies what is missing, in order, each in one transaction, under an advisory lock: several may call it at
/// once. Connected as the owner of the schema. Gives the names applied now. kConflict when an applied file
/// has changed since, or the database is newer than this build.
[[nodiscard]] Async<Result<std::vector<std::string>>> migrate(postgres::Database& database);

/// The highest migration applied; 0 for an empty database. Services refuse to start below what they were
/// built for.
[[nodiscard]] Async<Result<int>> schema_version(postgres::Database& database);

}  // namespace oriel::store
