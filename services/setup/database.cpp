#include "libs/base/log.h"
#include "libs/base/text.h"
#include "libs/store/migrations.h"
#include "libs/store/settings.h"
#include "services/setup/commands.h"

namespace oriel::setup {
namespace {

using namespace std::chrono_literals;

constexpr auto kDatabaseStart = 60s;  // a cluster that recovers after a crash

/// What a service may do is in the migrations; here is only that it exists, its password, and that it never
/// waits for ever.
Async<Result<>> ensure_role(postgres::Queryable& connection, std::string role, std::string attributes) {
  postgres::Parameters values(role);
  auto there = co_await connection.query("select 1 from pg_roles where rolname = $1", std::move(values));
  if (!there) co_return there.error();
  if (there->empty()) {
    auto made = co_await connection.script("CREATE ROLE " + role + " " + attributes);
    if (!made) co_return made.error().within("make the role " + role);
    log::info("role made", {{"role", role}});
  }
  co_return Result<>();
}

Async<Result<>> set_password(postgres::Queryable& connection, std::string role, std::string password) {
  // The password travels as a parameter, never in a statement's text, which a log may show.
  postgres::Parameters values(password);
  auto kept = co_await connection.query("select set_config('oriel.password', $1, false)", std::move(values));
  if (!kept) co_return kept.error();
  auto changed = co_await connection.script("DO $$ BEGIN EXECUTE format('ALTER ROLE " + role +
                                            " PASSWORD %L', current_setting('oriel.password')); END $$");
  if (!changed) co_return changed.error().within("set the password of " + role);
  auto bounded = co_await connection.script(
      "ALTER ROLE " + role + " SET statement_timeout = '30s'; ALTER ROLE " + role +
      " SET idle_in_transaction_session_timeout = '30s'; ALTER ROLE " + role + " SET lock_timeout = '10s'");
  if (!bounded) co_return bounded.error();
  co_return Result<>();
}

struct Passwords {
  std::string api;
  std::string manager;
};

Async<Result<>> set_up_roles(postgres::Queryable& connection, Passwords passwords) {
  auto owner = co_await ensure_role(connection, "oriel_owner", "NOLOGIN");
  if (!owner) co_return owner.error();
  auto api = co_await ensure_role(connection, "oriel_api", "LOGIN");
  if (!api) co_return api.error();
  auto manager = co_await ensure_role(connection, "oriel_manager", "LOGIN");
  if (!manager) co_return manager.error();
  auto api_password = co_await set_password(connection, "oriel_api", passwords.api);
  if (!api_password) co_return api_password.error();
  auto manager_password = co_await set_password(connection, "oriel_manager", passwords.manager);
  if (!manager_password) co_return manager_password.error();

  auto there = co_await connection.query("select 1 from pg_database where datname = 'oriel'");
  if (!there) co_return there.error();
  if (there->empty()) {
    auto made = co_await connection.script(
        "CREATE DATABASE oriel OWNER oriel_owner TEMPLATE template0 ENCODING 'UTF8'");
    if (!made) co_return made.error().within("make the database");
    log::info("database made");
  }
  auto closed = co_await connection.script(
      "REVOKE ALL ON DATABASE oriel FROM PUBLIC; GRANT CONNECT ON DATABASE oriel TO oriel_api, "
      "oriel_manager");
  co_return closed;
}

Async<Result<>> migrate_schema(postgres::Database& database, std::string instance) {
  auto applied = co_await store::migrate(database);
  if (!applied) co_return applied.error();
  for (auto const& name : *applied) log::info("migration applied", {{"name", name}});
  auto named = co_await store::ensure_installation(database, instance);
  co_return named;
}

}  // namespace

Async<Result<>> set_up_database(Executor executor, Options options) {
  auto api = options.read_secret("api/database.password");
  if (!api) co_return api.error();
  auto manager = options.read_secret("manager/database.password");
  if (!manager) co_return manager.error();
  Passwords passwords{*api, *manager};

  postgres::Database cluster(executor, options.as_superuser());
  auto there = co_await cluster.wait_until_ready(kDatabaseStart);
  if (!there) co_return there.error().within("reach the database");
  std::function<Async<Result<>>(postgres::Queryable&)> body = [&passwords](postgres::Queryable& connection) {
    return set_up_roles(connection, passwords);
  };
  auto roles = co_await cluster.pinned<>(std::move(body));
  cluster.close();
  if (!roles) co_return roles.error().within("set up the database's roles");

  postgres::Database database(executor, options.as_owner());
  auto migrated = co_await migrate_schema(database, options.instance);
  database.close();
  co_return migrated;
}

}  // namespace oriel::setup
