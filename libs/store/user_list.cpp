#include "libs/store/user_list.h"

#include <algorithm>

#include "libs/store/account_rows.h"
#include "libs/store/sign_ins.h"

namespace oriel::store {
namespace {

// What both the page and its count ask. $1 text, $2 state, $3 group.
constexpr std::string_view kMatching =
    "u.deleted_at is null and not u.anonymous "
    "and ($1 = '' or position(lower($1) in lower(u.username || ' ' || u.first_name || ' ' || u.last_name)) > "
    "0) "
    "and ($2 = '' or ($2 = 'disabled' and u.disabled) or ($2 = 'locked' and u.locked) "
    "or ($2 = 'active' and not u.disabled and not u.locked)) "
    "and ($3::uuid is null or exists (select 1 from user_groups g where g.user_id = u.id and g.group_id = "
    "$3::uuid))";

std::string listed_columns() {
  return user_columns() +
         ", u.username_key, exists (select 1 from user_groups ug join group_permissions p on p.group_id = "
         "ug.group_id where ug.user_id = u.id and p.permission = 200) as administrator, (select count(*) "
         "from sessions s where s.user_id = u.id and s.state not in "
         "('ended', 'failed')) as live_sessions, "
         "(select count(*) from sign_ins d where d.user_id = u.id and d.expires_at > now() "
         "and d.last_used_at > now() - interval '" +
         std::to_string(std::chrono::seconds(kSignInIdle).count()) + " seconds') as devices";
}

ListedUser listed_of(postgres::Row const& row) {
  return {user_of(row), row.boolean("administrator"), row.integer("live_sessions"), row.integer("devices")};
}

std::string_view text_of(std::optional<UserState> state) {
  if (!state) return "";
  switch (*state) {
    case UserState::kActive:
      return "active";
    case UserState::kDisabled:
      return "disabled";
    case UserState::kLocked:
      return "locked";
  }
  return "";
}

}  // namespace

std::optional<UserState> parse_user_state(std::string_view text) {
  for (auto const state : {UserState::kActive, UserState::kDisabled, UserState::kLocked}) {
    if (text_of(state) == text) return state;
  }
  return std::nullopt;
}

Async<Result<UserPage>> list_user_page(postgres::Database& database, UserFilter filter) {
  // A cursor is a direction and the name at which the page begins or ends.
  auto const backward = filter.cursor.starts_with('<');
  if (!filter.cursor.empty() && !backward && !filter.cursor.starts_with('>')) {
    co_return Error{Code::kInvalid, "The page cannot be read.", {{"/cursor", "as the list gave it"}}};
  }
  auto const from = filter.cursor.empty() ? std::string() : filter.cursor.substr(1);
  auto const state = std::string(text_of(filter.state));

  postgres::Parameters of_count(filter.text, state, filter.group);
  auto counted = co_await database.query(
      "select count(*) as count from users u where " + std::string(kMatching), std::move(of_count));
  if (!counted) co_return counted.error().within("count users");

  // One more than is shown tells whether the page is the last.
  postgres::Parameters values(filter.text, state, filter.group, from, filter.limit + 1);
  auto const* const side = backward ? "u.username_key < $4" : "u.username_key > $4";
  auto const* const order = backward ? "desc" : "asc";
  auto rows =
      co_await database.query("select " + listed_columns() + " from users u where " + std::string(kMatching) +
                                  " and " + side + " order by u.username_key " + order + " limit $5::bigint",
                              std::move(values));
  if (!rows) co_return rows.error().within("list users");

  UserPage page;
  page.total = counted->front().integer("count");
  std::vector<std::string> keys;
  for (auto const row : *rows) {
    if (page.users.size() == static_cast<std::size_t>(filter.limit)) break;
    page.users.push_back(listed_of(row));
    keys.push_back(row.text("username_key"));
  }
  auto const more = rows->size() > static_cast<std::size_t>(filter.limit);
  if (backward) {
    std::ranges::reverse(page.users);
    std::ranges::reverse(keys);
  }
  if (!keys.empty()) {
    if (backward ? more : !filter.cursor.empty()) page.previous_cursor = "<" + keys.front();
    if (backward || more) page.next_cursor = ">" + keys.back();
  }
  co_return page;
}

Async<Result<std::optional<ListedUser>>> find_listed_user(postgres::Database& database, UserId user) {
  postgres::Parameters values(user);
  auto rows = co_await database.query(
      "select " + listed_columns() + " from users u where u.id = $1 and u.deleted_at is null",
      std::move(values));
  if (!rows) co_return rows.error().within("find the user");
  if (rows->empty()) co_return std::optional<ListedUser>();
  co_return std::optional<ListedUser>(listed_of(rows->front()));
}

Async<Result<std::vector<Group>>> list_groups(postgres::Database& database) {
  postgres::Parameters values(static_cast<int>(domain::Permission::kGlobalAdmin));
  auto rows = co_await database.query(
      "select g.id, g.name, g.description, "
      "exists (select 1 from group_permissions p where p.group_id = g.id and p.permission = $1::integer) as "
      "administrators, "
      "(select count(*) from user_groups m join users u on u.id = m.user_id where m.group_id = g.id and "
      "u.deleted_at is null and not u.anonymous) as members "
      "from groups g order by g.priority, g.name limit 1000",
      std::move(values));
  if (!rows) co_return rows.error().within("list groups");
  std::vector<Group> groups;
  for (auto const row : *rows) {
    groups.push_back({row.id<GroupId>("id"), row.text("name"), row.text("description"),
                      row.boolean("administrators"), row.integer("members")});
  }
  co_return groups;
}

}  // namespace oriel::store
