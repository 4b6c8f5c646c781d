#include "services/api/server_administration.h"

#include <cmath>

#include <boost/describe/class.hpp>

#include "libs/http/json_body.h"
#include "libs/store/agent_settings.h"
#include "libs/store/settings.h"
#include "services/api/respond.h"
#include "services/api/views.h"

namespace oriel::api {
namespace {

struct ChangeBody {
  std::optional<bool> enabled{};
  std::optional<bool> draining{};
  std::optional<domain::Labels> labels{};
  std::optional<double> cores_override{};
  std::optional<std::int64_t> memory_override_bytes{};
};
BOOST_DESCRIBE_STRUCT(ChangeBody, (), (enabled, draining, labels, cores_override, memory_override_bytes))

constexpr double kMostCores = 4096;
constexpr std::int64_t kMostMemory = std::int64_t{1} << 50;

Result<store::AgentChange> change_of(ChangeBody body) {
  std::vector<FieldError> faults;
  if (body.labels) faults = domain::faults_of(*body.labels);
  if (body.cores_override && (!std::isfinite(*body.cores_override) || *body.cores_override < 0 ||
                              *body.cores_override > kMostCores)) {
    faults.push_back({"/cores_override", "from 0, which takes it away, to 4096"});
  }
  if (body.memory_override_bytes &&
      (*body.memory_override_bytes < 0 || *body.memory_override_bytes > kMostMemory)) {
    faults.push_back({"/memory_override_bytes", "from 0, which takes it away, to 1 PiB"});
  }
  if (!faults.empty())
    return Error{Code::kInvalid, "The server cannot be changed like that.", std::move(faults)};
  return store::AgentChange{body.enabled, body.draining, std::move(body.labels), body.cores_override,
                            body.memory_override_bytes};
}

Error no_such_server() { return fail(Code::kNotFound, "There is no such server."); }

}  // namespace

ServerAdministration::ServerAdministration(postgres::Database& database) : database_(database) {}

void ServerAdministration::declare(Routes& router) {
  router.declare({"GET", "/api/v1/admin/servers", "list_servers"},
                 answering(this, &ServerAdministration::list));
  router.declare({"PATCH", "/api/v1/admin/servers/{id}", "change_server"},
                 answering(this, &ServerAdministration::change));
  router.declare({"DELETE", "/api/v1/admin/servers/{id}", "remove_server"},
                 answering(this, &ServerAdministration::remove));
}

Async<Result<http::Response>> ServerAdministration::list(http::Request) {
  auto agents = co_await store::list_agents(database_);
  if (!agents) co_return agents.error();
  auto const policy = co_await store::find_placement_policy(database_);
  if (!policy) co_return policy.error();
  json::Array views;
  for (auto const& agent : *agents) views.push_back(server_view(agent, *policy));
  co_return http::json_response(json::Object{{"servers", std::move(views)}});
}

Async<Result<http::Response>> ServerAdministration::change(http::Request request) {
  auto const id = AgentId::parse(request.parameter("id"));
  if (!id) co_return no_such_server();
  auto body = http::read_json_body<ChangeBody>(request);
  if (!body) co_return body.error();
  auto change = change_of(std::move(*body));
  if (!change) co_return change.error();
  auto changed =
      co_await store::change_agent(database_, *id, std::move(*change), identity_of(request).actor());
  if (!changed) co_return changed.error();
  auto const policy = co_await store::find_placement_policy(database_);
  if (!policy) co_return policy.error();
  co_return http::json_response(server_view(*changed, *policy));
}

Async<Result<http::Response>> ServerAdministration::remove(http::Request request) {
  auto const id = AgentId::parse(request.parameter("id"));
  if (!id) co_return no_such_server();
  auto removed = co_await store::remove_agent(database_, *id, identity_of(request).actor());
  if (!removed) co_return removed.error();
  http::Response response;
  response.status = 204;
  co_return response;
}

}  // namespace oriel::api
