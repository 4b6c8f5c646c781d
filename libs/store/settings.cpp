#include "libs/store/settings.h"

namespace oriel::store {
namespace {

/// The setting when it is a number within the bounds.
template <typename Number>
void take(json::Value const& value, Number& into, double least, double most) {
  if (!value.is_number()) return;
  auto const number = value.to_number<double>();
  if (number >= least && number <= most) into = static_cast<Number>(number);
}

}  // namespace

Async<Result<>> set_setting(postgres::Database& database, std::string name, json::Value value) {
  postgres::Parameters values(name, json::text(value));
  auto rows = co_await database.query(
      "insert into settings (name, value) values ($1, $2::jsonb) "
      "on conflict (name) do update set value = excluded.value, changed_at = now()",
      std::move(values));
  if (!rows) co_return rows.error().within("change the setting " + name);
  co_return Result<>();
}

Async<Result<domain::PlacementPolicy>> find_placement_policy(postgres::Database& database) {
  auto rows = co_await database.query("select name, value from settings where name like 'placement.%'");
  if (!rows) co_return rows.error().within("read the placement settings");
  domain::PlacementPolicy policy;
  for (auto const row : *rows) {
    auto const value = json::parse(row.view("value"));
    if (!value) continue;
    auto const name = row.view("name");
    if (name == "placement.cores_overcommit") take(*value, policy.cores_overcommit, 0.1, 100);
    if (name == "placement.memory_kept_bytes") take(*value, policy.memory_kept_bytes, 0, 1e15);
    if (name == "placement.disk_minimum_bytes") take(*value, policy.disk_minimum_bytes, 0, 1e15);
    if (name == "placement.slots") take(*value, policy.slots, 0, 100000);
  }
  co_return policy;
}

Async<Result<>> ensure_installation(postgres::Database& database, std::string instance) {
  postgres::Parameters values(instance);
  auto made = co_await database.query(
      "insert into installation (instance) values ($1) on conflict (only_row) do nothing", std::move(values));
  if (!made) co_return made.error().within("name the installation");
  auto rows = co_await database.query("select instance from installation");
  if (!rows) co_return rows.error().within("name the installation");
  if (rows->front().view("instance") != instance) {
    co_return fail(Code::kConflict, "this database belongs to the instance " +
                                        rows->front().text("instance") + ", not to " + instance);
  }
  co_return Result<>();
}

}  // namespace oriel::store
