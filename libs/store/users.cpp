#include "libs/store/users.h"

#include "libs/base/json.h"
#include "libs/base/text.h"
#include "libs/store/account_rows.h"

namespace oriel::store {
namespace {

// A user with groups as two arrays in the same order, so that one row is one user.
constexpr std::string_view kUserColumns =
    "u.id, u.username, u.first_name, u.last_name, u.phone, u.organization, u.notes, u.realm, u.locked, "
    "u.disabled, "
    "u.anonymous, u.must_change_password, u.last_session_at, u.last_sign_in_at, u.created_at, "
    "array(select g.id from groups g join user_groups ug on ug.group_id = g.id where ug.user_id = u.id "
    "order by g.priority, g.name) as group_ids, "
    "array(select g.name from groups g join user_groups ug on ug.group_id = g.id where ug.user_id = u.id "
    "order by g.priority, g.name) as group_names";

constexpr std::string_view kAccountColumns =
    "array(select distinct p.permission from group_permissions p join user_groups ug on ug.group_id = "
    "p.group_id "
    "where ug.user_id = u.id order by 1) as permissions, "
    "(select coalesce(jsonb_agg(jsonb_build_object('priority', g.priority, 'session_limit', g.session_limit, "
    "'keepalive_seconds', g.keepalive_seconds)), '[]') from groups g join user_groups ug on ug.group_id = "
    "g.id "
    "where ug.user_id = u.id) as limits";

std::optional<int> optional_number(json::Object const& object, std::string_view name) {
  auto const* const value = object.if_contains(name);
  if (value == nullptr || !value->is_int64()) return std::nullopt;
  return static_cast<int>(value->get_int64());
}

Async<Result<std::optional<Account>>> find_account_where(postgres::Database& database, std::string condition,
                                                         postgres::Parameters values, bool with_password) {
  auto sql = "select " + std::string(kUserColumns) + ", " + std::string(kAccountColumns) +
             (with_password ? ", u.password_hash" : "") + " from users u where u.deleted_at is null and " +
             condition;
  auto rows = co_await database.query(std::move(sql), std::move(values));
  if (!rows) co_return rows.error().within("find the user");
  if (rows->empty()) co_return std::optional<Account>();
  auto account = account_of(rows->front());
  if (with_password) account.password_hash = rows->front().optional_text("password_hash");
  co_return std::optional<Account>(std::move(account));
}

}  // namespace

std::string user_columns() { return std::string(kUserColumns); }

User user_of(postgres::Row const& row) {
  User user;
  user.id = row.id<UserId>("id");
  user.username = row.text("username");
  user.first_name = row.text("first_name");
  user.last_name = row.text("last_name");
  user.phone = row.text("phone");
  user.organization = row.text("organization");
  user.notes = row.text("notes");
  user.realm = row.text("realm");
  user.locked = row.boolean("locked");
  user.disabled = row.boolean("disabled");
  user.anonymous = row.boolean("anonymous");
  user.must_change_password = row.boolean("must_change_password");
  user.last_sign_in_at = row.optional_time("last_sign_in_at");
  user.last_session_at = row.optional_time("last_session_at");
  user.created_at = row.time("created_at");
  auto const ids = row.array("group_ids");
  auto const names = row.array("group_names");
  for (std::size_t i = 0; i < ids.size() && i < names.size(); ++i) {
    if (auto const id = GroupId::parse(ids[i])) user.groups.push_back({*id, names[i]});
  }
  return user;
}

std::string account_columns() { return std::string(kUserColumns) + ", " + std::string(kAccountColumns); }

Account account_of(postgres::Row const& row) {
  Account account;
  account.user = user_of(row);
  for (auto const& number : row.array("permissions")) {
    if (auto const value = parse_integer(number)) account.permissions.add(static_cast<int>(*value));
  }
  account.limits = group_limits_of(row.view("limits"));
  return account;
}

std::vector<domain::GroupLimit> group_limits_of(std::string_view text) {
  std::vector<domain::GroupLimit> limits;
  auto const parsed = json::parse(text);
  if (!parsed || !parsed->is_array()) return limits;
  for (auto const& entry : parsed->get_array()) {
    if (!entry.is_object()) continue;
    auto const& object = entry.get_object();
    limits.push_back({optional_number(object, "priority").value_or(100),
                      optional_number(object, "session_limit"),
                      optional_number(object, "keepalive_seconds")});
  }
  return limits;
}

std::string username_key(std::string_view username) { return lower_ascii(trim(username)); }

Async<Result<std::optional<Account>>> find_account_by_username(postgres::Database& database,
                                                               std::string username) {
  postgres::Parameters values(username_key(username));
  auto account = co_await find_account_where(database, "u.username_key = $1", std::move(values), true);
  co_return account;
}

Async<Result<std::optional<Account>>> find_account(postgres::Database& database, UserId user) {
  postgres::Parameters values(user);
  auto account = co_await find_account_where(database, "u.id = $1", std::move(values), false);
  co_return account;
}

Async<Result<std::vector<User>>> list_users(postgres::Database& database, int limit, int offset,
                                            bool with_anonymous) {
  postgres::Parameters values(limit, offset, with_anonymous);
  auto sql = "select " + std::string(kUserColumns) +
             " from users u where u.deleted_at is null and ($3::boolean or not u.anonymous) order by "
             "u.username_key limit $1::bigint "
             "offset $2::bigint";
  auto rows = co_await database.query(std::move(sql), std::move(values));
  if (!rows) co_return rows.error().within("list users");
  std::vector<User> users;
  users.reserve(rows->size());
  for (auto const row : *rows) users.push_back(user_of(row));
  co_return users;
}

Async<Result<>> set_password_hash(postgres::Database& database, UserId user, std::string password_hash) {
  postgres::Parameters values(user, password_hash);
  auto rows = co_await database.query("update users set password_hash = $2 where id = $1", std::move(values));
  if (!rows) co_return rows.error().within("store the password");
  if (rows->affected() == 0) co_return fail(Code::kNotFound, "no such user");
  co_return Result<>();
}

Async<Result<User>> create_anonymous_user(postgres::Database& database) {
  auto const id = UserId::random();
  postgres::Parameters values(id, "anonymous-" + id.text().substr(0, 12), all_users_group());
  auto made = co_await database.query(
      "with made as (insert into users (id, username, username_key, anonymous) values ($1, $2, $2, true) "
      "returning id) "
      "insert into user_groups (user_id, group_id) select id, $3::uuid from made",
      std::move(values));
  if (!made) co_return made.error().within("make an anonymous user");
  auto account = co_await find_account(database, id);
  if (!account) co_return account.error();
  if (!*account) co_return fail(Code::kInternal, "the anonymous user vanished");
  co_return std::move((*account)->user);
}

Async<Result<bool>> ensure_group(postgres::Database& database, NewGroup group) {
  std::vector<int> permissions;
  permissions.reserve(group.permissions.size());
  for (auto const permission : group.permissions) permissions.push_back(static_cast<int>(permission));
  postgres::Parameters values(group.id, group.name, group.description, group.priority, permissions);
  auto rows = co_await database.query(
      "with made as (insert into groups (id, name, description, priority, system) values ($1, $2, $3, "
      "$4::integer, true) "
      "on conflict do nothing returning id), "
      "granted as (insert into group_permissions (group_id, permission) "
      "select made.id, p from made, unnest($5::integer[]) as p) "
      "select id from made",
      std::move(values));
  if (!rows) co_return rows.error().within("make the group " + group.name);
  co_return !rows->empty();
}

Async<Result<bool>> ensure_user(postgres::Database& database, NewUser user) {
  postgres::Parameters values(UserId::random(), user.username, username_key(user.username), user.first_name,
                              user.last_name, user.password_hash, user.groups);
  auto rows = co_await database.query(
      "with made as (insert into users (id, username, username_key, first_name, last_name, password_hash) "
      "values ($1, $2, $3, $4, $5, $6) on conflict do nothing returning id), "
      "joined as (insert into user_groups (user_id, group_id) select made.id, g from made, "
      "unnest($7::uuid[]) as g) "
      "select id from made",
      std::move(values));
  if (!rows) co_return rows.error().within("make the user " + user.username);
  co_return !rows->empty();
}

Async<Result<bool>> ensure_zone(postgres::Database& database, ZoneId zone, std::string name) {
  postgres::Parameters values(zone, name);
  auto rows = co_await database.query("insert into zones (id, name) values ($1, $2) on conflict do nothing",
                                      std::move(values));
  if (!rows) co_return rows.error().within("make the zone " + name);
  co_return rows->affected() > 0;
}

Async<Result<std::vector<Zone>>> list_zones(postgres::Database& database) {
  auto rows = co_await database.query("select id, name from zones order by name");
  if (!rows) co_return rows.error().within("list zones");
  std::vector<Zone> zones;
  for (auto const row : *rows) zones.push_back({row.id<ZoneId>("id"), row.text("name")});
  co_return zones;
}

GroupId administrators_group() { return *GroupId::parse("31aa063c670648589533d3c42092d02a"); }
GroupId all_users_group() { return *GroupId::parse("68d557ac4cac42cca9f31c7c853de0f3"); }

}  // namespace oriel::store
