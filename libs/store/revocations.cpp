#include "libs/store/revocations.h"

#include "libs/base/limits.h"

namespace oriel::store {

Async<Result<std::vector<Revocation>>> list_revocations(postgres::Database& database, WallTime since,
                                                        std::vector<std::int64_t> known) {
  postgres::Parameters values(since, known, static_cast<std::int64_t>(limits::kRevocations));
  auto rows = co_await database.query(
      "select id, at, viewer from revocations where at >= $1 and id <> all($2::bigint[]) order by at, id "
      "limit "
      "$3",
      std::move(values));
  if (!rows) co_return rows.error().within("list revocations");
  std::vector<Revocation> list;
  list.reserve(rows->size());
  for (auto const row : *rows) list.push_back({row.integer("id"), row.time("at"), row.text("viewer")});
  co_return list;
}

Async<Result<std::size_t>> forget_revocations(postgres::Database& database, std::chrono::seconds older_than) {
  postgres::Parameters values(older_than.count());
  auto rows = co_await database.query(
      "delete from revocations where at < now() - $1::bigint * interval '1 second'", std::move(values));
  if (!rows) co_return rows.error().within("forget revocations");
  co_return rows->affected();
}

}  // namespace oriel::store
