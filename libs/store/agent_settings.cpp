#include "libs/store/agent_settings.h"

#include "libs/base/text.h"
#include "libs/store/agent_rows.h"

namespace oriel::store {
namespace {

/// Holds the row's lock, so that two administrators do not write over one another unseen.
Async<Result<Agent>> lock_agent(postgres::Queryable& transaction, AgentId id) {
  postgres::Parameters values(id);
  auto rows =
      co_await transaction.query(select_agents() + "where a.id = $1 for update of a", std::move(values));
  if (!rows) co_return rows.error();
  if (rows->empty()) co_return fail(Code::kNotFound, "There is no such server.");
  co_return agent_of(rows->front());
}

AuditEntry agent_audit(Actor const& actor, std::string action, Agent const& agent, json::Object detail = {}) {
  detail["hostname"] = agent.hostname;
  return {actor, std::move(action), "agent", agent.id.text(), std::move(detail)};
}

json::Object labels_json(domain::Labels const& labels) {
  json::Object object;
  for (auto const& [key, value] : labels) object[key] = value;
  return object;
}

template <typename T>
json::Value or_null(std::optional<T> const& value) {
  if (!value) return nullptr;
  return json::Value(*value);
}

std::vector<AuditEntry> entries_of(Agent const& before, Agent const& after, Actor const& actor) {
  std::vector<AuditEntry> entries;
  if (before.enabled != after.enabled)
    entries.push_back(agent_audit(actor, after.enabled ? "agent.enable" : "agent.disable", after));
  if (before.draining != after.draining) {
    entries.push_back(agent_audit(actor, after.draining ? "agent.drain" : "agent.undrain", after,
                                  {{"sessions", after.sessions}}));
  }
  if (before.labels != after.labels) {
    entries.push_back(
        agent_audit(actor, "agent.label", after,
                    {{"before", labels_json(before.labels)}, {"after", labels_json(after.labels)}}));
  }
  if (before.cores_override != after.cores_override ||
      before.memory_override_bytes != after.memory_override_bytes) {
    entries.push_back(agent_audit(
        actor, "agent.override", after,
        {{"cores", or_null(after.cores_override)}, {"memory_bytes", or_null(after.memory_override_bytes)}}));
  }
  return entries;
}

Async<Result<Agent>> change_in(postgres::Queryable& transaction, AgentId id, AgentChange const& change,
                               Actor const& actor) {
  auto before = co_await lock_agent(transaction, id);
  if (!before) co_return before.error();
  std::optional<std::string> labels;
  if (change.labels) labels = json::text(labels_json(*change.labels));
  postgres::Parameters values(id, change.enabled, change.draining, labels, change.cores_override,
                              change.memory_override_bytes);
  auto updated = co_await transaction.query(
      "update agents set enabled = coalesce($2::boolean, enabled), draining = coalesce($3::boolean, "
      "draining), "
      "labels = coalesce($4::jsonb, labels), "
      "cores_override = case when $5::numeric is null then cores_override else nullif($5::numeric, 0) end, "
      "memory_override_bytes = case when $6::bigint is null then memory_override_bytes else "
      "nullif($6::bigint, 0) end "
      "where id = $1",
      std::move(values));
  if (!updated) co_return updated.error();
  postgres::Parameters same(id);
  auto rows = co_await transaction.query(select_agents() + "where a.id = $1", std::move(same));
  if (!rows) co_return rows.error();
  auto after = agent_of(rows->front());
  for (auto& entry : entries_of(*before, after, actor)) {
    auto recorded = co_await record_audit(transaction, std::move(entry));
    if (!recorded) co_return recorded.error();
  }
  co_return after;
}

Async<Result<>> remove_in(postgres::Queryable& transaction, AgentId id, Actor const& actor) {
  auto agent = co_await lock_agent(transaction, id);
  if (!agent) co_return agent.error();
  if (agent->state != domain::AgentState::kUnreachable) {
    co_return fail(Code::kConflict,
                   agent->hostname +
                       " still answers. Drain it, wait until its sessions have ended, and stop its "
                       "agent; it can be removed 30 seconds later.");
  }
  postgres::Parameters values(id);
  auto updated =
      co_await transaction.query("update agents set removed_at = now() where id = $1", std::move(values));
  if (!updated) co_return updated.error();
  auto entry = agent_audit(actor, "agent.remove", *agent, {{"sessions", agent->sessions}});
  auto recorded = co_await record_audit(transaction, std::move(entry));
  co_return recorded;
}

}  // namespace

Async<Result<Agent>> change_agent(postgres::Database& database, AgentId agent, AgentChange change,
                                  Actor actor) {
  std::function<Async<Result<Agent>>(postgres::Queryable&)> body = [&](postgres::Queryable& transaction) {
    return change_in(transaction, agent, change, actor);
  };
  auto outcome = co_await database.transaction<Agent>(std::move(body));
  co_return outcome;
}

Async<Result<>> remove_agent(postgres::Database& database, AgentId agent, Actor actor) {
  std::function<Async<Result<>>(postgres::Queryable&)> body = [&](postgres::Queryable& transaction) {
    return remove_in(transaction, agent, actor);
  };
  auto outcome = co_await database.transaction<void>(std::move(body));
  co_return outcome;
}

Async<Result<std::vector<SessionId>>> fail_sessions_of_removed_agents(postgres::Database& database) {
  auto rows = co_await database.query(
      "update sessions s set released_at = now(), "
      "state = case when s.state in ('ended', 'failed') then s.state else 'failed' end, "
      "step = case when s.state in ('ended', 'failed') then s.step else 'failed' end, "
      "generation = s.generation + case when s.state in ('ended', 'failed') then 0 else 1 end, "
      "reason_code = case when s.state in ('ended', 'failed') then s.reason_code else 'server_removed' end, "
      "reason = case when s.state in ('ended', 'failed') then s.reason else 'Its server, ' || a.hostname || "
      "', could not be reached and was removed by an administrator.' end, "
      "ended_at = coalesce(s.ended_at, now()), viewers = 0, deadline = null "
      "from agents a where s.agent_id = a.id and a.removed_at is not null and s.released_at is null "
      "returning s.id");
  if (!rows) co_return rows.error().within("fail the sessions of removed servers");
  std::vector<SessionId> ids;
  for (auto const row : *rows) ids.push_back(row.id<SessionId>("id"));
  co_return ids;
}

}  // namespace oriel::store
