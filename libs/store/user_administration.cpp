#include "libs/store/user_administration.h"

#include "libs/store/devices.h"
#include "libs/store/sessions.h"
#include "libs/store/sign_ins.h"

namespace oriel::store {
namespace {

using Work = std::function<Async<Result<>>(postgres::Queryable&)>;

Async<Result<>> record(postgres::Queryable& transaction, Actor const& actor, std::string action, UserId user,
                       json::Object detail = {}) {
  AuditEntry entry{actor, std::move(action), "user", user.text(), std::move(detail)};
  auto recorded = co_await record_audit(transaction, std::move(entry));
  co_return recorded;
}

/// Locks the user's row. kNotFound when there is none.
Async<Result<postgres::Rows>> lock_user(postgres::Queryable& transaction, UserId user) {
  postgres::Parameters values(user);
  auto rows = co_await transaction.query(
      "select username, disabled, locked from users where id = $1 and deleted_at is null for update",
      std::move(values));
  if (!rows) co_return rows.error();
  if (rows->empty()) co_return fail(Code::kNotFound, "There is no such user.");
  co_return std::move(*rows);
}

/// Acts that may take an administrator away wait here for one another. Comes before lock_user(), always.
Async<Result<>> order_administrators(postgres::Queryable& transaction) {
  postgres::Parameters values(administrators_group());
  auto rows = co_await transaction.query("select id from groups where id = $1 for update", std::move(values));
  if (!rows) co_return rows.error();
  co_return Result<>();
}

/// kConflict when nobody would be left who may do everything and can sign in.
Async<Result<>> check_administrators(postgres::Queryable& transaction) {
  postgres::Parameters values(static_cast<int>(domain::Permission::kGlobalAdmin));
  auto rows = co_await transaction.query(
      "select count(*) as count from users u where not u.disabled and not u.anonymous and u.deleted_at is "
      "null and u.password_hash is not null and exists (select 1 from user_groups g join group_permissions p "
      "on p.group_id = g.group_id where g.user_id = u.id and p.permission = $1::integer)",
      std::move(values));
  if (!rows) co_return rows.error();
  if (rows->front().integer("count") == 0) {
    co_return fail(Code::kConflict,
                   "This is the last administrator who can sign in. Make another one first.");
  }
  co_return Result<>();
}

/// Nothing that was opened in the user's name is good any more.
Async<Result<std::int64_t>> end_access(postgres::Queryable& transaction, UserId user) {
  postgres::Parameters values(user);
  auto spent = co_await transaction.query(
      "delete from one_time_tokens where user_id = $1 and purpose = 'connect'", std::move(values));
  if (!spent) co_return spent.error();
  DevicesToEnd devices;
  devices.user = user;
  auto ended = co_await end_devices_in(transaction, std::move(devices));
  co_return ended;
}

Async<Result<>> set_groups(postgres::Queryable& transaction, UserId user, std::vector<GroupId> groups) {
  postgres::Parameters known(groups);
  auto counted = co_await transaction.query("select count(*) as count from groups where id = any($1::uuid[])",
                                            std::move(known));
  if (!counted) co_return counted.error();
  if (counted->front().integer("count") != static_cast<std::int64_t>(groups.size())) {
    co_return Error{
        Code::kInvalid, "A group is unknown.", {{"/groups", "a group is unknown, or named twice"}}};
  }
  postgres::Parameters left(user, groups);
  auto removed = co_await transaction.query(
      "delete from user_groups where user_id = $1 and not group_id = any($2::uuid[])", std::move(left));
  if (!removed) co_return removed.error();
  postgres::Parameters joined(user, groups);
  auto added = co_await transaction.query(
      "insert into user_groups (user_id, group_id) select $1, g from unnest($2::uuid[]) as g on conflict do "
      "nothing",
      std::move(joined));
  if (!added) co_return added.error();
  co_return Result<>();
}

json::Array names_of(std::vector<GroupId> const& groups) {
  json::Array names;
  for (auto const& group : groups) names.emplace_back(group.text());
  return names;
}

Async<Result<>> create_in(postgres::Queryable& transaction, UserId id, UserToCreate const& user,
                          Actor const& actor) {
  postgres::Parameters values(id, user.username, username_key(user.username), user.first_name, user.last_name,
                              user.password_hash, user.must_change_password);
  auto made = co_await transaction.query(
      "insert into users (id, username, username_key, first_name, last_name, password_hash, "
      "must_change_password, password_changed_at) values ($1, $2, $3, $4, $5, $6, $7::boolean, now()) "
      "on conflict (username_key) do nothing",
      std::move(values));
  if (!made) co_return made.error();
  if (made->affected() == 0) {
    co_return Error{Code::kConflict,
                    "The user name is taken.",
                    {{"/username", "This name is taken. Names compare without case."}}};
  }
  auto joined = co_await set_groups(transaction, id, user.groups);
  if (!joined) co_return joined.error();
  json::Object detail{{"username", user.username}, {"groups", names_of(user.groups)}};
  auto recorded = co_await record(transaction, actor, "user.create", id, std::move(detail));
  co_return recorded;
}

Async<Result<>> edit_in(postgres::Queryable& transaction, UserId user, UserChanges const& changes,
                        Actor const& actor) {
  auto ordered = co_await order_administrators(transaction);
  if (!ordered) co_return ordered.error();
  auto locked = co_await lock_user(transaction, user);
  if (!locked) co_return locked.error();
  postgres::Parameters values(user, changes.first_name, changes.last_name);
  auto named = co_await transaction.query(
      "update users set first_name = coalesce($2, first_name), last_name = coalesce($3, last_name) where id "
      "= $1",
      std::move(values));
  if (!named) co_return named.error();
  json::Object detail;
  json::Array changed;
  if (changes.first_name || changes.last_name) changed.emplace_back("names");
  if (changes.groups) {
    auto joined = co_await set_groups(transaction, user, *changes.groups);
    if (!joined) co_return joined.error();
    auto left = co_await check_administrators(transaction);
    if (!left) co_return left.error();
    changed.emplace_back("groups");
    detail["groups"] = names_of(*changes.groups);
  }
  detail["changed"] = std::move(changed);
  auto recorded = co_await record(transaction, actor, "user.edit", user, std::move(detail));
  co_return recorded;
}

Async<Result<>> disable_in(postgres::Queryable& transaction, UserId user, Actor const& actor) {
  auto ordered = co_await order_administrators(transaction);
  if (!ordered) co_return ordered.error();
  auto locked = co_await lock_user(transaction, user);
  if (!locked) co_return locked.error();
  // First: whoever is disabled is signed out by the database itself, and nobody could say from how many
  // devices.
  auto ended = co_await end_access(transaction, user);
  if (!ended) co_return ended.error();
  postgres::Parameters values(user);
  auto disabled =
      co_await transaction.query("update users set disabled = true where id = $1", std::move(values));
  if (!disabled) co_return disabled.error();
  auto left = co_await check_administrators(transaction);
  if (!left) co_return left.error();
  json::Object detail{{"devices", *ended}};
  auto recorded = co_await record(transaction, actor, "user.disable", user, std::move(detail));
  co_return recorded;
}

/// Sets one column to a constant: `what` is ours.
Async<Result<>> set_in(postgres::Queryable& transaction, UserId user, std::string what, std::string action,
                       Actor const& actor) {
  auto locked = co_await lock_user(transaction, user);
  if (!locked) co_return locked.error();
  postgres::Parameters values(user);
  auto done = co_await transaction.query("update users set " + what + " where id = $1", std::move(values));
  if (!done) co_return done.error();
  auto recorded = co_await record(transaction, actor, std::move(action), user);
  co_return recorded;
}

Async<Result<>> store_password(postgres::Queryable& transaction, UserId user, NewPassword const& password) {
  postgres::Parameters values(user, password.hash, password.must_change);
  auto stored = co_await transaction.query(
      "update users set password_hash = $2, must_change_password = $3::boolean, password_changed_at = now() "
      "where id = $1",
      std::move(values));
  if (!stored) co_return stored.error();
  co_return Result<>();
}

Async<Result<>> reset_in(postgres::Queryable& transaction, UserId user, NewPassword const& password,
                         Actor const& actor) {
  auto locked = co_await lock_user(transaction, user);
  if (!locked) co_return locked.error();
  auto stored = co_await store_password(transaction, user, password);
  if (!stored) co_return stored.error();
  auto ended = co_await end_access(transaction, user);
  if (!ended) co_return ended.error();
  json::Object detail{{"devices", *ended}, {"must_change", password.must_change}};
  auto recorded = co_await record(transaction, actor, "user.reset_password", user, std::move(detail));
  co_return recorded;
}

Async<Result<>> change_own_in(postgres::Queryable& transaction, UserId user, std::string const& hash,
                              NewSignIn const& replacement, Actor const& actor) {
  auto locked = co_await lock_user(transaction, user);
  if (!locked) co_return locked.error();
  NewPassword const password{hash, false};
  auto stored = co_await store_password(transaction, user, password);
  if (!stored) co_return stored.error();
  auto ended = co_await end_access(transaction, user);
  if (!ended) co_return ended.error();
  auto made = co_await insert_sign_in(transaction, replacement);
  if (!made) co_return made.error();
  auto recorded = co_await record(transaction, actor, "user.change_password", user);
  co_return recorded;
}

Async<Result<std::vector<SessionId>>> delete_in(postgres::Queryable& transaction, UserId user,
                                                Actor const& actor) {
  auto ordered = co_await order_administrators(transaction);
  if (!ordered) co_return ordered.error();
  auto locked = co_await lock_user(transaction, user);
  if (!locked) co_return locked.error();
  auto const username = locked->front().text("username");
  auto ended = co_await end_access(transaction, user);
  if (!ended) co_return ended.error();

  // The row's lock keeps a launch of theirs waiting until this is done; it then finds nobody.
  postgres::Parameters whose(user);
  auto rows = co_await transaction.query(
      "select id from sessions where user_id = $1 and state not in ('ended', 'failed') order by id",
      std::move(whose));
  if (!rows) co_return rows.error();
  std::vector<SessionId> sessions;
  for (auto const row : *rows) sessions.push_back(row.id<SessionId>("id"));
  for (auto const& session : sessions) {
    auto ending = co_await desire_end_as_part(transaction, session, actor);
    if (!ending) co_return ending.error();
  }

  std::vector<GroupId> none;
  auto left = co_await set_groups(transaction, user, std::move(none));
  if (!left) co_return left.error();
  // No name can begin so: what people choose has no colon at its second place.
  postgres::Parameters values(user, "deleted:" + user.text(), "deleted-" + user.text().substr(0, 8));
  auto emptied = co_await transaction.query(
      "update users set username = $3, username_key = $2, first_name = '', last_name = '', phone = '', "
      "organization = '', notes = '', password_hash = null, disabled = true, locked = true, deleted_at = "
      "now(), last_sign_in_at = null, last_session_at = null where id = $1",
      std::move(values));
  if (!emptied) co_return emptied.error();
  auto administrators = co_await check_administrators(transaction);
  if (!administrators) co_return administrators.error();
  json::Object detail{
      {"username", username}, {"devices", *ended}, {"sessions", static_cast<std::int64_t>(sessions.size())}};
  auto recorded = co_await record(transaction, actor, "user.delete", user, std::move(detail));
  if (!recorded) co_return recorded.error();
  co_return sessions;
}

Async<Result<>> run(postgres::Database& database, Work work) {
  auto outcome = co_await database.transaction<>(std::move(work));
  co_return outcome;
}

}  // namespace

Async<Result<UserId>> create_user(postgres::Database& database, UserToCreate user, Actor actor) {
  auto const id = UserId::random();
  Work work = [&](postgres::Queryable& transaction) { return create_in(transaction, id, user, actor); };
  auto made = co_await run(database, std::move(work));
  if (!made) co_return made.error();
  co_return id;
}

Async<Result<>> edit_user(postgres::Database& database, UserId user, UserChanges changes, Actor actor) {
  Work work = [&](postgres::Queryable& transaction) { return edit_in(transaction, user, changes, actor); };
  auto outcome = co_await run(database, std::move(work));
  co_return outcome;
}

Async<Result<>> disable_user(postgres::Database& database, UserId user, Actor actor) {
  Work work = [&](postgres::Queryable& transaction) { return disable_in(transaction, user, actor); };
  auto outcome = co_await run(database, std::move(work));
  co_return outcome;
}

Async<Result<>> enable_user(postgres::Database& database, UserId user, Actor actor) {
  Work work = [&](postgres::Queryable& transaction) {
    return set_in(transaction, user, "disabled = false", "user.enable", actor);
  };
  auto outcome = co_await run(database, std::move(work));
  co_return outcome;
}

Async<Result<>> unlock_user(postgres::Database& database, UserId user, Actor actor) {
  Work work = [&](postgres::Queryable& transaction) {
    return set_in(transaction, user, "locked = false", "user.unlock", actor);
  };
  auto outcome = co_await run(database, std::move(work));
  co_return outcome;
}

Async<Result<>> reset_password(postgres::Database& database, UserId user, NewPassword password, Actor actor) {
  Work work = [&](postgres::Queryable& transaction) { return reset_in(transaction, user, password, actor); };
  auto outcome = co_await run(database, std::move(work));
  co_return outcome;
}

Async<Result<>> change_own_password(postgres::Database& database, UserId user, std::string hash,
                                    NewSignIn replacement, Actor actor) {
  Work work = [&](postgres::Queryable& transaction) {
    return change_own_in(transaction, user, hash, replacement, actor);
  };
  auto outcome = co_await run(database, std::move(work));
  co_return outcome;
}

Async<Result<std::vector<SessionId>>> delete_user(postgres::Database& database, UserId user, Actor actor) {
  std::function<Async<Result<std::vector<SessionId>>>(postgres::Queryable&)> body =
      [&](postgres::Queryable& transaction) { return delete_in(transaction, user, actor); };
  auto outcome = co_await database.transaction<std::vector<SessionId>>(std::move(body));
  co_return outcome;
}

Async<Result<std::size_t>> forget_deleted_users(postgres::Database& database) {
  auto rows = co_await database.query(
      "delete from users u where u.deleted_at is not null and not exists (select 1 from sessions s where "
      "s.user_id = u.id)");
  if (!rows) co_return rows.error().within("forget deleted users");
  co_return rows->affected();
}

}  // namespace oriel::store
