#include "libs/store/agent_log.h"

namespace oriel::store {

Async<Result<>> want_agent_log(postgres::Database& database, AgentId agent, std::chrono::seconds lasting) {
  postgres::Parameters values(agent, lasting.count());
  auto rows = co_await database.query(
      "insert into agent_log_readers (agent_id, wanted_until) select id, now() + $2::bigint * interval '1 "
      "second' "
      "from agents where id = $1 and removed_at is null "
      "on conflict (agent_id) do update set wanted_until = excluded.wanted_until",
      std::move(values));
  if (!rows) co_return rows.error().within("ask for the server's log");
  if (rows->affected() == 0) co_return fail(Code::kNotFound, "There is no such server.");
  co_return Result<>();
}

Async<Result<bool>> is_agent_log_wanted(postgres::Database& database, AgentId agent) {
  postgres::Parameters values(agent);
  auto rows = co_await database.query(
      "select exists (select 1 from agent_log_readers where agent_id = $1 and wanted_until > now()) as "
      "wanted",
      std::move(values));
  if (!rows) co_return rows.error().within("see whether the server's log is wanted");
  co_return rows->front().boolean("wanted");
}

Async<Result<>> forget_agent_log(postgres::Database& database, AgentId agent) {
  postgres::Parameters values(agent);
  auto rows = co_await database.query("delete from agent_log where agent_id = $1", std::move(values));
  if (!rows) co_return rows.error().within("forget the server's log");
  co_return Result<>();
}

Async<Result<>> record_agent_log(postgres::Database& database, AgentId agent,
                                 std::vector<std::string> lines) {
  if (lines.empty()) co_return Result<>();
  postgres::Parameters values(agent, lines);
  auto added = co_await database.query(
      "insert into agent_log (agent_id, line) select $1, line from unnest($2::text[]) with ordinality as "
      "l(line, place) "
      "order by place",
      std::move(values));
  if (!added) co_return added.error().within("keep the server's log");
  postgres::Parameters bound(agent, limits::kLogRingLines);
  auto trimmed = co_await database.query(
      "delete from agent_log where agent_id = $1 and id <= (select id from agent_log where agent_id = $1 "
      "order by id desc offset $2::bigint limit 1)",
      std::move(bound));
  if (!trimmed) co_return trimmed.error().within("shorten the server's log");
  co_return Result<>();
}

Async<Result<std::vector<AgentLogLine>>> list_agent_log(postgres::Database& database, AgentId agent,
                                                        std::int64_t after) {
  postgres::Parameters values(agent, after, limits::kLogRingLines);
  auto rows = co_await database.query(
      "select id, line from agent_log where agent_id = $1 and id > $2::bigint order by id limit $3::bigint",
      std::move(values));
  if (!rows) co_return rows.error().within("read the server's log");
  std::vector<AgentLogLine> lines;
  for (auto const row : *rows) lines.push_back({row.integer("id"), row.text("line")});
  co_return lines;
}

}  // namespace oriel::store
