// oriel-broker: the one privileged helper of a host. Opens the Docker socket, holds the firewall table, and
// offers the agent the typed operations of protocol/broker; the host's policy wins over all of them.

#include "libs/async/service.h"
#include "libs/async/service_arguments.h"
#include "libs/async/task_group.h"
#include "libs/base/log.h"
#include "libs/base/version.h"
#include "libs/http/server.h"
#include "services/broker/configuration.h"
#include "services/broker/docker_watch.h"
#include "services/broker/privileges.h"
#include "services/broker/routes.h"

namespace oriel::broker {
namespace {

Async<Result<>> run(Service& service, Configuration const& configuration) {
  auto const executor = service.executor();
  WorkerPool workers("broker", 1);
  docker::Engine engine(executor, configuration.docker_socket);
  Firewall firewall(configuration.instance, configuration.network_pool, workers);
  NetworkProfiles networks(engine, configuration.instance, firewall.names().bridges,
                           configuration.network_pool);
  Runtimes runtimes(configuration.runtime_directory());
  Sessions sessions(configuration, engine, firewall, networks, runtimes);
  Images images(executor, configuration, engine);
  Events events(executor, configuration, engine);

  auto router = make_router({configuration, engine, firewall, runtimes, sessions, images, events});
  http::ServerOptions options;
  options.endpoint = configuration.listen;
  options.unix_options = {0660, {}, configuration.agent_group};
  auto server = http::Server::listen(executor, options, router);
  if (!server) co_return server.error().within("listen on " + configuration.listen.text());

  TaskGroup background(executor);
  background.spawn(networks.prepare(), "default network");
  background.spawn(events.run(), "events");
  background.spawn(watch_docker(service, engine), "docker watch");
  background.spawn(watch_firewall(firewall), "firewall watch");
  log::info("serving", {{"endpoint", configuration.listen.text()}, {"version", version()}});

  co_await service.until_stop();
  co_await (*server)->stop();
  co_await background.stop();
  co_return Result<>{};
}

}  // namespace
}  // namespace oriel::broker

int main(int argument_count, char** argument_values) {
  oriel::ServiceArguments arguments(
      "oriel-broker", "The privileged helper of an Oriel host: Docker socket and firewall table.");
  if (auto const ended = arguments.read(argument_count, argument_values)) return *ended;
  auto const configuration = oriel::broker::read_configuration(arguments.config());
  if (!configuration) {
    oriel::log::error("cannot start", {{"error", configuration.error()}});
    return 2;
  }
  auto const became = oriel::broker::become_broker(configuration->broker_user, configuration->agent_group,
                                                   configuration->docker_socket);
  if (!became) {
    oriel::log::error("cannot give up root", {{"error", became.error()}});
    return 2;
  }
  return oriel::run_service({.name = "oriel-broker"}, [&configuration](oriel::Service& service) {
    return oriel::broker::run(service, *configuration);
  });
}
