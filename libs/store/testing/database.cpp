#include "libs/store/testing/database.h"

#include <atomic>
#include <stdexcept>

#include "libs/store/agents.h"
#include "libs/store/images.h"
#include "libs/store/migrations.h"
#include "libs/testing/loop.h"

namespace oriel::store::testing {
namespace {

postgres::DatabaseOptions options(std::string connection, std::size_t connections) {
  postgres::DatabaseOptions result{.connection = std::move(connection)};
  result.connections = connections;
  return result;
}

Async<Result<>> prepare_template(postgres::Database& database) {
  auto roles = co_await database.script(
      "CREATE ROLE oriel_owner NOLOGIN; CREATE ROLE oriel_api LOGIN; CREATE ROLE oriel_manager LOGIN;");
  if (!roles) co_return roles.error();
  auto migrated = co_await migrate(database);
  if (!migrated) co_return migrated.error();
  co_return Result<>();
}

/// Starts the cluster and makes the template on first use.
struct Cluster {
  oriel::testing::PostgresServer server;
  Cluster() {
    oriel::testing::Loop loop;
    auto const connection = server.create_database("oriel_template");
    postgres::Database database(loop.executor(), options(connection, 1));
    auto const prepared = loop.run(prepare_template(database));
    if (!prepared) throw std::runtime_error(prepared.error().message);
    database.close();
  }
};

Cluster& cluster() {
  static Cluster the_cluster;
  return the_cluster;
}

}  // namespace

TestDatabase::TestDatabase() {
  static std::atomic<int> number{0};
  name_ = "test_" + std::to_string(++number);
  (void)cluster().server.create_database(name_, "oriel_template");
}

std::string TestDatabase::connection(std::string const& role) const {
  return server().connection(name_, role);
}

std::unique_ptr<postgres::Database> TestDatabase::open(Executor executor, std::string const& role,
                                                       std::size_t connections) const {
  return std::make_unique<postgres::Database>(std::move(executor), options(connection(role), connections));
}

oriel::testing::PostgresServer& TestDatabase::server() { return cluster().server; }

Async<Result<Basics>> fill_basics(postgres::Database& database) {
  Basics basics;
  basics.zone = ZoneId::random();
  auto zone = co_await ensure_zone(database, basics.zone, "default");
  if (!zone) co_return zone.error();
  NewGroup administrators{
      administrators_group(), "Administrators", "", 1, {domain::Permission::kGlobalAdmin}};
  auto first = co_await ensure_group(database, std::move(administrators));
  if (!first) co_return first.error();
  NewGroup everybody{all_users_group(), "All Users", "", 100, {domain::Permission::kUser}};
  auto second = co_await ensure_group(database, std::move(everybody));
  if (!second) co_return second.error();

  NewUser user{"user@oriel.local", "First", "User", "", {all_users_group()}};
  auto made = co_await ensure_user(database, std::move(user));
  if (!made) co_return made.error();
  NewUser administrator{
      "admin@oriel.local", "First", "Administrator", "", {administrators_group(), all_users_group()}};
  auto also = co_await ensure_user(database, std::move(administrator));
  if (!also) co_return also.error();
  auto found = co_await find_account_by_username(database, "user@oriel.local");
  if (!found) co_return found.error();
  basics.user = (*found)->user.id;
  auto second_found = co_await find_account_by_username(database, "admin@oriel.local");
  if (!second_found) co_return second_found.error();
  basics.administrator = (*second_found)->user.id;

  BuiltImage image{"firefox",
                   "oriel/firefox:1",
                   "sha256:aa",
                   {{"friendly_name", "Firefox"},
                    {"cores", 2},
                    {"memory_mib", 1024},
                    {"icon", "<svg/>"},
                    {"categories", {"Browsers"}}}};
  auto registered = co_await register_built_image(database, std::move(image), all_users_group(), 10);
  if (!registered) co_return registered.error();
  auto images = co_await list_images(database);
  if (!images) co_return images.error();
  basics.image = images->at(0).id;
  co_return basics;
}

Async<Result<AgentId>> add_agent(postgres::Database& database, Basics basics, std::string hostname,
                                 double cores, std::int64_t memory_bytes) {
  auto const id = AgentId::random();
  json::Object resources{{"hostname", hostname},
                         {"cores_total", cores},
                         {"memory_total_bytes", memory_bytes},
                         {"disk_total_bytes", std::int64_t{1} << 40},
                         {"disk_used_bytes", std::int64_t{1} << 30}};
  json::Array images{
      {{"reference", "oriel/firefox:1"}, {"id", "sha256:aa"}, {"state", "present"}, {"progress", 100}}};
  postgres::Parameters values(id, hostname, basics.zone, json::text(resources), json::text(images));
  auto made = co_await database.query(
      "insert into agents (id, hostname, zone_id, public_key, certificate_pem, state, last_seen_at, "
      "resources, images) "
      "values ($1, $2, $3, '\\x00', '', 'online', now(), $4::jsonb, $5::jsonb)",
      std::move(values));
  if (!made) co_return made.error();
  co_return id;
}

}  // namespace oriel::store::testing
