#include "libs/store/agents.h"

#include <algorithm>
#include <cmath>

#include "libs/store/agent_rows.h"

namespace oriel::store {
namespace {

double number_in(json::Object const& object, std::string_view name) {
  auto const* const value = object.if_contains(name);
  if (value == nullptr || !value->is_number()) return 0;
  auto const number = value->to_number<double>();
  return std::isfinite(number) && number > 0 ? number : 0;
}

std::int64_t bytes_in(json::Object const& object, std::string_view name) {
  return static_cast<std::int64_t>(std::min(number_in(object, name), 9e15));
}

std::string text_in(json::Object const& object, std::string_view name) {
  auto const* const value = object.if_contains(name);
  if (value == nullptr || !value->is_string()) return {};
  return std::string(std::string_view(value->get_string()));
}

Async<Result<Agent>> enrol_in(postgres::Queryable& transaction, std::string const& token_hash,
                              NewAgent const& agent) {
  postgres::Parameters token(token_hash);
  auto spent = co_await transaction.query(
      "update one_time_tokens set used_at = now() where token_hash = decode($1, 'hex') and purpose = 'enrol' "
      "and used_at is null and expires_at > now()",
      std::move(token));
  if (!spent) co_return spent.error();
  if (spent->affected() == 0) {
    co_return fail(
        Code::kUnauthenticated,
        "The enrolment token is unknown, has been used or has expired. Make a new one and join again.");
  }
  postgres::Parameters values(agent.id, agent.hostname, agent.zone, hex(agent.public_key),
                              agent.certificate_pem);
  auto made = co_await transaction.query(
      "insert into agents (id, hostname, zone_id, public_key, certificate_pem) "
      "select $1, $2, z.id, decode($4, 'hex'), $5 from zones z where z.name = $3",
      std::move(values));
  if (!made) co_return made.error();
  if (made->affected() == 0) co_return fail(Code::kInvalid, "there is no zone " + agent.zone);

  AuditEntry entry{{"agent", agent.id.text(), agent.address},
                   "agent.enrol",
                   "agent",
                   agent.id.text(),
                   {{"hostname", agent.hostname}, {"zone", agent.zone}}};
  auto recorded = co_await record_audit(transaction, std::move(entry));
  if (!recorded) co_return recorded.error();

  postgres::Parameters id(agent.id);
  auto rows = co_await transaction.query(select_agents() + "where a.id = $1", std::move(id));
  if (!rows) co_return rows.error();
  co_return agent_of(rows->front());
}

}  // namespace

std::string select_agents() {
  return "select a.id, a.hostname, a.zone_id, z.name as zone_name, encode(a.public_key, 'hex') as "
         "public_key, "
         "a.certificate_pem, a.enabled, a.draining, a.labels, a.state, a.state_since, a.last_seen_at, "
         "a.version, a.cores_override, "
         "a.memory_override_bytes, "
         "a.resources, a.images, a.networks, a.channel_epoch, a.created_at, held.sessions, held.cores, "
         "held.memory_bytes "
         "from agents a join zones z on z.id = a.zone_id and a.removed_at is null left join lateral (select "
         "count(*) as sessions, "
         "coalesce(sum(s.cores), 0) as cores, coalesce(sum(s.memory_bytes), 0) as memory_bytes from sessions "
         "s "
         "where s.agent_id = a.id and s.released_at is null) held on true ";
}

Agent agent_of(postgres::Row const& row) {
  Agent agent;
  agent.id = row.id<AgentId>("id");
  agent.hostname = row.text("hostname");
  agent.zone = row.id<ZoneId>("zone_id");
  agent.zone_name = row.text("zone_name");
  agent.public_key = from_hex(row.view("public_key")).value_or(Bytes());
  agent.certificate_pem = row.text("certificate_pem");
  agent.enabled = row.boolean("enabled");
  agent.draining = row.boolean("draining");
  if (auto value = json::parse_as<domain::Labels>(row.view("labels"))) agent.labels = std::move(*value);
  agent.state_since = row.time("state_since");
  agent.state = domain::parse_agent_state(row.view("state")).value_or(domain::AgentState::kUnreachable);
  agent.last_seen_at = row.optional_time("last_seen_at");
  agent.version = row.text("version");
  agent.cores_override = row.optional_number("cores_override");
  agent.memory_override_bytes = row.optional_integer("memory_override_bytes");
  if (auto value = json::parse(row.view("resources")); value && value->is_object())
    agent.resources = value->get_object();
  if (auto value = json::parse(row.view("images")); value && value->is_array())
    agent.images = value->get_array();
  if (auto value = json::parse(row.view("networks")); value && value->is_array())
    agent.networks = value->get_array();
  agent.channel_epoch = row.integer("channel_epoch");
  agent.created_at = row.time("created_at");
  agent.sessions = static_cast<int>(row.integer("sessions"));
  agent.cores_reserved = row.number("cores");
  agent.memory_reserved_bytes = row.integer("memory_bytes");
  return agent;
}

domain::ServerCapacity capacity_of(Agent const& agent) {
  domain::ServerCapacity capacity;
  capacity.id = agent.id;
  capacity.hostname = agent.hostname;
  capacity.enabled = agent.enabled;
  capacity.draining = agent.draining;
  capacity.state = agent.state;
  capacity.zone = agent.zone;
  capacity.zone_name = agent.zone_name;
  capacity.cores_total = agent.cores_override.value_or(number_in(agent.resources, "cores_total"));
  capacity.cores_reserved = agent.cores_reserved;
  capacity.memory_total_bytes =
      agent.memory_override_bytes.value_or(bytes_in(agent.resources, "memory_total_bytes"));
  capacity.memory_reserved_bytes = agent.memory_reserved_bytes;
  capacity.disk_total_bytes = bytes_in(agent.resources, "disk_total_bytes");
  capacity.disk_used_bytes = bytes_in(agent.resources, "disk_used_bytes");
  capacity.sessions = agent.sessions;
  for (auto const& entry : agent.images) {
    if (!entry.is_object()) continue;
    auto const& object = entry.get_object();
    domain::ServerImage image;
    image.reference = text_in(object, "reference");
    image.id = text_in(object, "id");
    image.state =
        domain::parse_image_presence(text_in(object, "state")).value_or(domain::ImagePresence::kAbsent);
    image.progress = static_cast<int>(std::min(number_in(object, "progress"), 100.0));
    capacity.images.push_back(std::move(image));
  }
  return capacity;
}

Async<Result<Agent>> enrol_agent(postgres::Database& database, std::string token_hash, NewAgent agent) {
  std::function<Async<Result<Agent>>(postgres::Queryable&)> body =
      [&token_hash, &agent](postgres::Queryable& transaction) {
        return enrol_in(transaction, token_hash, agent);
      };
  auto outcome = co_await database.transaction<Agent>(std::move(body));
  if (!outcome) co_return outcome.error().within("enrol " + agent.hostname);
  co_return outcome;
}

Async<Result<std::optional<Agent>>> find_agent(postgres::Database& database, AgentId agent) {
  postgres::Parameters values(agent);
  auto rows = co_await database.query(select_agents() + "where a.id = $1", std::move(values));
  if (!rows) co_return rows.error().within("find the server");
  if (rows->empty()) co_return std::optional<Agent>();
  co_return std::optional<Agent>(agent_of(rows->front()));
}

Async<Result<std::vector<Agent>>> list_agents(postgres::Database& database) {
  auto rows = co_await database.query(select_agents() + "order by a.hostname, a.id");
  if (!rows) co_return rows.error().within("list servers");
  std::vector<Agent> agents;
  agents.reserve(rows->size());
  for (auto const row : *rows) agents.push_back(agent_of(row));
  co_return agents;
}

Async<Result<std::int64_t>> open_channel(postgres::Database& database, AgentId agent, std::string version) {
  postgres::Parameters values(agent, version);
  auto rows = co_await database.query(
      "update agents set channel_epoch = channel_epoch + 1, state = 'online', last_seen_at = now(), version "
      "= $2 "
      "where id = $1 and removed_at is null returning channel_epoch",
      std::move(values));
  if (!rows) co_return rows.error().within("open the agent's channel");
  if (rows->empty()) co_return fail(Code::kNotFound, "no agent " + agent.text());
  co_return rows->front().integer("channel_epoch");
}

Async<Result<>> check_in(postgres::Database& database, AgentId agent, json::Object resources,
                         std::optional<WallTime> sent_at) {
  auto hostname = text_in(resources, "hostname");
  postgres::Parameters values(agent, json::text(resources), to_utf8(hostname, 253), sent_at);
  auto rows = co_await database.query(
      "update agents set last_seen_at = now(), state = 'online', resources = $2::jsonb || "
      "jsonb_build_object('clock_difference_ms', "
      "(extract(epoch from $4::timestamptz - clock_timestamp()) * 1000)::bigint), "
      "hostname = case when $3 = '' then hostname else $3 end where id = $1 and removed_at is null",
      std::move(values));
  if (!rows) co_return rows.error().within("note the heartbeat");
  if (rows->affected() == 0) co_return fail(Code::kNotFound, "no agent " + agent.text());
  co_return Result<>();
}

Async<Result<>> record_inventory(postgres::Database& database, AgentId agent, json::Array images,
                                 json::Array networks) {
  postgres::Parameters values(agent, json::text(images), json::text(networks));
  auto rows = co_await database.query(
      "update agents set images = $2::jsonb, networks = $3::jsonb where id = $1", std::move(values));
  if (!rows) co_return rows.error().within("note the inventory");
  if (rows->affected() == 0) co_return fail(Code::kNotFound, "no agent " + agent.text());
  co_return Result<>();
}

Async<Result<std::vector<AgentStateChange>>> mark_silent_agents(postgres::Database& database,
                                                                std::chrono::seconds suspect_after,
                                                                std::chrono::seconds unreachable_after) {
  postgres::Parameters values(suspect_after.count(), unreachable_after.count());
  auto rows = co_await database.query(
      // Seen in the future: the database's clock went back, and silence counts from now on.
      "with corrected as (update agents set last_seen_at = now() where last_seen_at > now() + interval '1 "
      "second'), "
      "judged as (select id, case "
      "when last_seen_at is null or last_seen_at < now() - $2::bigint * interval '1 second' then "
      "'unreachable' "
      "when last_seen_at < now() - $1::bigint * interval '1 second' then 'suspect' else 'online' end as "
      "state from agents where removed_at is null) "
      "update agents a set state = judged.state from judged where a.id = judged.id and a.state <> "
      "judged.state "
      // A heartbeat that arrives meanwhile wins: only silence that still lasts is written down.
      "and judged.state <> 'online' and (a.last_seen_at is null or a.last_seen_at < now() - $1::bigint * "
      "interval '1 second') "
      "returning a.id, a.hostname, a.state",
      std::move(values));
  if (!rows) co_return rows.error().within("mark silent agents");
  std::vector<AgentStateChange> changes;
  for (auto const row : *rows) {
    changes.push_back(
        {row.id<AgentId>("id"), row.text("hostname"),
         domain::parse_agent_state(row.view("state")).value_or(domain::AgentState::kUnreachable)});
  }
  co_return changes;
}

}  // namespace oriel::store
