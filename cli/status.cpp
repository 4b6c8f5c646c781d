#include "cli/status.h"

#include <algorithm>
#include <cstdio>

#include "cli/commands.h"
#include "cli/engine_work.h"
#include "libs/base/file.h"
#include "libs/base/json.h"
#include "libs/base/resident_memory.h"
#include "libs/base/text.h"
#include "libs/base/version.h"
#include "libs/postgres/database.h"

namespace oriel::cli {
namespace {

Async<ServiceStatus> service_status(Executor executor, docker::Engine& engine, Installation installation,
                                    std::string service) {
  ServiceStatus status;
  auto const wanted = service_container(service, installation, {});
  status.name = wanted.name;
  auto const container = co_await engine.inspect_container(wanted.name);
  if (!container) {
    status.state = "missing";
    status.detail = container.error().message;
    co_return status;
  }
  if (container->state.status == "restarting") {
    status.state = "restarting";
    status.detail = "ended with status " + std::to_string(container->state.exit_code);
    co_return status;
  }
  if (!container->state.running) {
    status.state = "stopped";
    status.detail = container->state.error;
    co_return status;
  }
  status.rss_bytes = resident_bytes(container->state.process);
  status.version = std::string(version());
  if (wanted.ready_socket.empty()) {
    status.state = "ready";
    co_return status;
  }
  auto const answer = co_await readiness(executor, wanted.ready_socket);
  status.state = answer.ready ? "ready" : "starting";
  status.detail = answer.missing;
  if (!answer.version.empty()) status.version = answer.version;
  co_return status;
}

Async<Result<>> read_database(Executor executor, Installation installation, InstallationStatus& status) {
  auto const password = read_file(installation.path("secrets/manager/database.password"));
  if (!password) co_return password.error();
  postgres::DatabaseOptions options;
  options.connection = "host=" + installation.path("run/db") + " dbname=oriel user=oriel_manager";
  options.password = std::string(trim(*password));
  options.application_name = "oriel";
  options.connections = 1;
  postgres::Database database(executor, std::move(options));
  auto const agents = co_await database.query(
      "select a.id, a.hostname, case when a.enabled then a.state else 'disabled' end as state, "
      "(select count(*) from sessions s where s.agent_id = a.id and s.state not in ('ended', 'failed')) as "
      "sessions "
      "from agents a order by a.hostname, a.id");
  if (!agents) co_return agents.error();
  for (auto const row : *agents) {
    status.agents.push_back(
        {row.id<AgentId>("id").text(), row.text("hostname"), row.text("state"), row.integer("sessions")});
  }
  auto const sessions = co_await database.query(
      "select count(*) as sessions from sessions where state not in ('ended', 'failed')");
  if (!sessions) co_return sessions.error();
  if (sessions->size() == 1) status.sessions = sessions->front().integer("sessions");
  database.close();
  co_return Result<>{};
}

void print(InstallationStatus const& status) {
  for (auto const& one : status.services) {
    std::printf("%-20s %-11s %-14s %7.1f MiB  %s\n", one.name.c_str(), one.state.c_str(), one.version.c_str(),
                static_cast<double>(one.rss_bytes) / (1024.0 * 1024.0),
                one.detail.substr(0, one.detail.find('\n')).c_str());
  }
  for (auto const& one : status.agents) {
    std::printf("server %-13s %-11s %lld sessions\n", one.hostname.c_str(), one.state.c_str(),
                static_cast<long long>(one.sessions));
  }
  std::printf("%s, %lld sessions\n", status.healthy ? "healthy" : "NOT healthy",
              static_cast<long long>(status.sessions));
}

Async<Result<int>> run_status(Executor executor, Installation installation, StatusOptions const& options) {
  docker::Engine engine(executor, installation.docker_socket);
  auto const found = co_await installation_status(executor, engine, installation);
  if (options.json) {
    std::printf("%s\n", json::write_text(found).c_str());
  } else {
    print(found);
  }
  co_return found.healthy ? 0 : 1;
}

}  // namespace

Async<InstallationStatus> installation_status(Executor executor, docker::Engine& engine,
                                              Installation installation) {
  InstallationStatus status;
  for (auto const& service : service_names(installation)) {
    auto one = co_await service_status(executor, engine, installation, service);
    status.services.push_back(std::move(one));
  }
  auto const database = co_await read_database(executor, installation, status);
  if (!database) {
    for (auto& one : status.services) {
      if (one.name != installation.container("db")) continue;
      if (one.state == "ready") one.state = "starting";
      one.detail = database.error().message;
    }
  }
  status.healthy =
      std::ranges::all_of(status.services, [](auto const& one) { return one.state == "ready"; }) &&
      std::ranges::any_of(status.agents, [](auto const& one) { return one.state == "online"; });
  co_return status;
}

Result<int> status(StatusOptions const& options) {
  auto const installation = read_installation(options.home);
  if (!installation) return installation.error();
  return run_to_end([&](Executor executor) { return run_status(executor, *installation, options); });
}

}  // namespace oriel::cli
