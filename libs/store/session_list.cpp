#include "libs/store/session_list.h"

#include <algorithm>
#include <array>
#include <charconv>

#include "libs/base/limits.h"
#include "libs/base/text.h"
#include "libs/store/session_rows.h"

namespace oriel::store {
namespace {

struct OrderRow {
  SessionOrder order;
  std::string_view name;
  std::string_view expression;  // in a query with select_sessions()'s joins
  std::string_view from_key;    // a parameter as a value of it; `?` stands for the parameter
  std::string_view to_key;      // the expression as text that from_key reads
  bool newest_first;
};

constexpr std::string_view kTimeFromKey = "('epoch'::timestamptz + ?::bigint * interval '1 microsecond')";
constexpr std::array<OrderRow, 9> kOrders = {{
    {SessionOrder::kAge, "age", "s.created_at", kTimeFromKey,
     "(extract(epoch from s.created_at) * 1000000)::bigint::text", true},
    {SessionOrder::kEnded, "ended", "s.ended_at", kTimeFromKey,
     "(extract(epoch from s.ended_at) * 1000000)::bigint::text", true},
    {SessionOrder::kWorkspace, "workspace", "lower(i.friendly_name) collate \"C\"", "?::text",
     "lower(i.friendly_name)", false},
    {SessionOrder::kUser, "user", "u.username_key collate \"C\"", "?::text", "u.username_key", false},
    {SessionOrder::kState, "state", "s.state collate \"C\"", "?::text", "s.state", false},
    {SessionOrder::kServer, "server", "coalesce(a.hostname, '') collate \"C\"", "?::text",
     "coalesce(a.hostname, '')", false},
    {SessionOrder::kCpu, "cpu", "s.cpu::double precision", "?::double precision",
     "s.cpu::double precision::text", false},
    {SessionOrder::kMemory, "memory", "s.memory_used_bytes", "?::bigint", "s.memory_used_bytes::text", false},
    {SessionOrder::kViewers, "viewers", "s.viewers::bigint", "?::bigint", "s.viewers::text", false},
}};

OrderRow const& row_of(SessionOrder order) { return kOrders[static_cast<std::size_t>(order)]; }

struct Cursor {
  std::string key;
  SessionId id;
};

Error not_a_cursor() {
  return Error{
      Code::kInvalid, "the cursor is not one of this list", {{"/cursor", "take it from the answer before"}}};
}

bool is_number(std::string_view text) {
  double value = 0;
  auto const [end, error] = std::from_chars(text.data(), text.data() + text.size(), value);
  return error == std::errc() && end == text.data() + text.size();
}

/// `<hex of the key>-<id>`.
Result<Cursor> parse_cursor(std::string_view text, OrderRow const& order) {
  auto const parts = split(text, '-');
  if (parts.size() != 2 || parts[0].size() > 2048) return not_a_cursor();
  auto const id = SessionId::parse(parts[1]);
  auto const key = from_hex(parts[0]);
  if (!id || !key) return not_a_cursor();
  auto words = std::string(as_text(*key));
  auto const is_text = order.from_key == "?::text";
  auto const good = is_text ? is_utf8(words) && words.find('\0') == std::string::npos
                    : order.from_key == "?::double precision" ? is_number(words)
                                                              : parse_integer(words).has_value();
  if (!good) return not_a_cursor();
  return Cursor{std::move(words), *id};
}

/// A query's conditions with their parameters, numbered as they come.
class Conditions {
 public:
  template <typename T>
  void add(std::string_view condition, T const& value) {
    parameters.add(value);
    begin();
    for (char const c : condition) {
      if (c == '?')
        sql += "$" + std::to_string(parameters.size());
      else
        sql += c;
    }
  }
  void add(std::string_view condition) {
    begin();
    sql += condition;
  }
  std::string sql{};
  postgres::Parameters parameters{};

 private:
  void begin() { sql += sql.empty() ? "where " : " and "; }
};

Conditions conditions_of(SessionFilter const& filter) {
  Conditions conditions;
  if (filter.states.empty()) {
    // Word for word the partial index's condition: a long history is not read through for the few that live.
    conditions.add("s.state not in ('ended', 'failed')");
  } else {
    std::vector<std::string> states;
    states.reserve(filter.states.size());
    for (auto const state : filter.states) states.emplace_back(domain::text(state));
    conditions.add("s.state = any(?::text[])", states);
  }
  if (filter.user) conditions.add("s.user_id = ?::uuid", *filter.user);
  if (!filter.username.empty()) {
    conditions.add("s.user_id = (select id from users where username_key = ?)", lower_ascii(filter.username));
  }
  if (filter.image) conditions.add("s.image_id = ?::uuid", *filter.image);
  if (filter.agent) conditions.add("s.agent_id = ?::uuid", *filter.agent);
  if (!filter.server.empty()) {
    conditions.add("s.agent_id in (select id from agents where hostname = ?)", filter.server);
  }
  if (filter.order == SessionOrder::kEnded) conditions.add("s.ended_at is not null");
  auto const text = lower_ascii(filter.text);
  if (!text.empty()) {
    // Names are found among users and workspaces, which are few, not in every session's row.
    std::string condition =
        "(s.user_id in (select id from users where position(?::text in lower(username)) > 0) "
        "or s.image_id in (select id from images where position(?::text in lower(friendly_name)) > 0)";
    std::string id;
    std::ranges::copy_if(text, std::back_inserter(id), [](char c) { return c != '-'; });
    auto const is_hex =
        std::ranges::all_of(id, [](char c) { return (c >= '0' && c <= '9') || (c >= 'a' && c <= 'f'); });
    // Only what is hex can be an id's part, and then the parameter is the same text: ids are shown without
    // dashes.
    if (is_hex && !id.empty())
      condition += " or position(replace(?::text, '-', '') in replace(s.id::text, '-', '')) > 0";
    conditions.add(condition + ")", text);
  }
  return conditions;
}

std::string with_parameter(std::string_view pattern, std::size_t number) {
  std::string sql(pattern);
  sql.replace(sql.find('?'), 1, "$" + std::to_string(number));
  return sql;
}

}  // namespace

std::optional<SessionOrder> parse_session_order(std::string_view text) {
  for (auto const& row : kOrders) {
    if (row.name == text) return row.order;
  }
  return std::nullopt;
}

Async<Result<SessionPage>> list_sessions(postgres::Database& database, SessionFilter filter) {
  auto const& order = row_of(filter.order);
  auto const descending = order.newest_first != filter.reversed;
  auto const limit = std::clamp(filter.limit, 1, 500);
  auto conditions = conditions_of(filter);
  if (filter.cursor) {
    auto const cursor = parse_cursor(*filter.cursor, order);
    if (!cursor) co_return cursor.error();
    conditions.parameters.add(cursor->key).add(cursor->id);
    auto const count = conditions.parameters.size();
    conditions.add("(" + std::string(order.expression) + ", s.id) " + (descending ? "<" : ">") + " (" +
                   with_parameter(order.from_key, count - 1) + ", $" + std::to_string(count) + "::uuid)");
  }
  auto const direction = std::string(descending ? " desc" : " asc");
  // One more than asked for tells whether there is a next page.
  conditions.parameters.add(limit + 1);
  auto sql = select_sessions();
  sql.insert(sql.find(" from sessions s"), ", " + std::string(order.to_key) + " as order_key");
  sql += conditions.sql + " order by " + std::string(order.expression) + direction + ", s.id" + direction +
         " limit $" + std::to_string(conditions.parameters.size()) + "::bigint";
  auto rows = co_await database.query(std::move(sql), std::move(conditions.parameters));
  if (!rows) co_return rows.error().within("list sessions");
  SessionPage page;
  page.sessions = sessions_of(*rows);
  if (page.sessions.size() > static_cast<std::size_t>(limit)) {
    page.sessions.pop_back();
    auto const key = (*rows)[page.sessions.size() - 1].text("order_key");
    page.next_cursor = hex(as_bytes(key)) + "-" + page.sessions.back().id.text();
  }
  co_return page;
}

Async<Result<std::int64_t>> count_sessions(postgres::Database& database, SessionFilter filter) {
  auto conditions = conditions_of(filter);
  conditions.parameters.add(limits::kLongestCount + 1);
  auto sql = "select count(*) as count from (select 1 from sessions s " + conditions.sql + " limit $" +
             std::to_string(conditions.parameters.size()) + "::bigint) found";
  auto rows = co_await database.query(std::move(sql), std::move(conditions.parameters));
  if (!rows) co_return rows.error().within("count sessions");
  co_return rows->front().integer("count");
}

}  // namespace oriel::store
