#pragma once

#include <memory>
#include <string>

#include "libs/postgres/database.h"
#include "libs/store/users.h"
#include "libs/testing/postgres_server.h"

namespace oriel::store::testing {

/// A migrated database of its own for one test, copied from a template; the cluster is shared by the test
/// program. Connect as `postgres` (everything), `oriel_api` or `oriel_manager`, as the services do.
class TestDatabase {
 public:
  TestDatabase();

  /// `host=… dbname=… user=…`.
  [[nodiscard]] std::string connection(std::string const& role = "postgres") const;
  [[nodiscard]] std::unique_ptr<postgres::Database> open(Executor executor,
                                                         std::string const& role = "postgres",
                                                         std::size_t connections = 8) const;
  [[nodiscard]] static oriel::testing::PostgresServer& server();

 private:
  std::string name_;
};

/// The default zone, both groups with their permissions, a user in All Users and one workspace granted to it.
struct Basics {
  ZoneId zone{};
  UserId user{};
  UserId administrator{};
  ImageId image{};
};
[[nodiscard]] Async<Result<Basics>> fill_basics(postgres::Database& database);

/// An agent that is online, with `memory_bytes`, `cores` and the workspace's image present.
[[nodiscard]] Async<Result<AgentId>> add_agent(postgres::Database& database, Basics basics,
                                               std::string hostname, double cores, std::int64_t memory_bytes);

}  // namespace oriel::store::testing
