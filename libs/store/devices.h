#pragma once

#include <optional>
#include <string>
#include <vector>

#include "libs/base/clock.h"
#include "libs/base/id.h"
#include "libs/postgres/database.h"
#include "libs/store/audit.h"

/// Where somebody is signed in: each valid sign-in is a device.
namespace oriel::store {

struct Device {
  SignInId id{};
  std::string address{};     ///< where it signed in from
  std::string user_agent{};  ///< the browser's own words
  WallTime created_at{};
  WallTime last_used_at{};
  std::optional<SessionId> bound_session{};  ///< came by a connect link
  bool current = false;                      ///< it asks now
};

/// The last used first, at most 200. `current_token_hash` marks the one that asks; empty marks none.
[[nodiscard]] Async<Result<std::vector<Device>>> list_devices(postgres::Database& database, UserId user,
                                                              std::string current_token_hash);

struct DevicesToEnd {
  UserId user{};
  std::optional<SignInId> device{};  ///< one of the user's; absent: all
  std::string kept_token_hash{};     ///< this one stays; empty: none stays
};
/// Ends sign-ins and tells the Manager to close their streams; one audit entry, in the same transaction. How
/// many ended; kNotFound when the one that is named is not one of the user's.
[[nodiscard]] Async<Result<std::int64_t>> end_devices(postgres::Database& database, DevicesToEnd devices,
                                                      Actor actor);
/// Ends one's own sign-in, with the entry `sign_out`.
[[nodiscard]] Async<Result<>> sign_out(postgres::Database& database, UserId user, std::string token_hash,
                                       Actor actor);
/// end_devices() inside a transaction, without an entry: for what ends them as a part of something larger.
[[nodiscard]] Async<Result<std::int64_t>> end_devices_in(postgres::Queryable& transaction,
                                                         DevicesToEnd devices);

}  // namespace oriel::store
