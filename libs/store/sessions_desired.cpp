#include <algorithm>
#include <charconv>

#include "libs/base/text.h"
#include "libs/domain/session_expiry.h"
#include "libs/domain/session_limits.h"
#include "libs/store/account_rows.h"
#include "libs/store/images.h"
#include "libs/store/session_rows.h"
#include "libs/store/sessions.h"

/// What the API writes and reads: desire, never the state that only the Manager makes.
namespace oriel::store {
namespace {

using domain::SessionState;

Async<Result<std::optional<SessionId>>> find_by_request_key(postgres::Queryable& transaction,
                                                            SessionRequest const& request) {
  postgres::Parameters values(request.user, request.request_key);
  auto rows = co_await transaction.query("select id from sessions where user_id = $1 and request_key = $2",
                                         std::move(values));
  if (!rows) co_return rows.error();
  if (rows->empty()) co_return std::optional<SessionId>();
  co_return std::optional<SessionId>(rows->front().id<SessionId>("id"));
}

/// Locks the user's row, so that launches of one user stand in line, and reads what bounds them.
Async<Result<std::vector<domain::GroupLimit>>> lock_user(postgres::Queryable& transaction, UserId user) {
  postgres::Parameters values(user);
  auto rows = co_await transaction.query(
      "select u.locked or u.disabled as barred, "
      "(select coalesce(jsonb_agg(jsonb_build_object('priority', g.priority, 'session_limit', "
      "g.session_limit, "
      "'keepalive_seconds', g.keepalive_seconds)), '[]') from groups g join user_groups ug "
      "on ug.group_id = g.id where ug.user_id = u.id) as limits from users u where u.id = $1 for update of u",
      std::move(values));
  if (!rows) co_return rows.error();
  if (rows->empty() || rows->front().boolean("barred")) {
    co_return fail(Code::kNotFound, "There is no such user.");
  }
  co_return group_limits_of(rows->front().view("limits"));
}

struct Wanted {
  Launch launch;
  double cores = 0;
  std::int64_t memory_bytes = 0;
  std::optional<int> session_limit;
  std::optional<int> time_limit_seconds;
  int live = 0;           // sessions of the user before this one
  int live_of_image = 0;  // those of the same workspace
};

/// The workspace when it is granted, and how many sessions there are: a statement of its own after the lock,
/// so that it sees what those before us in the line have committed.
Async<Result<Wanted>> read_granted_image(postgres::Queryable& transaction, SessionRequest const& request) {
  postgres::Parameters values(request.image, request.user);
  auto rows = co_await transaction.query(
      "select i.name, i.friendly_name, i.reference, i.docker_id, i.digest, i.cores, i.memory_bytes, "
      "i.shm_bytes, i.pids, "
      "i.network, i.environment, i.session_limit, i.session_time_limit_seconds, own.live, own.live_of_image "
      "from images i, (select count(*) as live, count(*) filter (where image_id = $1) as live_of_image "
      "from sessions where user_id = $2 and state not in ('ended', 'failed')) own "
      "where i.id = $1 and i.enabled and exists (select 1 from image_groups ig join user_groups ug on "
      "ug.group_id = ig.group_id where ig.image_id = i.id and ug.user_id = $2)",
      std::move(values));
  if (!rows) co_return rows.error();
  if (rows->empty())
    co_return fail(Code::kNotFound, "There is no such workspace, or it is not granted to you.");
  auto const row = rows->front();
  Wanted wanted;
  wanted.launch.name = row.text("friendly_name");
  wanted.launch.image_reference = row.text("reference");
  wanted.launch.image_id = row.optional_text("docker_id");
  wanted.launch.image_digest = row.optional_text("digest");
  wanted.launch.shm_bytes = row.integer("shm_bytes");
  wanted.launch.pids = static_cast<int>(row.integer("pids"));
  wanted.launch.network = row.text("network");
  wanted.launch.hostname = row.text("name");
  if (auto const environment = json::parse(row.view("environment"));
      environment && environment->is_object()) {
    for (auto const& entry : environment->get_object()) {
      if (!entry.value().is_string()) continue;
      wanted.launch.environment[std::string(entry.key())] =
          std::string(std::string_view(entry.value().get_string()));
    }
  }
  for (auto const& [name, value] : request.environment) wanted.launch.environment[name] = value;
  wanted.cores = row.number("cores");
  wanted.memory_bytes = row.integer("memory_bytes");
  if (auto const limit = row.optional_integer("session_limit"))
    wanted.session_limit = static_cast<int>(*limit);
  if (auto const limit = row.optional_integer("session_time_limit_seconds")) {
    wanted.time_limit_seconds = static_cast<int>(*limit);
  }
  wanted.live = static_cast<int>(row.integer("live"));
  wanted.live_of_image = static_cast<int>(row.integer("live_of_image"));
  co_return wanted;
}

Async<Result<Session>> request_in(postgres::Queryable& transaction, SessionRequest const& request) {
  auto limits = co_await lock_user(transaction, request.user);
  if (!limits) co_return limits.error();
  if (request.request_key) {
    auto earlier = co_await find_by_request_key(transaction, request);
    if (!earlier) co_return earlier.error();
    if (*earlier) {
      auto same = co_await read_session(transaction, **earlier);
      co_return same;
    }
  }
  auto wanted = co_await read_granted_image(transaction, request);
  if (!wanted) co_return wanted.error();
  auto const verdict = domain::check_session_limit(wanted->live, domain::session_limit(*limits),
                                                   wanted->live_of_image, wanted->session_limit);
  if (!verdict.allowed) co_return fail(Code::kConflict, verdict.message);

  domain::ExpiryRule rule;
  rule.keepalive = std::chrono::seconds(domain::keepalive_seconds(*limits));
  if (wanted->time_limit_seconds) rule.time_limit = std::chrono::seconds(*wanted->time_limit_seconds);
  // created = keepalive = now, so the rule gives a duration.
  auto const lifetime = std::chrono::duration_cast<std::chrono::seconds>(
      domain::expires_at(WallTime(), WallTime(), rule) - WallTime());
  auto const deadline = *domain::deadline_of(SessionState::kRequested);

  auto const id = SessionId::random();
  postgres::Parameters values(id, request.user, request.image, wanted->cores, wanted->memory_bytes,
                              request.client_protocol, request.width, request.height, request.locale,
                              request.timezone, request.open_url, json::write_text(request.environment),
                              request.share_id, json::write_text(wanted->launch), request.request_key,
                              rule.keepalive.count(), wanted->time_limit_seconds, lifetime.count(),
                              deadline.count());
  values.add(request.actor.kind)
      .add(request.actor.id)
      .add(request.actor.address)
      .add(request.actor.request_id);
  // The row, the user's last launch and the audit's line in one journey.
  auto made = co_await transaction.query(
      "with noted as (update users set last_session_at = now() where id = $2), "
      "audited as (insert into audit (actor_kind, actor_id, action, object_kind, object_id, address, "
      "request_id, detail) values "
      "($20, $21::uuid, 'session.request', 'session', replace($1::uuid::text, '-', ''), $22, $23, "
      "jsonb_build_object('image', replace($3::uuid::text, '-', ''), 'user', replace($2::uuid::text, '-', "
      "'')))) "
      "insert into sessions (id, user_id, image_id, cores, memory_bytes, client_protocol, width, height, "
      "locale, timezone, "
      "open_url, environment, share_id, launch, request_key, keepalive_seconds, time_limit_seconds, "
      "expires_at, deadline) "
      "values ($1::uuid, $2::uuid, $3::uuid, $4::numeric, $5::bigint, $6::integer, $7::integer, $8::integer, "
      "$9, $10, $11, "
      "$12::jsonb, $13, "
      "$14::jsonb, $15, $16::integer, $17::integer, now() + $18::bigint * interval '1 second', "
      "now() + $19::bigint * interval '1 second')",
      std::move(values));
  if (!made) co_return made.error();

  auto session = co_await read_session(transaction, id);
  co_return session;
}

Async<Result<Session>> desire_end_in(postgres::Queryable& transaction, SessionId id, Actor const& actor,
                                     EndReason const& reason) {
  auto session = co_await lock_session(transaction, id);
  if (!session) co_return session.error();
  if (domain::is_final(session->state) || session->desired == domain::DesiredState::kEnded) co_return session;

  // Nothing was made for a session that was never placed: there is nothing to wait for.
  auto const at_once = domain::may_move(session->state, SessionState::kEnded, domain::Cause::kApi);
  postgres::Parameters values(id, at_once, reason.code, reason.words);
  auto updated = co_await transaction.query(
      "update sessions set desired = 'ended', generation = generation + 1, "
      "reason_code = coalesce(reason_code, $3), reason = coalesce(reason, $4), "
      "state = case when $2::boolean then 'ended' else state end, "
      "step = case when $2::boolean then 'ended' else step end, "
      "deadline = case when $2::boolean then null else deadline end, "
      "ended_at = case when $2::boolean then now() else ended_at end, "
      "released_at = case when $2::boolean then now() else released_at end where id = $1",
      std::move(values));
  if (!updated) co_return updated.error();
  json::Object detail;
  if (reason.words) detail["reason"] = *reason.words;
  auto entry = session_audit(actor, "session.end", id, std::move(detail));
  auto recorded = co_await record_audit(transaction, std::move(entry));
  if (!recorded) co_return recorded.error();
  auto after = co_await read_session(transaction, id);
  co_return after;
}

Async<Result<Session>> keep_alive_in(postgres::Queryable& transaction, SessionId id) {
  auto session = co_await lock_session(transaction, id);
  if (!session) co_return session.error();
  if (!domain::is_live(session->state) || session->desired == domain::DesiredState::kEnded) {
    co_return fail(Code::kNotFound, "The session has ended.");
  }
  postgres::Parameters values(id);
  auto updated = co_await transaction.query(
      "update sessions set keepalive_at = now(), expires_at = least(now() + keepalive_seconds * interval '1 "
      "second', "
      "created_at + time_limit_seconds * interval '1 second') where id = $1",
      std::move(values));
  if (!updated) co_return updated.error();
  auto after = co_await read_session(transaction, id);
  co_return after;
}

}  // namespace

Async<Result<Session>> request_session(postgres::Database& database, SessionRequest request) {
  std::function<Async<Result<Session>>(postgres::Queryable&)> body =
      [&request](postgres::Queryable& transaction) { return request_in(transaction, request); };
  auto outcome = co_await database.transaction<Session>(std::move(body));
  co_return outcome;
}

Async<Result<Session>> desire_end(postgres::Database& database, SessionId session, Actor actor,
                                  EndReason reason) {
  std::function<Async<Result<Session>>(postgres::Queryable&)> body =
      [session, &actor, &reason](postgres::Queryable& transaction) {
        return desire_end_in(transaction, session, actor, reason);
      };
  auto outcome = co_await database.transaction<Session>(std::move(body));
  co_return outcome;
}

Async<Result<Session>> desire_end_as_part(postgres::Queryable& transaction, SessionId session, Actor actor) {
  EndReason const unsaid;
  auto ending = co_await desire_end_in(transaction, session, actor, unsaid);
  co_return ending;
}

Async<Result<Session>> keep_session_alive(postgres::Database& database, SessionId session) {
  std::function<Async<Result<Session>>(postgres::Queryable&)> body =
      [session](postgres::Queryable& transaction) { return keep_alive_in(transaction, session); };
  auto outcome = co_await database.transaction<Session>(std::move(body));
  co_return outcome;
}

Async<Result<std::vector<Session>>> list_sessions_of_user(postgres::Database& database, UserId user,
                                                          std::chrono::seconds after_end) {
  postgres::Parameters values(user, after_end.count());
  auto rows = co_await database.query(
      select_sessions() +
          "where s.user_id = $1 and (s.state not in ('ended', 'failed') or "
          "s.ended_at > now() - $2::bigint * interval '1 second') order by s.created_at desc, s.id limit 500",
      std::move(values));
  if (!rows) co_return rows.error().within("list sessions");
  co_return sessions_of(*rows);
}

Async<Result<std::vector<Session>>> list_changed_sessions(postgres::Database& database, WallTime since) {
  postgres::Parameters values(since);
  auto rows = co_await database.query(
      select_sessions() + "where s.changed_at > $1::timestamptz order by s.changed_at, s.id limit 1000",
      std::move(values));
  if (!rows) co_return rows.error().within("list changed sessions");
  co_return sessions_of(*rows);
}

Async<Result<WallTime>> database_time(postgres::Database& database) {
  auto rows = co_await database.query("select clock_timestamp() as now");
  if (!rows) co_return rows.error().within("read the database's clock");
  co_return rows->front().time("now");
}

}  // namespace oriel::store
