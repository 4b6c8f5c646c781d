#pragma once

#include <chrono>
#include <cstddef>
#include <functional>
#include <memory>
#include <optional>
#include <string>
#include <utility>

#include "libs/async/async.h"
#include "libs/base/limits.h"
#include "libs/base/result.h"
#include "libs/postgres/parameters.h"
#include "libs/postgres/rows.h"

namespace oriel::postgres {

struct DatabaseOptions {
  /// A libpq connection string or URI without a password: `host=/run/… dbname=oriel user=oriel_api`.
  std::string connection;
  std::string password{};
  std::string role{};  ///< acted as from the start (SET ROLE); empty: the connection's own user
  std::string application_name = "oriel";
  std::size_t connections = limits::kPostgresConnections;
  std::chrono::milliseconds connect_deadline = limits::kPostgresConnect;
  std::chrono::milliseconds statement_deadline = limits::kPostgresStatement;
  std::chrono::milliseconds acquire_deadline = limits::kPostgresAcquire;
};

/// Something that runs statements: the pool, one pinned connection, or a transaction.
///
/// SQLSTATE becomes a Code: 23505 and 23P01 kConflict, other 23xxx and 22xxx kInvalid, 40001 and 40P01
/// kRetry, 08xxx, 57P0x, 53xxx kUnavailable, 57014 kTimeout, 42501 kForbidden, P0002 kNotFound, the rest
/// kInternal. The message holds the server's primary text and the constraint's name, never the values.
class Queryable {
 public:
  virtual ~Queryable() = default;

  /// One statement, prepared on first use on each connection. Cancelling closes that connection.
  [[nodiscard]] virtual Async<Result<Rows>> query(std::string sql, Parameters parameters = {}) = 0;

  /// Many statements separated by semicolons, without parameters, as one implicit transaction: migrations.
  /// Not bounded by the statement deadline but by `deadline`.
  [[nodiscard]] virtual Async<Result<>> script(
      std::string sql, std::chrono::milliseconds deadline = std::chrono::minutes(5)) = 0;
};

/// A pool of connections to one database. Connects when asked, with back-off after failures; a connection
/// that broke or whose statement was cut short is closed, never reused. Belongs to one executor.
class Database final : public Queryable {
 public:
  Database(Executor executor, DatabaseOptions options);
  ~Database() override;
  Database(Database const&) = delete;
  Database& operator=(Database const&) = delete;

  [[nodiscard]] Async<Result<Rows>> query(std::string sql, Parameters parameters = {}) override;
  [[nodiscard]] Async<Result<>> script(std::string sql,
                                       std::chrono::milliseconds deadline = std::chrono::minutes(5)) override;

  /// Runs `body` between begin and commit on one connection. An Error or exception rolls back. When the
  /// transaction lost a race (kRetry) it is run again from the start, at most
  /// limits::kPostgresTransactionAttempts times, so `body` may touch nothing outside that it cannot do twice.
  /// `body` is kept alive until it ends.
  ///
  ///     auto moved = co_await database.transaction<bool>(std::move(body));
  ///     // body: std::function<Async<Result<bool>>(Queryable& transaction)>
  template <typename T = void>
  [[nodiscard]] Async<Result<T>> transaction(std::function<Async<Result<T>>(Queryable&)> body);

  /// Runs `body` on one connection without a transaction: session-level advisory locks, `set`. The connection
  /// is closed afterwards.
  template <typename T = void>
  [[nodiscard]] Async<Result<T>> pinned(std::function<Async<Result<T>>(Queryable&)> body);

  /// Waits until a connection works, at most so long: for the start of a service.
  [[nodiscard]] Async<Result<>> wait_until_ready(std::chrono::milliseconds limit);

  /// Closes idle connections and refuses new work. Statements under way end by themselves.
  void close();

  [[nodiscard]] std::size_t open_connections() const;
  [[nodiscard]] DatabaseOptions const& options() const;

 private:
  struct Pool;
  using Body = std::function<Async<Result<>>(Queryable&)>;
  [[nodiscard]] Async<Result<>> run_transaction(Body body);
  [[nodiscard]] Async<Result<>> run_pinned(Body body);
  template <typename T>
  static Async<Result<>> keep(std::function<Async<Result<T>>(Queryable&)>& body,
                              std::optional<Result<T>>& into, Queryable& queryable);

  std::shared_ptr<Pool> pool_;
};

template <typename T>
Async<Result<>> Database::keep(std::function<Async<Result<T>>(Queryable&)>& body,
                               std::optional<Result<T>>& into, Queryable& queryable) {
  auto outcome = co_await body(queryable);
  into.emplace(std::move(outcome));
  if (!*into) co_return into->error();
  co_return Result<>();
}

template <typename T>
Async<Result<T>> Database::transaction(std::function<Async<Result<T>>(Queryable&)> body) {
  std::optional<Result<T>> outcome;
  Body kept = [&body, &outcome](Queryable& queryable) { return keep<T>(body, outcome, queryable); };
  auto done = co_await run_transaction(std::move(kept));
  if (!done) co_return done.error();
  co_return std::move(*outcome);
}

template <typename T>
Async<Result<T>> Database::pinned(std::function<Async<Result<T>>(Queryable&)> body) {
  std::optional<Result<T>> outcome;
  Body kept = [&body, &outcome](Queryable& queryable) { return keep<T>(body, outcome, queryable); };
  auto done = co_await run_pinned(std::move(kept));
  if (!done) co_return done.error();
  co_return std::move(*outcome);
}

}  // namespace oriel::postgres
