#include "libs/store/devices.h"

#include "libs/store/sign_ins.h"

namespace oriel::store {
namespace {

Async<Result<std::int64_t>> end_and_record(postgres::Queryable& transaction, DevicesToEnd const& devices,
                                           Actor const& actor) {
  auto ended = co_await end_devices_in(transaction, devices);
  if (!ended) co_return ended.error();
  if (devices.device && *ended == 0) co_return fail(Code::kNotFound, "There is no such device.");
  AuditEntry entry{actor, "user.end_devices", "user", devices.user.text(), {{"devices", *ended}}};
  auto recorded = co_await record_audit(transaction, std::move(entry));
  if (!recorded) co_return recorded.error();
  co_return *ended;
}

Async<Result<>> sign_out_in(postgres::Queryable& transaction, UserId user, std::string const& token_hash,
                            Actor const& actor) {
  postgres::Parameters values(token_hash);
  auto rows = co_await transaction.query("delete from sign_ins where token_hash = decode($1, 'hex')",
                                         std::move(values));
  if (!rows) co_return rows.error();
  AuditEntry entry{actor, "sign_out", "user", user.text(), {}};
  auto recorded = co_await record_audit(transaction, std::move(entry));
  co_return recorded;
}

}  // namespace

Async<Result<>> sign_out(postgres::Database& database, UserId user, std::string token_hash, Actor actor) {
  std::function<Async<Result<>>(postgres::Queryable&)> body = [user, &token_hash,
                                                               &actor](postgres::Queryable& transaction) {
    return sign_out_in(transaction, user, token_hash, actor);
  };
  auto outcome = co_await database.transaction<>(std::move(body));
  if (!outcome) co_return outcome.error().within("sign out");
  co_return outcome;
}

Async<Result<std::vector<Device>>> list_devices(postgres::Database& database, UserId user,
                                                std::string current_token_hash) {
  postgres::Parameters values(user, std::chrono::seconds(kSignInIdle).count(), current_token_hash);
  auto rows = co_await database.query(
      "select id, address, user_agent, created_at, last_used_at, session_id, "
      "encode(token_hash, 'hex') = $3 as current from sign_ins where user_id = $1 and expires_at > now() "
      "and last_used_at > now() - $2::bigint * interval '1 second' "
      "order by last_used_at desc, id limit 200",
      std::move(values));
  if (!rows) co_return rows.error().within("list devices");
  std::vector<Device> devices;
  for (auto const row : *rows) {
    devices.push_back({row.id<SignInId>("id"), row.text("address"), row.text("user_agent"),
                       row.time("created_at"), row.time("last_used_at"),
                       row.optional_id<SessionId>("session_id"), row.boolean("current")});
  }
  co_return devices;
}

Async<Result<std::int64_t>> end_devices_in(postgres::Queryable& transaction, DevicesToEnd devices) {
  postgres::Parameters values(devices.user, devices.device, devices.kept_token_hash);
  auto rows = co_await transaction.query(
      "delete from sign_ins where user_id = $1 and ($2::uuid is null or id = $2::uuid) "
      "and encode(token_hash, 'hex') <> $3",
      std::move(values));
  if (!rows) co_return rows.error().within("end sign-ins");
  co_return static_cast<std::int64_t>(rows->affected());
}

Async<Result<std::int64_t>> end_devices(postgres::Database& database, DevicesToEnd devices, Actor actor) {
  std::function<Async<Result<std::int64_t>>(postgres::Queryable&)> body =
      [&devices, &actor](postgres::Queryable& transaction) {
        return end_and_record(transaction, devices, actor);
      };
  auto ended = co_await database.transaction<std::int64_t>(std::move(body));
  co_return ended;
}

}  // namespace oriel::store
