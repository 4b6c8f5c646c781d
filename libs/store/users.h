#pragma once

#include <optional>
#include <string>
#include <vector>

#include "libs/base/clock.h"
#include "libs/base/id.h"
#include "libs/domain/permissions.h"
#include "libs/domain/session_limits.h"
#include "libs/postgres/database.h"

namespace oriel::store {

struct GroupReference {
  GroupId id{};
  std::string name{};
};

struct User {
  UserId id{};
  std::string username{};
  std::string first_name{};
  std::string last_name{};
  std::string phone{};
  std::string organization{};
  std::string notes{};
  std::string realm{};
  bool locked = false;
  bool disabled = false;
  bool anonymous = false;
  bool must_change_password = false;  ///< at the next sign-in, before anything else
  std::optional<WallTime> last_session_at{};
  std::optional<WallTime> last_sign_in_at{};
  WallTime created_at{};
  std::vector<GroupReference> groups{};
};

/// A user with what decides about them.
struct Account {
  User user{};
  std::optional<std::string> password_hash{};  ///< only from find_account_by_username
  domain::PermissionSet permissions{};         ///< of all their groups
  std::vector<domain::GroupLimit> limits{};
};

/// Names compare without case: `Admin@Oriel.local` is `admin@oriel.local`. ASCII letters are folded, others
/// compare as they are.
[[nodiscard]] std::string username_key(std::string_view username);

[[nodiscard]] Async<Result<std::optional<Account>>> find_account_by_username(postgres::Database& database,
                                                                             std::string username);
[[nodiscard]] Async<Result<std::optional<Account>>> find_account(postgres::Database& database, UserId user);
/// By name, at most `limit` from `offset`; anonymous ones only when asked for.
[[nodiscard]] Async<Result<std::vector<User>>> list_users(postgres::Database& database, int limit, int offset,
                                                          bool with_anonymous);
[[nodiscard]] Async<Result<>> set_password_hash(postgres::Database& database, UserId user,
                                                std::string password_hash);
/// A user without a name or password for one public session, in the group All Users.
[[nodiscard]] Async<Result<User>> create_anonymous_user(postgres::Database& database);

// First start, idempotent.

struct NewGroup {
  GroupId id{};
  std::string name{};
  std::string description{};
  int priority = 100;
  std::vector<domain::Permission> permissions{};
};
/// Makes a system group when it is absent; an existing one keeps what it has. True: made.
[[nodiscard]] Async<Result<bool>> ensure_group(postgres::Database& database, NewGroup group);

struct NewUser {
  std::string username{};
  std::string first_name{};
  std::string last_name{};
  std::string password_hash{};
  std::vector<GroupId> groups{};
};
/// Makes the user when the name is free; an existing one keeps everything. True: made.
[[nodiscard]] Async<Result<bool>> ensure_user(postgres::Database& database, NewUser user);
/// True: made.
[[nodiscard]] Async<Result<bool>> ensure_zone(postgres::Database& database, ZoneId zone, std::string name);

struct Zone {
  ZoneId id{};
  std::string name{};
};
[[nodiscard]] Async<Result<std::vector<Zone>>> list_zones(postgres::Database& database);

/// Groups every installation has, with the ids of the compatible API.
[[nodiscard]] GroupId administrators_group();
[[nodiscard]] GroupId all_users_group();

}  // namespace oriel::store
