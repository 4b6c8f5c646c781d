#pragma once

#include <memory>
#include <string>

#include "libs/testing/temporary_directory.h"

namespace oriel::testing {

/// A private PostgreSQL 15 cluster on a unix socket, for tests: durability off, superuser `postgres`, trust.
/// Takes a second to start: one per test program (`static`), one database per test. Throws std::runtime_error
/// when it cannot.
class PostgresServer {
 public:
  PostgresServer();
  ~PostgresServer();
  PostgresServer(PostgresServer const&) = delete;
  PostgresServer& operator=(PostgresServer const&) = delete;

  /// Creates a database and gives its connection string; `as_template` is an existing one to copy.
  [[nodiscard]] std::string create_database(std::string const& name,
                                            std::string const& as_template = "template0");
  /// `host=… dbname=… user=postgres`.
  [[nodiscard]] std::string connection(std::string const& database = "postgres",
                                       std::string const& user = "postgres") const;
  [[nodiscard]] std::string socket_directory() const;

  /// As `pg_ctl stop -m immediate` and start: for reconnecting.
  void crash();
  void start();

 private:
  TemporaryDirectory directory_;
  bool running_ = false;
};

}  // namespace oriel::testing
