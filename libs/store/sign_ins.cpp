#include "libs/store/sign_ins.h"

#include "libs/store/account_rows.h"
#include "libs/store/audit.h"
#include "libs/store/sign_in_rows.h"

namespace oriel::store {
namespace {

Async<Result<>> insert_recorded(postgres::Queryable& transaction, NewSignIn const& sign_in,
                                std::string action) {
  auto made = co_await insert_sign_in(transaction, sign_in);
  if (!made) co_return made.error();
  AuditEntry entry{{"user", sign_in.user.text(), sign_in.address, sign_in.request_id},
                   std::move(action),
                   "user",
                   sign_in.user.text(),
                   {}};
  auto recorded = co_await record_audit(transaction, std::move(entry));
  co_return recorded;
}

Async<Result<Exchanged>> exchange_in(postgres::Queryable& transaction, std::string const& token_hash,
                                     NewSignIn const& sign_in) {
  // The update takes the row's lock: of many at once one sees used_at null, the others wait and then find it
  // set.
  postgres::Parameters spent(token_hash);
  auto rows = co_await transaction.query(
      "update one_time_tokens t set used_at = now() from users u, sessions s "
      "where t.token_hash = decode($1, 'hex') and t.purpose = 'connect' and t.used_at is null and "
      "t.expires_at > now() "
      "and u.id = t.user_id and not u.locked and not u.disabled "
      "and s.id = t.session_id and s.user_id = t.user_id and s.state not in ('ended', 'failed') "
      "returning t.user_id, t.session_id",
      std::move(spent));
  if (!rows) co_return rows.error();
  if (rows->empty()) {
    co_return fail(Code::kUnauthenticated, "This link has been used or has expired. Ask for a new one.");
  }
  Exchanged exchanged{rows->front().id<UserId>("user_id"), rows->front().id<SessionId>("session_id")};
  auto bound = sign_in;
  bound.user = exchanged.user;
  bound.bound_session = exchanged.session;
  auto made = co_await insert_recorded(transaction, bound, "sign_in.link");
  if (!made) co_return made.error();
  co_return exchanged;
}

}  // namespace

Async<Result<>> insert_sign_in(postgres::Queryable& transaction, NewSignIn sign_in) {
  // Waits for whoever disables, resets or deletes the user now, and then sees what they did.
  postgres::Parameters whose(sign_in.user, sign_in.password_hash);
  auto noted = co_await transaction.query(
      "update users set last_sign_in_at = now() where id = $1 and not locked and not disabled and deleted_at "
      "is null and ($2::text is null or password_hash = $2)",
      std::move(whose));
  if (!noted) co_return noted.error();
  if (noted->affected() == 0) {
    co_return fail(Code::kUnauthenticated, "The user name or the password is wrong.");
  }
  // The browser's own words are kept for the list of devices, but never more than fits a line.
  postgres::Parameters values(sign_in.token_hash, sign_in.user, sign_in.bound_session,
                              sign_in.lifetime.count(), sign_in.address, sign_in.user_agent.substr(0, 256));
  auto rows = co_await transaction.query(
      "insert into sign_ins (token_hash, user_id, session_id, expires_at, address, user_agent) values "
      "(decode($1, 'hex'), $2, $3::uuid, now() + $4::bigint * interval '1 second', $5, $6)",
      std::move(values));
  if (!rows) co_return rows.error();
  co_return Result<>();
}

Async<Result<>> create_sign_in(postgres::Database& database, NewSignIn sign_in) {
  std::function<Async<Result<>>(postgres::Queryable&)> body = [&sign_in](postgres::Queryable& transaction) {
    return insert_recorded(transaction, sign_in, "sign_in");
  };
  auto outcome = co_await database.transaction<>(std::move(body));
  if (!outcome) co_return outcome.error().within("sign in");
  co_return outcome;
}

Async<Result<std::optional<SignIn>>> find_sign_in(postgres::Database& database, std::string token_hash,
                                                  SignInUse use) {
  postgres::Parameters values(token_hash, std::chrono::seconds(kSignInIdle).count());
  auto sql =
      "select s.session_id, s.expires_at, s.last_used_at < now() - interval '60 seconds' as stale, "
      "stream_grant(s.token_hash, 'owner') as owner_grant, stream_grant(s.token_hash, 'control') as "
      "control_grant, " +
      account_columns() +
      " from sign_ins s join users u on u.id = s.user_id where s.token_hash = decode($1, 'hex') and " +
      std::string(kSignInHolds);
  auto rows = co_await database.query(std::move(sql), std::move(values));
  if (!rows) co_return rows.error().within("find the sign-in");
  if (rows->empty()) co_return std::optional<SignIn>();
  auto const row = rows->front();
  SignIn sign_in;
  sign_in.token_hash = token_hash;
  sign_in.account = account_of(row);
  sign_in.bound_session = row.optional_id<SessionId>("session_id");
  sign_in.expires_at = row.time("expires_at");
  sign_in.owner_grant = row.text("owner_grant");
  sign_in.control_grant = row.text("control_grant");
  if (use == SignInUse::kUse && row.boolean("stale")) {
    postgres::Parameters used(token_hash);
    auto touched = co_await database.query(
        "update sign_ins set last_used_at = now() where token_hash = decode($1, 'hex')", std::move(used));
    if (!touched) co_return touched.error().within("note the sign-in's use");
  }
  co_return std::optional<SignIn>(std::move(sign_in));
}

Async<Result<>> end_sign_in(postgres::Database& database, std::string token_hash) {
  postgres::Parameters values(token_hash);
  auto rows =
      co_await database.query("delete from sign_ins where token_hash = decode($1, 'hex')", std::move(values));
  if (!rows) co_return rows.error().within("sign out");
  co_return Result<>();
}

Async<Result<std::size_t>> forget_expired_tokens(postgres::Database& database) {
  postgres::Parameters values(std::chrono::seconds(kSignInIdle).count());
  auto sign_ins = co_await database.query(
      "delete from sign_ins where expires_at < now() or last_used_at < now() - $1::bigint * interval '1 "
      "second'",
      std::move(values));
  if (!sign_ins) co_return sign_ins.error().within("forget expired sign-ins");
  // Programs that poll make many.
  auto tokens =
      co_await database.query("delete from one_time_tokens where expires_at < now() - interval '10 minutes'");
  if (!tokens) co_return tokens.error().within("forget expired tokens");
  co_return sign_ins->affected() + tokens->affected();
}

Async<Result<>> create_connect_token(postgres::Database& database, ConnectToken token) {
  postgres::Parameters values(token.token_hash, token.user, token.session, token.lifetime.count());
  auto rows = co_await database.query(
      "insert into one_time_tokens (token_hash, purpose, user_id, session_id, expires_at) values "
      "(decode($1, 'hex'), 'connect', $2, $3, now() + $4::bigint * interval '1 second')",
      std::move(values));
  if (!rows) co_return rows.error().within("make a connect link");
  co_return Result<>();
}

Async<Result<Exchanged>> exchange_connect_token(postgres::Database& database, std::string token_hash,
                                                NewSignIn sign_in) {
  std::function<Async<Result<Exchanged>>(postgres::Queryable&)> body =
      [&token_hash, &sign_in](postgres::Queryable& transaction) {
        return exchange_in(transaction, token_hash, sign_in);
      };
  auto outcome = co_await database.transaction<Exchanged>(std::move(body));
  co_return outcome;
}

Async<Result<>> create_enrolment_token(postgres::Database& database, std::string token_hash,
                                       std::chrono::seconds lifetime) {
  postgres::Parameters values(token_hash, lifetime.count());
  auto rows = co_await database.query(
      "insert into one_time_tokens (token_hash, purpose, expires_at) values "
      "(decode($1, 'hex'), 'enrol', now() + $2::bigint * interval '1 second')",
      std::move(values));
  if (!rows) co_return rows.error().within("make an enrolment token");
  co_return Result<>();
}

}  // namespace oriel::store
