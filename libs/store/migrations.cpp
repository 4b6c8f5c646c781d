#include "libs/store/migrations.h"

#include <array>

#include "libs/base/log.h"

namespace oriel::store {
namespace {

constexpr Migration kMigrations[] = {
#include "embedded_migrations.inc"
};

// Any constant will do, as long as nothing else of this database uses it.
constexpr std::string_view kLock = "select pg_advisory_lock(7364178210)";
constexpr std::string_view kUnlock = "select pg_advisory_unlock(7364178210)";

constexpr std::string_view kTable =
    "CREATE TABLE IF NOT EXISTS schema_migrations (number integer PRIMARY KEY, name text NOT NULL, "
    "checksum text NOT NULL, applied_at timestamptz NOT NULL DEFAULT now())";

Async<Result<std::string>> checksum(postgres::Queryable& connection, std::string_view sql) {
  postgres::Parameters values(sql);
  auto rows = co_await connection.query("select encode(sha256(convert_to($1, 'UTF8')), 'hex') as sum",
                                        std::move(values));
  if (!rows) co_return rows.error();
  co_return rows->front().text("sum");
}

Async<Result<>> apply(postgres::Queryable& connection, Migration const& migration, std::string sum) {
  // One script is one implicit transaction: the file and its line in the table come together or not at all.
  auto script = std::string(migration.sql) +
                "\n;INSERT INTO schema_migrations (number, name, checksum) VALUES (" +
                std::to_string(migration.number) + ", '" + std::string(migration.name) + "', '" + sum + "');";
  auto applied = co_await connection.script(std::move(script));
  if (!applied) co_return applied.error().within("apply migration " + std::string(migration.name));
  co_return Result<>();
}

Async<Result<std::vector<std::string>>> migrate_locked(postgres::Queryable& connection) {
  auto made = co_await connection.query(std::string(kTable));
  if (!made) co_return made.error();
  auto rows =
      co_await connection.query("select number, name, checksum from schema_migrations order by number");
  if (!rows) co_return rows.error();

  std::size_t known = 0;
  for (auto const row : *rows) {
    if (known == std::size(kMigrations)) {
      co_return fail(Code::kConflict, "the database has migration " + row.text("name") +
                                          ", which this build does not know: it belongs to a newer release");
    }
    auto const& migration = kMigrations[known++];
    auto sum = co_await checksum(connection, migration.sql);
    if (!sum) co_return sum.error();
    if (row.integer("number") != migration.number || row.view("checksum") != *sum) {
      co_return fail(Code::kConflict,
                     "migration " + std::string(migration.name) +
                         " has changed since it was applied to this database; add a new file instead");
    }
  }

  std::vector<std::string> applied;
  for (; known < std::size(kMigrations); ++known) {
    auto const& migration = kMigrations[known];
    auto sum = co_await checksum(connection, migration.sql);
    if (!sum) co_return sum.error();
    auto done = co_await apply(connection, migration, *sum);
    if (!done) co_return done.error();
    applied.emplace_back(migration.name);
  }
  co_return applied;
}

Async<Result<std::vector<std::string>>> migrate_pinned(postgres::Queryable& connection) {
  auto locked = co_await connection.query(std::string(kLock));
  if (!locked) co_return locked.error();
  auto outcome = co_await migrate_locked(connection);
  auto unlocked = co_await connection.query(std::string(kUnlock));
  if (outcome && !unlocked) co_return unlocked.error();
  co_return outcome;
}

}  // namespace

std::span<Migration const> migrations() { return kMigrations; }

Async<Result<std::vector<std::string>>> migrate(postgres::Database& database) {
  std::function<Async<Result<std::vector<std::string>>>(postgres::Queryable&)> body = migrate_pinned;
  auto outcome = co_await database.pinned<std::vector<std::string>>(std::move(body));
  if (!outcome) co_return outcome.error().within("migrate the database");
  co_return outcome;
}

Async<Result<int>> schema_version(postgres::Database& database) {
  auto exists = co_await database.query("select to_regclass('schema_migrations') is not null as there");
  if (!exists) co_return exists.error();
  if (!exists->front().boolean("there")) co_return 0;
  auto rows = co_await database.query("select coalesce(max(number), 0) as number from schema_migrations");
  if (!rows) co_return rows.error();
  co_return static_cast<int>(rows->front().integer("number"));
}

}  // namespace oriel::store
