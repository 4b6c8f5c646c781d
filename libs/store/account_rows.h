#pragma once

#include <string>

#include "libs/postgres/rows.h"
#include "libs/store/users.h"

/// How an account is read from a row; shared by the sources of this folder.
namespace oriel::store {

/// The columns of account_of(), for `from users u`.
[[nodiscard]] std::string account_columns();
[[nodiscard]] Account account_of(postgres::Row const& row);

}  // namespace oriel::store
