#pragma once

#include <string>
#include <string_view>
#include <vector>

#include "libs/postgres/rows.h"
#include "libs/store/users.h"

/// How an account is read from a row; shared by the sources of this folder.
namespace oriel::store {

/// The columns of user_of(), for `from users u`.
[[nodiscard]] std::string user_columns();
[[nodiscard]] User user_of(postgres::Row const& row);
/// The columns of account_of(), for `from users u`.
[[nodiscard]] std::string account_columns();
[[nodiscard]] Account account_of(postgres::Row const& row);
/// The limits that a user's groups set, from a JSON list of `{priority, session_limit, keepalive_seconds}`.
[[nodiscard]] std::vector<domain::GroupLimit> group_limits_of(std::string_view text);

}  // namespace oriel::store
