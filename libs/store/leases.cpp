#include "libs/store/leases.h"

namespace oriel::store {
namespace {

std::optional<Lease> lease_of(postgres::Rows const& rows) {
  if (rows.empty()) return std::nullopt;
  auto const row = rows.front();
  return Lease{row.text("holder"), row.integer("epoch"), row.time("expires_at")};
}

}  // namespace

Async<Result<std::optional<Lease>>> take_lease(postgres::Database& database, std::string name,
                                               std::string holder, std::chrono::milliseconds duration) {
  // clock_timestamp(), not now(): the statement may have waited for the row while the other holder renewed
  // it.
  postgres::Parameters values(name, holder, duration.count());
  auto rows = co_await database.query(
      "insert into leases as l (name, holder, expires_at) "
      "values ($1, $2, clock_timestamp() + $3::bigint * interval '1 millisecond') "
      "on conflict (name) do update set holder = excluded.holder, "
      "epoch = l.epoch + case when l.holder = excluded.holder and l.expires_at > clock_timestamp() then 0 "
      "else 1 end, "
      "expires_at = clock_timestamp() + $3::bigint * interval '1 millisecond' "
      // Longer than any lease lasts: the database's clock went back, and nobody may lead for that long.
      "where l.holder = excluded.holder or l.expires_at <= clock_timestamp() "
      "or l.expires_at > clock_timestamp() + 2 * $3::bigint * interval '1 millisecond' "
      "returning holder, epoch, expires_at",
      std::move(values));
  if (!rows) co_return rows.error().within("take the lease " + name);
  co_return lease_of(*rows);
}

Async<Result<>> release_lease(postgres::Database& database, std::string name, std::string holder) {
  postgres::Parameters values(name, holder);
  auto rows = co_await database.query(
      "update leases set expires_at = clock_timestamp() where name = $1 and holder = $2", std::move(values));
  if (!rows) co_return rows.error().within("release the lease " + name);
  co_return Result<>();
}

}  // namespace oriel::store
