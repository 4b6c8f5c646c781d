#pragma once

#include <cstdint>
#include <optional>
#include <string>
#include <vector>

#include "libs/postgres/database.h"
#include "libs/store/users.h"

/// The administrators' list of users, a page at a time.
namespace oriel::store {

enum class UserState { kActive, kDisabled, kLocked };
[[nodiscard]] std::optional<UserState> parse_user_state(std::string_view text);

struct UserFilter {
  std::string text{};  ///< part of the user name or of the names, without regard to case
  std::optional<UserState> state{};
  std::optional<GroupId> group{};
  int limit = 50;
  std::string cursor{};  ///< of another page; empty: the first
};

/// A user with what the list shows besides.
struct ListedUser {
  User user{};
  bool administrator = false;  ///< may do everything
  std::int64_t live_sessions = 0;
  std::int64_t devices = 0;  ///< sign-ins that are valid now
};

struct UserPage {
  std::vector<ListedUser> users{};
  std::int64_t total = 0;  ///< of the whole filter
  std::optional<std::string> previous_cursor{};
  std::optional<std::string> next_cursor{};
};

/// By name. Pages begin where the last one ended, by name and not by number: who is made or deleted meanwhile
/// neither hides nor repeats anybody. Without anonymous and deleted ones. kInvalid: the cursor is none.
[[nodiscard]] Async<Result<UserPage>> list_user_page(postgres::Database& database, UserFilter filter);
/// Empty when there is none.
[[nodiscard]] Async<Result<std::optional<ListedUser>>> find_listed_user(postgres::Database& database,
                                                                        UserId user);

struct Group {
  GroupId id{};
  std::string name{};
  std::string description{};
  bool administrators = false;  ///< its members may do everything
  std::int64_t members = 0;
};
[[nodiscard]] Async<Result<std::vector<Group>>> list_groups(postgres::Database& database);

}  // namespace oriel::store
