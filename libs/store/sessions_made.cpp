#include "libs/base/text.h"
#include "libs/store/agent_rows.h"
#include "libs/store/session_rows.h"
#include "libs/store/sessions.h"

/// What the Manager writes: the states that make a desire real.
namespace oriel::store {
namespace {

using domain::Cause;
using domain::SessionState;

constexpr std::size_t kLogTailBytes = 16 * 1024;

json::Object placement_json(domain::PlacementDecision const& decision) {
  json::Array servers;
  for (auto const& server : decision.servers) {
    json::Array checks;
    for (auto const& check : server.checks) {
      checks.push_back({{"check", domain::text(check.check)}, {"ok", check.ok}, {"message", check.message}});
    }
    servers.push_back({{"server", server.server}, {"checks", std::move(checks)}});
  }
  return {{"servers", std::move(servers)}};
}

std::optional<std::int64_t> deadline_seconds(SessionState state) {
  auto const deadline = domain::deadline_of(state);
  if (!deadline) return std::nullopt;
  return deadline->count();
}

/// Every server with what is reserved on it, locked, so that two placements never give away the same room.
Async<Result<std::vector<domain::ServerCapacity>>> lock_servers(postgres::Queryable& transaction) {
  auto locked = co_await transaction.query("select id from agents order by id for update");
  if (!locked) co_return locked.error();
  // A second statement sees what the transaction before us committed while we waited for the locks.
  auto rows = co_await transaction.query(select_agents() + "order by a.id");
  if (!rows) co_return rows.error();
  std::vector<domain::ServerCapacity> servers;
  servers.reserve(rows->size());
  for (auto const row : *rows) servers.push_back(capacity_of(agent_of(row)));
  co_return servers;
}

Async<Result<std::optional<Placed>>> place_in(postgres::Queryable& transaction, SessionId id,
                                              domain::PlacementPolicy const& policy) {
  auto session = co_await lock_session(transaction, id);
  if (!session) {
    if (session.error().code == Code::kNotFound) co_return std::optional<Placed>();
    co_return session.error();
  }
  if (session->state != SessionState::kRequested) co_return std::optional<Placed>();

  Placed placed;
  if (session->desired == domain::DesiredState::kEnded) {
    postgres::Parameters values(id);
    auto ended = co_await transaction.query(
        "update sessions set state = 'ended', step = 'ended', generation = generation + 1, deadline = null, "
        "ended_at = now(), released_at = now() where id = $1",
        std::move(values));
    if (!ended) co_return ended.error();
  } else {
    auto launch = launch_of(*session);
    if (!launch) co_return launch.error();
    postgres::Parameters image(session->image);
    auto zone = co_await transaction.query("select zone_id from images where id = $1", std::move(image));
    if (!zone) co_return zone.error();

    domain::PlacementRequest request;
    request.cores = session->cores;
    request.memory_bytes = session->memory_bytes;
    request.image_reference = launch->image_reference;
    request.image_id = launch->image_id;
    if (!zone->empty()) request.zone = zone->front().optional_id<ZoneId>("zone_id");

    auto servers = co_await lock_servers(transaction);
    if (!servers) co_return servers.error();
    placed.decision = domain::place(request, *servers, policy);
    auto const why = json::text(placement_json(placed.decision));
    if (placed.decision.agent) {
      postgres::Parameters values(id, *placed.decision.agent, deadline_seconds(SessionState::kPlaced));
      auto updated = co_await transaction.query(
          "update sessions set state = 'placed', step = 'placed', progress = 10, agent_id = $2, attempt = "
          "attempt + 1, "
          "generation = generation + 1, placed_at = now(), placement = null, reason_code = null, reason = "
          "null, "
          "deadline = now() + $3::bigint * interval '1 second' where id = $1",
          std::move(values));
      if (!updated) co_return updated.error();
    } else {
      postgres::Parameters values(id, why, placed.decision.summary());
      auto updated = co_await transaction.query(
          "update sessions set state = 'failed', step = 'failed', generation = generation + 1, placement = "
          "$2::jsonb, "
          "reason_code = 'no_capacity', reason = $3, deadline = null, ended_at = now(), released_at = now() "
          "where id = $1",
          std::move(values));
      if (!updated) co_return updated.error();
      auto entry = session_audit(Actor(), "session.refuse", id, {{"why", placed.decision.summary()}});
      auto recorded = co_await record_audit(transaction, std::move(entry));
      if (!recorded) co_return recorded.error();
    }
  }
  auto after = co_await read_session(transaction, id);
  if (!after) co_return after.error();
  placed.session = std::move(*after);
  co_return std::optional<Placed>(std::move(placed));
}

/// The step a state begins with, when nobody says better, and how far that is.
struct FirstStep {
  std::string_view step;
  int progress;
};
FirstStep first_step(SessionState state) {
  switch (state) {
    case SessionState::kRequested:
      return {"requested", 0};
    case SessionState::kPlaced:
      return {"placed", 10};
    case SessionState::kStarting:
      return {"container", 30};
    case SessionState::kRunning:
      return {"ready", 100};
    case SessionState::kPaused:
      return {"paused", 100};
    case SessionState::kStopped:
      return {"stopped", 100};
    case SessionState::kEnding:
      return {"ending", 100};
    case SessionState::kEnded:
      return {"ended", 100};
    case SessionState::kFailed:
      return {"failed", 100};
  }
  return {"failed", 100};
}

Async<Result<std::optional<Session>>> advance_in(postgres::Queryable& transaction, SessionId id,
                                                 std::int64_t from, Cause cause, SessionPatch const& patch,
                                                 Actor const& actor) {
  auto session = co_await lock_session(transaction, id);
  if (!session) {
    if (session.error().code == Code::kNotFound) co_return std::optional<Session>();
    co_return session.error();
  }
  if (session->generation != from) co_return std::optional<Session>();

  auto const moves = patch.state && *patch.state != session->state;
  auto const to = patch.state.value_or(session->state);
  if (moves && !domain::may_move(session->state, to, cause)) {
    co_return fail(Code::kConflict, "a session may not go from " + std::string(domain::text(session->state)) +
                                        " to " + std::string(domain::text(to)));
  }
  auto step = patch.step;
  auto progress = patch.progress;
  if (moves) {
    auto const first = first_step(to);
    if (!step) step = std::string(first.step);
    if (!progress) progress = first.progress;
  }
  auto const final = moves && domain::is_final(to);
  // ended is said only when nothing is left; a failed session that was never placed holds nothing either.
  auto const released = patch.released || (moves && to == SessionState::kEnded) || (final && !session->agent);
  std::optional<std::string> log_tail;
  if (patch.log_tail) log_tail = to_utf8(*patch.log_tail, kLogTailBytes);

  postgres::Parameters values(id, std::string(domain::text(to)), moves, step, progress, patch.reason_code,
                              patch.reason, log_tail, patch.container_id, patch.runtime,
                              patch.client_protocol, released, final, to == SessionState::kRunning,
                              moves ? deadline_seconds(to) : std::nullopt);
  auto updated = co_await transaction.query(
      "update sessions set state = $2, generation = generation + case when $3::boolean then 1 else 0 end, "
      "step = coalesce($4, step), progress = coalesce($5::integer, progress), "
      "reason_code = case when $3::boolean and $14::boolean then $6 else coalesce($6, reason_code) end, "
      "reason = case when $3::boolean and $14::boolean then $7 else coalesce($7, reason) end, "
      "log_tail = coalesce($8, log_tail), container_id = coalesce($9, container_id), runtime = coalesce($10, "
      "runtime), "
      "client_protocol = coalesce($11::integer, client_protocol), "
      "released_at = case when $12::boolean then coalesce(released_at, now()) else released_at end, "
      "ended_at = case when $13::boolean then now() else ended_at end, "
      "started_at = case when $3::boolean and $14::boolean then coalesce(started_at, now()) else started_at "
      "end, "
      "deadline = case when $3::boolean then now() + $15::bigint * interval '1 second' else deadline end, "
      "viewers = case when $13::boolean then 0 else viewers end "
      "where id = $1",
      std::move(values));
  if (!updated) co_return updated.error();
  if (final) {
    json::Object detail;
    if (patch.reason_code) detail["reason_code"] = *patch.reason_code;
    auto entry = session_audit(actor, "session." + std::string(domain::text(to)), id, std::move(detail));
    auto recorded = co_await record_audit(transaction, std::move(entry));
    if (!recorded) co_return recorded.error();
  }
  auto after = co_await read_session(transaction, id);
  if (!after) co_return after.error();
  co_return std::optional<Session>(std::move(*after));
}

Async<Result<std::vector<Session>>> list_where(postgres::Database& database, std::string condition,
                                               postgres::Parameters values) {
  auto rows = co_await database.query(select_sessions() + condition, std::move(values));
  if (!rows) co_return rows.error().within("list sessions");
  co_return sessions_of(*rows);
}

}  // namespace

Async<Result<std::vector<SessionId>>> list_requested_sessions(postgres::Database& database, int limit) {
  postgres::Parameters values(limit);
  auto rows = co_await database.query(
      "select id from sessions where state = 'requested' order by created_at, id limit $1::bigint",
      std::move(values));
  if (!rows) co_return rows.error().within("list requested sessions");
  std::vector<SessionId> ids;
  for (auto const row : *rows) ids.push_back(row.id<SessionId>("id"));
  co_return ids;
}

Async<Result<std::optional<Placed>>> place_session(postgres::Database& database, SessionId session,
                                                   domain::PlacementPolicy policy) {
  std::function<Async<Result<std::optional<Placed>>>(postgres::Queryable&)> body =
      [session, &policy](postgres::Queryable& transaction) { return place_in(transaction, session, policy); };
  auto outcome = co_await database.transaction<std::optional<Placed>>(std::move(body));
  if (!outcome) co_return outcome.error().within("place session " + session.text());
  co_return outcome;
}

Async<Result<std::optional<Session>>> advance_session(postgres::Database& database, SessionId session,
                                                      std::int64_t from_generation, Cause cause,
                                                      SessionPatch patch, Actor actor) {
  std::function<Async<Result<std::optional<Session>>>(postgres::Queryable&)> body =
      [session, from_generation, cause, &patch, &actor](postgres::Queryable& transaction) {
        return advance_in(transaction, session, from_generation, cause, patch, actor);
      };
  auto outcome = co_await database.transaction<std::optional<Session>>(std::move(body));
  if (!outcome) co_return outcome.error().within("advance session " + session.text());
  co_return outcome;
}

Async<Result<>> record_session_usage(postgres::Database& database, SessionId session, int attempt,
                                     SessionUsage usage) {
  postgres::Parameters values(session, attempt, usage.viewers, usage.last_input_at, usage.cpu,
                              usage.memory_bytes);
  auto rows = co_await database.query(
      "update sessions set viewers = $3::integer, last_input_at = coalesce($4::timestamptz, last_input_at), "
      "cpu = $5::real, "
      "memory_used_bytes = $6::bigint, "
      "keepalive_at = case when $3::integer > 0 and keepalive_at < now() - interval '60 seconds' then now() "
      "else keepalive_at end, "
      "expires_at = case when $3::integer > 0 and keepalive_at < now() - interval '60 seconds' then "
      "least(now() + keepalive_seconds * interval '1 second', created_at + time_limit_seconds * interval '1 "
      "second') "
      "else expires_at end "
      "where id = $1 and attempt = $2::integer and state not in ('ended', 'failed')",
      std::move(values));
  if (!rows) co_return rows.error().within("note the usage of session " + session.text());
  co_return Result<>();
}

Async<Result<>> release_session(postgres::Database& database, SessionId session, int attempt) {
  postgres::Parameters values(session, attempt);
  auto rows = co_await database.query(
      "update sessions set released_at = now() where id = $1 and attempt = $2::integer and released_at is "
      "null and "
      "state in ('ended', 'failed')",
      std::move(values));
  if (!rows) co_return rows.error().within("release session " + session.text());
  co_return Result<>();
}

Async<Result<std::vector<Session>>> list_sessions_of_agent(postgres::Database& database, AgentId agent) {
  postgres::Parameters values(agent);
  auto sessions = co_await list_where(
      database, "where s.agent_id = $1 and s.released_at is null order by s.created_at, s.id",
      std::move(values));
  co_return sessions;
}

Async<Result<std::vector<Session>>> list_sessions_to_end(postgres::Database& database, int limit) {
  postgres::Parameters values(limit);
  auto sessions = co_await list_where(database,
                                      "where s.desired = 'ended' and s.state not in ('ending', 'ended', "
                                      "'failed') order by s.created_at, s.id "
                                      "limit $1::bigint",
                                      std::move(values));
  co_return sessions;
}

Async<Result<std::vector<SessionId>>> expire_sessions(postgres::Database& database, int limit) {
  postgres::Parameters values(limit);
  auto rows = co_await database.query(
      // Who is being looked at is kept alive, also when a clock that jumped has passed its time.
      "with due as (select id from sessions where expires_at <= now() and desired = 'running' and "
      "(viewers = 0 or created_at + time_limit_seconds * interval '1 second' <= now()) and "
      "state not in ('ended', 'failed') order by expires_at limit $1::bigint for update skip locked) "
      "update sessions s set desired = 'ended', generation = generation + 1, "
      "reason_code = case when created_at + time_limit_seconds * interval '1 second' <= now() then "
      "'session_time_limit' "
      "else 'keepalive_expired' end, "
      "reason = case when created_at + time_limit_seconds * interval '1 second' <= now() "
      "then 'The workspace''s time limit was reached.' else 'Nobody used the session for a long time.' end "
      "from due where s.id = due.id returning s.id",
      std::move(values));
  if (!rows) co_return rows.error().within("expire sessions");
  std::vector<SessionId> ids;
  for (auto const row : *rows) ids.push_back(row.id<SessionId>("id"));
  co_return ids;
}

Async<Result<std::vector<Session>>> list_overdue_sessions(postgres::Database& database, int limit) {
  postgres::Parameters values(limit);
  auto sessions = co_await list_where(database,
                                      "where s.deadline < now() and s.state in ('requested', 'placed', "
                                      "'starting', 'ending') order by s.deadline, s.id "
                                      "limit $1::bigint",
                                      std::move(values));
  co_return sessions;
}

Async<Result<std::optional<Session>>> rearm_deadline(postgres::Database& database, SessionId session,
                                                     std::int64_t from_generation) {
  auto const exit = *domain::overdue_exit(SessionState::kEnding);
  postgres::Parameters values(session, from_generation, deadline_seconds(SessionState::kEnding),
                              exit.reason_code, exit.reason);
  auto rows = co_await database.query(
      "update sessions set deadline = now() + $3::bigint * interval '1 second', reason_code = $4, reason = "
      "$5 "
      "where id = $1 and generation = $2::bigint and state = 'ending'",
      std::move(values));
  if (!rows) co_return rows.error().within("wait on for session " + session.text());
  if (rows->affected() == 0) co_return std::optional<Session>();
  auto found = co_await find_session(database, session);
  co_return found;
}

Async<Result<std::size_t>> forget_sessions(postgres::Database& database, std::chrono::hours older_than) {
  postgres::Parameters values(older_than.count());
  auto rows = co_await database.query(
      "delete from sessions where ended_at < now() - $1::bigint * interval '1 hour' and state in ('ended', "
      "'failed') "
      "and (released_at is not null or agent_id is null)",
      std::move(values));
  if (!rows) co_return rows.error().within("forget old sessions");
  co_return rows->affected();
}

}  // namespace oriel::store
