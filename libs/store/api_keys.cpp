#include "libs/store/api_keys.h"

#include "libs/base/text.h"

namespace oriel::store {

Async<Result<std::optional<ApiKey>>> find_api_key(postgres::Database& database, std::string key) {
  postgres::Parameters values(key);
  auto rows = co_await database.query(
      "select k.id, k.name, encode(k.secret_hash, 'hex') as secret_hash, k.enabled, k.read_only, "
      "k.expires_at, "
      "coalesce(k.expires_at <= now(), false) as expired, "
      "coalesce(k.last_used_at < now() - interval '60 seconds', true) as stale, "
      "array(select p.permission from api_key_permissions p where p.api_key_id = k.id order by 1) as "
      "permissions "
      "from api_keys k where k.key = $1",
      std::move(values));
  if (!rows) co_return rows.error().within("find the API key");
  if (rows->empty()) co_return std::optional<ApiKey>();
  auto const row = rows->front();
  ApiKey found;
  found.id = row.id<ApiKeyId>("id");
  found.name = row.text("name");
  found.secret_hash = row.text("secret_hash");
  found.enabled = row.boolean("enabled");
  found.read_only = row.boolean("read_only");
  found.expires_at = row.optional_time("expires_at");
  found.expired = row.boolean("expired");
  for (auto const& number : row.array("permissions")) {
    if (auto const value = parse_integer(number)) found.permissions.add(static_cast<int>(*value));
  }
  if (row.boolean("stale")) {
    postgres::Parameters used(found.id);
    auto touched =
        co_await database.query("update api_keys set last_used_at = now() where id = $1", std::move(used));
    if (!touched) co_return touched.error().within("note the API key's use");
  }
  co_return std::optional<ApiKey>(std::move(found));
}

Async<Result<bool>> ensure_api_key(postgres::Database& database, NewApiKey api_key) {
  postgres::Parameters values(ApiKeyId::random(), api_key.name, api_key.key, api_key.secret_hash,
                              api_key.enabled, api_key.read_only, api_key.permissions);
  auto rows = co_await database.query(
      "with made as (insert into api_keys (id, name, key, secret_hash, enabled, read_only) "
      "values ($1, $2, $3, decode($4, 'hex'), $5::boolean, $6::boolean) on conflict do nothing returning "
      "id), "
      "granted as (insert into api_key_permissions (api_key_id, permission) "
      "select made.id, p from made, unnest($7::integer[]) as p) "
      "select id from made",
      std::move(values));
  if (!rows) co_return rows.error().within("make the API key " + api_key.name);
  co_return !rows->empty();
}

}  // namespace oriel::store
