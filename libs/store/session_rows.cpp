#include "libs/store/session_rows.h"

namespace oriel::store {
namespace {

std::optional<json::Value> optional_json(postgres::Row const& row, std::string_view column) {
  if (row.is_null(column)) return std::nullopt;
  auto value = json::parse(row.view(column));
  if (!value) return std::nullopt;
  return *value;
}

Async<Result<Session>> read_one(postgres::Queryable& queryable, SessionId session, std::string sql) {
  postgres::Parameters values(session);
  auto rows = co_await queryable.query(std::move(sql), std::move(values));
  if (!rows) co_return rows.error().within("read session " + session.text());
  if (rows->empty()) co_return fail(Code::kNotFound, "There is no session " + session.text() + ".");
  co_return session_of(rows->front());
}

}  // namespace

std::string select_sessions() {
  return "select s.id, s.user_id, u.username, s.image_id, i.name as image_name, i.friendly_name, i.hue, "
         "s.desired, s.state, "
         "s.generation, s.attempt, s.deadline, s.reason_code, s.reason, s.step, s.progress, s.placement, "
         "s.log_tail, "
         "s.agent_id, a.hostname as server, z.name as zone, s.cores, s.memory_bytes, s.container_id, "
         "s.runtime, "
         "s.client_protocol, s.width, s.height, s.locale, s.timezone, s.open_url, s.environment, s.launch, "
         "s.viewers, "
         "s.last_input_at, s.cpu, s.memory_used_bytes, s.share_id, s.keepalive_seconds, "
         "s.time_limit_seconds, "
         "s.created_at, s.placed_at, s.started_at, s.ended_at, s.released_at, s.keepalive_at, s.expires_at, "
         "s.changed_at, s.notices "
         "from sessions s join users u on u.id = s.user_id join images i on i.id = s.image_id "
         "left join agents a on a.id = s.agent_id left join zones z on z.id = a.zone_id ";
}

Session session_of(postgres::Row const& row) {
  Session session;
  session.id = row.id<SessionId>("id");
  session.user = row.id<UserId>("user_id");
  session.username = row.text("username");
  session.image = row.id<ImageId>("image_id");
  session.image_name = row.text("image_name");
  session.friendly_name = row.text("friendly_name");
  session.hue = static_cast<int>(row.integer("hue"));
  session.desired = domain::parse_desired_state(row.view("desired")).value_or(domain::DesiredState::kEnded);
  session.state = domain::parse_session_state(row.view("state")).value_or(domain::SessionState::kFailed);
  session.generation = row.integer("generation");
  session.attempt = static_cast<int>(row.integer("attempt"));
  session.deadline = row.optional_time("deadline");
  session.reason_code = row.optional_text("reason_code");
  session.reason = row.optional_text("reason");
  session.step = row.text("step");
  session.progress = static_cast<int>(row.integer("progress"));
  session.placement = optional_json(row, "placement");
  session.log_tail = row.optional_text("log_tail");
  session.agent = row.optional_id<AgentId>("agent_id");
  session.server = row.optional_text("server");
  session.zone = row.optional_text("zone");
  session.cores = row.number("cores");
  session.memory_bytes = row.integer("memory_bytes");
  session.container_id = row.optional_text("container_id");
  session.runtime = row.optional_text("runtime");
  session.client_protocol = static_cast<int>(row.integer("client_protocol"));
  session.width = static_cast<int>(row.integer("width"));
  session.height = static_cast<int>(row.integer("height"));
  session.locale = row.text("locale");
  session.timezone = row.text("timezone");
  session.open_url = row.optional_text("open_url");
  if (auto const environment = optional_json(row, "environment"); environment && environment->is_object()) {
    for (auto const& entry : environment->get_object()) {
      if (entry.value().is_string()) {
        session.environment[std::string(entry.key())] =
            std::string(std::string_view(entry.value().get_string()));
      }
    }
  }
  if (auto launch = optional_json(row, "launch"); launch && launch->is_object()) {
    session.launch = launch->get_object();
    auto const* const reference = session.launch.if_contains("image_reference");
    if (reference != nullptr && reference->is_string()) {
      session.image_reference = std::string(std::string_view(reference->get_string()));
    }
  }
  session.viewers = static_cast<int>(row.integer("viewers"));
  session.last_input_at = row.optional_time("last_input_at");
  session.cpu = row.number("cpu");
  session.memory_used_bytes = row.integer("memory_used_bytes");
  session.share_id = row.optional_text("share_id");
  session.keepalive_seconds = static_cast<int>(row.integer("keepalive_seconds"));
  if (auto const limit = row.optional_integer("time_limit_seconds"))
    session.time_limit_seconds = static_cast<int>(*limit);
  session.created_at = row.time("created_at");
  session.placed_at = row.optional_time("placed_at");
  session.started_at = row.optional_time("started_at");
  session.ended_at = row.optional_time("ended_at");
  session.released_at = row.optional_time("released_at");
  session.keepalive_at = row.time("keepalive_at");
  session.expires_at = row.optional_time("expires_at");
  session.changed_at = row.time("changed_at");
  if (auto notices = optional_json(row, "notices"); notices && notices->is_object()) {
    session.notices = notices->get_object();
  }
  return session;
}

std::vector<Session> sessions_of(postgres::Rows const& rows) {
  std::vector<Session> sessions;
  sessions.reserve(rows.size());
  for (auto const row : rows) sessions.push_back(session_of(row));
  return sessions;
}

Async<Result<Session>> read_session(postgres::Queryable& queryable, SessionId session) {
  auto found = co_await read_one(queryable, session, select_sessions() + "where s.id = $1");
  co_return found;
}

Async<Result<Session>> lock_session(postgres::Queryable& transaction, SessionId session) {
  auto found = co_await read_one(transaction, session, select_sessions() + "where s.id = $1 for update of s");
  co_return found;
}

AuditEntry session_audit(Actor actor, std::string action, SessionId session, json::Object detail) {
  return {std::move(actor), std::move(action), "session", session.text(), std::move(detail)};
}

Result<Launch> launch_of(Session const& session) {
  auto launch = json::read<Launch>(session.launch, json::Unknown::kIgnore);
  if (!launch) return launch.error().within("read the launch of session " + session.id.text());
  return launch;
}

Async<Result<std::optional<Session>>> find_session(postgres::Database& database, SessionId session) {
  postgres::Parameters values(session);
  auto rows = co_await database.query(select_sessions() + "where s.id = $1", std::move(values));
  if (!rows) co_return rows.error().within("find the session");
  if (rows->empty()) co_return std::optional<Session>();
  co_return std::optional<Session>(session_of(rows->front()));
}

}  // namespace oriel::store
