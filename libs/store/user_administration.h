#pragma once

#include <optional>
#include <string>
#include <vector>

#include "libs/postgres/database.h"
#include "libs/store/audit.h"
#include "libs/store/users.h"

/// What administrators do to users. Each is one transaction with its line in the audit. There is always an
/// administrator who can sign in: what would take the last one is kConflict, under a lock that orders such
/// acts. kNotFound: no such user.
namespace oriel::store {

struct UserToCreate {
  std::string username{};
  std::string first_name{};
  std::string last_name{};
  std::vector<GroupId> groups{};
  std::string password_hash{};
  bool must_change_password = false;
};
/// kConflict with the field `/username`: the name is taken. kInvalid with `/groups`: a group is unknown.
[[nodiscard]] Async<Result<UserId>> create_user(postgres::Database& database, UserToCreate user, Actor actor);

/// What is absent stays as it is.
struct UserChanges {
  std::optional<std::string> first_name{};
  std::optional<std::string> last_name{};
  std::optional<std::vector<GroupId>> groups{};
};
/// A change of groups takes effect with the user's next request; their open streams are looked at again.
[[nodiscard]] Async<Result<>> edit_user(postgres::Database& database, UserId user, UserChanges changes,
                                        Actor actor);

/// Ends the user's sign-ins and spends their connect links. Sessions run on; their owner cannot reach them.
[[nodiscard]] Async<Result<>> disable_user(postgres::Database& database, UserId user, Actor actor);
[[nodiscard]] Async<Result<>> enable_user(postgres::Database& database, UserId user, Actor actor);
[[nodiscard]] Async<Result<>> unlock_user(postgres::Database& database, UserId user, Actor actor);

struct NewPassword {
  std::string hash{};
  bool must_change = false;  ///< at the next sign-in
};
/// Ends all of the user's sign-ins and spends their connect links.
[[nodiscard]] Async<Result<>> reset_password(postgres::Database& database, UserId user, NewPassword password,
                                             Actor actor);

/// By the user: ends every sign-in and makes the one that `replacement` describes, so that a stolen cookie is
/// worth nothing and the browser at hand stays signed in.
struct NewSignIn;
[[nodiscard]] Async<Result<>> change_own_password(postgres::Database& database, UserId user, std::string hash,
                                                  NewSignIn replacement, Actor actor);

/// Ends their sign-ins and sessions at once and takes everything personal out of the row; the row itself
/// stays for the sessions of the last days, until forget_deleted_users(). The name is free again. Answers the
/// sessions that end.
[[nodiscard]] Async<Result<std::vector<SessionId>>> delete_user(postgres::Database& database, UserId user,
                                                                Actor actor);
/// Removes the rows of deleted users to which no session points any more.
[[nodiscard]] Async<Result<std::size_t>> forget_deleted_users(postgres::Database& database);

}  // namespace oriel::store
