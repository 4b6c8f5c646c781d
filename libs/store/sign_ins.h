#pragma once

#include <chrono>
#include <optional>
#include <string>

#include "libs/base/clock.h"
#include "libs/base/id.h"
#include "libs/postgres/database.h"
#include "libs/store/users.h"

/// Browser sign-ins and single-use tokens. Tokens arrive here only as keyed hashes (hex of
/// crypto::keyed_hash).
namespace oriel::store {

/// A sign-in ends so long after its last use …
inline constexpr std::chrono::hours kSignInIdle{12};
/// … and so long after it began.
inline constexpr std::chrono::hours kSignInAbsolute{24 * 7};
/// Its last use is written down at most so often.
inline constexpr std::chrono::seconds kSignInTouch{60};

struct SignIn {
  std::string token_hash{};
  Account account{};
  std::optional<SessionId> bound_session{};  ///< from a connect link
  WallTime expires_at{};                     ///< absolute end
  /// By what its streams are opened, as the owner of a session and as somebody else: revocations name them.
  std::string owner_grant{};
  std::string control_grant{};
};

struct NewSignIn {
  std::string token_hash{};
  UserId user{};
  std::optional<SessionId> bound_session{};
  std::chrono::seconds lifetime = kSignInAbsolute;
  std::string address{};
  std::string user_agent{};
  std::string request_id{};                    ///< for the audit
  std::optional<std::string> password_hash{};  ///< that was just verified; a newer one refuses the sign-in
};
/// kUnauthenticated when the user is locked, disabled or gone, or has another password meanwhile: whoever
/// disables or resets ends every sign-in, those that are just being made too.
/// Inside a transaction and without an audit line: for what signs somebody in as a part of something larger.
[[nodiscard]] Async<Result<>> insert_sign_in(postgres::Queryable& transaction, NewSignIn sign_in);
/// Also records the audit line `sign_in`.
[[nodiscard]] Async<Result<>> create_sign_in(postgres::Database& database, NewSignIn sign_in);

/// What a look at a sign-in means: somebody used it, or a stream that is open asks whether it still holds.
enum class SignInUse { kUse, kLook };
/// Empty when unknown, expired, idle too long, or the user is locked, disabled or gone.
[[nodiscard]] Async<Result<std::optional<SignIn>>> find_sign_in(postgres::Database& database,
                                                                std::string token_hash,
                                                                SignInUse use = SignInUse::kUse);
/// Its streams are closed by what the database writes of it (libs/store/revocations.h).
[[nodiscard]] Async<Result<>> end_sign_in(postgres::Database& database, std::string token_hash);
/// Deletes what has expired: sign-ins and single-use tokens.
[[nodiscard]] Async<Result<std::size_t>> forget_expired_tokens(postgres::Database& database);

struct ConnectToken {
  std::string token_hash{};
  UserId user{};
  SessionId session{};
  std::chrono::seconds lifetime{60};
};
[[nodiscard]] Async<Result<>> create_connect_token(postgres::Database& database, ConnectToken token);

struct Exchanged {
  UserId user{};
  SessionId session{};
};
/// One transaction: spends the connect token and makes a sign-in bound to its session. Of many at once
/// exactly one succeeds; the rest, an expired token, an ended session and a locked user are all
/// kUnauthenticated.
[[nodiscard]] Async<Result<Exchanged>> exchange_connect_token(postgres::Database& database,
                                                              std::string token_hash, NewSignIn sign_in);

/// A token with which one agent may join, once.
[[nodiscard]] Async<Result<>> create_enrolment_token(postgres::Database& database, std::string token_hash,
                                                     std::chrono::seconds lifetime = std::chrono::hours(1));

}  // namespace oriel::store
