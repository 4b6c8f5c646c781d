#include "libs/store/audit_log.h"

#include <algorithm>
#include <map>

#include "libs/base/text.h"

namespace oriel::store {
namespace {

/// A place in the list: the row's time in microseconds, and its number.
struct Place {
  std::optional<std::int64_t> microseconds{};
  std::optional<std::int64_t> id{};
};

Result<Place> place_of(std::string const& cursor) {
  if (cursor.empty()) return Place();
  auto const parts = split(cursor, '-');
  if (parts.size() == 2) {
    auto const microseconds = parse_integer(parts[0]);
    auto const id = parse_integer(parts[1]);
    if (microseconds && id) return Place{microseconds, id};
  }
  return Error{Code::kInvalid, "The page cannot be read.", {{"/cursor", "as the list gave it"}}};
}

/// `%` and `_` of a text mean themselves.
std::string like_part(std::string_view text) {
  std::string pattern = "%";
  for (char const letter : text) {
    if (letter == '%' || letter == '_' || letter == '\\') pattern += '\\';
    pattern += letter;
  }
  return pattern + "%";
}

/// Grows with what is asked for, so that each question is answered from its own index.
struct Conditions {
  std::string sql = "true";
  postgres::Parameters values{};

  template <typename T>
  void add(std::string_view before, T const& value, std::string_view after = "") {
    values.add(value);
    sql += " and " + std::string(before) + "$" + std::to_string(values.size()) + std::string(after);
  }
};

Conditions conditions_of(AuditFilter const& filter, Place const& place) {
  Conditions all;
  if (filter.from) all.add("at >= ", *filter.from, "::timestamptz");
  if (filter.until) all.add("at < ", *filter.until, "::timestamptz");
  if (filter.actor) all.add("actor_id = ", *filter.actor, "::uuid");
  if (filter.action.ends_with('.')) {
    all.add("action like ", replace_all(filter.action, "_", "\\_") + "%");
  } else if (!filter.action.empty()) {
    all.add("action = ", filter.action);
  }
  if (!filter.object.empty()) all.add("object_id = ", filter.object);
  if (filter.result == "unsuccessful") {
    all.sql += " and result <> 'done'";
  } else if (!filter.result.empty()) {
    all.add("result = ", filter.result);
  }
  if (!filter.text.empty()) {
    all.add(
        "(address || ' ' || object_id || ' ' || request_id || ' ' || action || ' ' || reason || ' ' || "
        "detail::text || ' ' || coalesce(replace(actor_id::text, '-', ''), '')) ilike ",
        like_part(filter.text));
  }
  if (place.id) {
    // One comparison of two columns, so that it is a place in the index.
    all.values.add(*place.microseconds).add(*place.id);
    auto const last = all.values.size();
    all.sql += " and (at, id) < (timestamptz 'epoch' + $" + std::to_string(last - 1) +
               "::bigint * interval '1 microsecond', $" + std::to_string(last) + "::bigint)";
  }
  return all;
}

using Names = std::map<std::string, std::string>;

/// Adds `id → name` of those ids that the query knows.
Async<Result<>> read_names(postgres::Database& database, std::string sql, std::vector<std::string> ids,
                           Names& into) {
  if (ids.empty()) co_return Result<>();
  postgres::Parameters values(ids);
  auto rows = co_await database.query(std::move(sql), std::move(values));
  if (!rows) co_return rows.error();
  for (auto const row : *rows) into[row.text("id")] = row.text("name");
  co_return Result<>();
}

Async<Result<>> add_names(postgres::Database& database, std::vector<AuditRow>& rows) {
  std::map<std::string, std::vector<std::string>> wanted;
  for (auto const& row : rows) {
    if (row.actor_id) wanted[row.actor_kind].push_back(*row.actor_id);
    if (from_hex(row.object_id) && row.object_id.size() == 32)
      wanted[row.object_kind].push_back(row.object_id);
  }
  Names names;
  struct Source {
    std::string kind;
    std::string sql;
  };
  std::vector<Source> const sources{
      {"user",
       "select replace(id::text, '-', '') as id, username as name from users where id = any($1::uuid[])"},
      {"session",
       "select replace(s.id::text, '-', '') as id, i.friendly_name as name from sessions s join images i on "
       "i.id = s.image_id where s.id = any($1::uuid[])"},
      {"agent",
       "select replace(id::text, '-', '') as id, hostname as name from agents where id = any($1::uuid[])"},
      {"api_key", "select replace(id::text, '-', '') as id, name from api_keys where id = any($1::uuid[])"}};
  for (auto const& source : sources) {
    auto read = co_await read_names(database, source.sql, wanted[source.kind], names);
    if (!read) co_return read.error();
  }
  for (auto& row : rows) {
    if (row.actor_id) row.actor_name = names[*row.actor_id];
    row.object_name = names[row.object_id];
  }
  co_return Result<>();
}

AuditRow row_of(postgres::Row const& row) {
  AuditRow result;
  result.id = row.integer("id");
  result.at = row.time("at");
  result.actor_kind = row.text("actor_kind");
  if (auto const actor = row.optional_text("actor_id")) result.actor_id = replace_all(*actor, "-", "");
  result.action = row.text("action");
  result.object_kind = row.text("object_kind");
  result.object_id = row.text("object_id");
  result.address = row.text("address");
  result.request_id = row.text("request_id");
  result.result = row.text("result");
  result.reason = row.text("reason");
  if (auto const detail = json::parse(row.view("detail")); detail && detail->is_object()) {
    result.detail = detail->get_object();
  }
  return result;
}

}  // namespace

Async<Result<AuditPage>> list_audit(postgres::Database& database, AuditFilter filter) {
  auto const place = place_of(filter.cursor);
  if (!place) co_return place.error();
  auto conditions = conditions_of(filter, *place);
  auto const limit = std::clamp(filter.limit, 1, 1000);
  // One more than is shown tells whether the page is the last.
  conditions.values.add(limit + 1);
  auto sql =
      "select id, at, (extract(epoch from at) * 1000000)::bigint as microseconds, actor_kind, actor_id, "
      "action, object_kind, object_id, address, request_id, result, reason, detail from audit where " +
      conditions.sql + " order by at desc, id desc limit $" + std::to_string(conditions.values.size()) +
      "::bigint";
  auto rows = co_await database.query(std::move(sql), std::move(conditions.values));
  if (!rows) co_return rows.error().within("read the audit");
  AuditPage page;
  for (auto const row : *rows) {
    if (page.rows.size() == static_cast<std::size_t>(limit)) break;
    page.rows.push_back(row_of(row));
  }
  if (rows->size() > static_cast<std::size_t>(limit)) {
    auto const last = (*rows)[static_cast<std::size_t>(limit) - 1];
    page.next_cursor =
        std::to_string(last.integer("microseconds")) + "-" + std::to_string(last.integer("id"));
  }
  auto named = co_await add_names(database, page.rows);
  if (!named) co_return named.error().within("read the audit's names");
  co_return page;
}

}  // namespace oriel::store
