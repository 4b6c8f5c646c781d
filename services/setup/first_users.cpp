#include <boost/describe/class.hpp>

#include "libs/base/file.h"
#include "libs/base/json.h"
#include "libs/base/log.h"
#include "libs/crypto/crypto.h"
#include "libs/store/api_keys.h"
#include "libs/store/audit.h"
#include "libs/store/users.h"
#include "services/setup/commands.h"

namespace oriel::setup {
namespace {

struct Login {
  std::string username{};
  std::string password{};
};
BOOST_DESCRIBE_STRUCT(Login, (), (username, password))

struct Key {
  std::string key{};
  std::string secret{};
};
BOOST_DESCRIBE_STRUCT(Key, (), (key, secret))

/// The part of credentials.json that goes into the database.
struct Credentials {
  Login admin{};
  Login user{};
  Key api_key{};
};
BOOST_DESCRIBE_STRUCT(Credentials, (), (admin, user, api_key))

Async<Result<>> create_user(postgres::Database& database, Login login, std::string first_name,
                            std::vector<GroupId> groups) {
  auto present = co_await store::find_account_by_username(database, login.username);
  if (!present) co_return present.error();
  if (*present) co_return Result<>();  // whatever was changed since stays as it is
  auto hash = crypto::hash_password(login.password);
  if (!hash) co_return hash.error().within("hash the password of " + login.username);
  store::NewUser user{login.username, std::move(first_name), "", *hash, std::move(groups)};
  auto made = co_await store::ensure_user(database, std::move(user));
  if (!made) co_return made.error();
  store::AuditEntry entry{{"setup", std::nullopt, ""}, "user.create", "user", login.username, {}};
  auto recorded = co_await store::record_audit(database, std::move(entry));
  if (!recorded) co_return recorded.error();
  log::info("user made", {{"username", login.username}});
  co_return Result<>();
}

Async<Result<>> create_groups(postgres::Database& database, std::string zone) {
  auto zones = co_await store::list_zones(database);
  if (!zones) co_return zones.error();
  if (zones->empty()) {
    auto made = co_await store::ensure_zone(database, ZoneId::random(), zone);
    if (!made) co_return made.error();
  }
  store::NewGroup administrators{store::administrators_group(),
                                 "Administrators",
                                 "May do everything.",
                                 1,
                                 {domain::Permission::kGlobalAdmin}};
  auto first = co_await store::ensure_group(database, std::move(administrators));
  if (!first) co_return first.error();
  store::NewGroup everybody{store::all_users_group(),
                            "All Users",
                            "Everybody who may start workspaces.",
                            100,
                            {domain::Permission::kUser}};
  auto second = co_await store::ensure_group(database, std::move(everybody));
  if (!second) co_return second.error();
  co_return Result<>();
}

Async<Result<>> create_all(postgres::Database& database, Options const& options, Credentials credentials,
                           crypto::Key token_key) {
  auto groups = co_await create_groups(database, options.zone);
  if (!groups) co_return groups.error();
  std::vector<GroupId> for_administrator{store::administrators_group(), store::all_users_group()};
  auto admin =
      co_await create_user(database, credentials.admin, "Administrator", std::move(for_administrator));
  if (!admin) co_return admin.error();
  std::vector<GroupId> for_user{store::all_users_group()};
  auto user = co_await create_user(database, credentials.user, "User", std::move(for_user));
  if (!user) co_return user.error();

  store::NewApiKey key;
  key.name = "first key";
  key.key = credentials.api_key.key;
  key.secret_hash = crypto::keyed_hash(token_key, credentials.api_key.secret);
  for (auto const& permission : domain::all_permissions()) key.permissions.push_back(permission.number);
  auto made = co_await store::ensure_api_key(database, std::move(key));
  if (!made) co_return made.error();
  co_return Result<>();
}

}  // namespace

Async<Result<>> create_first_users(Executor executor, Options options, std::string credentials_file) {
  auto text = read_file(credentials_file);
  if (!text) co_return text.error().within("read the credentials");
  auto credentials = json::parse_as<Credentials>(*text, json::Unknown::kIgnore);
  if (!credentials) co_return credentials.error().within("read " + credentials_file);
  auto key_text = options.read_secret("api/token.key");
  if (!key_text) co_return key_text.error();
  auto token_key = crypto::Key::from_hex(*key_text);
  if (!token_key) co_return token_key.error().within("read the token key");

  postgres::Database database(executor, options.as_owner());
  auto done = co_await create_all(database, options, *credentials, *token_key);
  database.close();
  if (!done) co_return done.error().within("make the first users");
  co_return done;
}

}  // namespace oriel::setup
