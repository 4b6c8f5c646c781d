#include <algorithm>
#include <filesystem>

#include <unistd.h>

#include "cli/commands.h"
#include "cli/engine_work.h"
#include "cli/progress.h"
#include "libs/base/file.h"
#include "libs/base/text.h"

namespace oriel::cli {
namespace {

constexpr std::chrono::seconds kServiceGrace{30};
constexpr std::chrono::seconds kSessionGrace{3};
constexpr char kInstalledCommand[] = "/usr/local/bin/oriel";

Async<Result<>> end_containers(docker::Engine& engine, docker::Labels labels, bool remove,
                               Progress& progress) {
  auto const found = co_await engine.list_containers(std::move(labels));
  if (!found) co_return found.error();
  for (auto const& one : *found) {
    bool const session = one.labels.contains("oriel.session");
    if (!remove && !session) {
      auto const kept_down = co_await engine.set_restart_policy(one.id, kNoRestart);
      if (!kept_down && kept_down.error().code != Code::kNotFound)
        co_return kept_down.error().within("keep " + one.name + " from being started again");
    }
    if (one.state == "running" || one.state == "restarting" || one.state == "paused") {
      auto const grace = session ? kSessionGrace : kServiceGrace;
      auto const stopped = co_await engine.stop_container(one.id, grace);
      if (!stopped && stopped.error().code != Code::kNotFound)
        co_return stopped.error().within("stop " + one.name);
      progress.say("stopped " + one.name);
    }
    if (!remove && !session) continue;
    auto const removed = co_await engine.remove_container(one.id);
    if (!removed) co_return removed.error().within("remove " + one.name);
  }
  co_return Result<>{};
}

Async<Result<>> purge(docker::Engine& engine, Installation installation, Progress& progress) {
  docker::Labels const labels{{"oriel.instance", installation.instance}};
  auto own = labels;
  auto const containers = co_await end_containers(engine, std::move(own), true, progress);
  if (!containers) co_return containers.error();

  auto const networks = co_await engine.list_networks(labels);
  if (!networks) co_return networks.error();
  for (auto const& one : *networks) {
    auto const removed = co_await engine.remove_network(one.id);
    if (!removed) co_return removed.error().within("remove the network " + one.name);
    progress.say("removed network " + one.name);
  }
  auto const volumes = co_await engine.list_volumes(labels);
  if (!volumes) co_return volumes.error();
  for (auto const& one : *volumes) {
    auto const removed = co_await engine.remove_volume(one.name);
    if (!removed) co_return removed.error().within("remove the volume " + one.name);
  }
  progress.say("removed " + std::to_string(volumes->size()) + " volumes");

  // The tables go last: as long as a session's bridge stood, they did.
  auto const image = co_await engine.inspect_image(installation.services_image);
  if (image) {
    HostFacts facts;
    facts.services_image_id = image->id;
    auto const table = "oriel_" + replace_all(installation.instance, "-", "_");
    for (auto const* family : {"inet", "bridge"}) {
      auto specification = nft_spec(installation, facts, {"delete", "table", family, table});
      auto const gone =
          co_await run_one_shot(engine, installation.container("setup"), std::move(specification));
      if (!gone && gone.error().message.find("No such file") == std::string::npos)
        co_return gone.error().within("remove the firewall table");
    }
    progress.say("removed the firewall tables");
  }
  std::error_code problem;
  std::filesystem::remove_all(installation.home, problem);
  if (problem) co_return fail(Code::kInternal, "remove " + installation.home + ": " + problem.message());
  if (installation.instance == "oriel") std::filesystem::remove(kInstalledCommand, problem);
  progress.say("removed " + installation.home);
  co_return Result<>{};
}

Async<Result<int>> run_down(Executor executor, Installation installation, DownOptions const& options) {
  Progress progress;
  docker::Engine engine(executor, installation.docker_socket);
  if (options.purge) {
    auto const purged = co_await purge(engine, installation, progress);
    if (!purged) co_return purged.error();
    co_return 0;
  }
  // The proxy first, so that browsers see an end and no errors; the database last.
  auto services = service_names(installation);
  std::ranges::reverse(services);
  for (auto const& service : services) {
    docker::Labels labels{{"oriel.instance", installation.instance}, {"oriel.service", service}};
    auto const ended = co_await end_containers(engine, std::move(labels), false, progress);
    if (!ended) co_return ended.error();
  }
  docker::Labels sessions{{"oriel.instance", installation.instance}, {"oriel.session", ""}};
  if (options.sessions) {
    auto const ended = co_await end_containers(engine, std::move(sessions), true, progress);
    if (!ended) co_return ended.error();
  } else {
    auto const left = co_await engine.list_containers(std::move(sessions));
    if (left && !left->empty())
      progress.say(std::to_string(left->size()) + " session containers run on; --sessions ends them");
  }
  co_return 0;
}

}  // namespace

Result<int> down(DownOptions const& options) {
  if (::geteuid() != 0) return fail(Code::kForbidden, "oriel down needs root");
  auto const installation = read_installation(options.home);
  if (!installation) return installation.error();
  if (installation->home != options.home)
    return fail(Code::kConflict, options.home + "/config.json belongs to " + installation->home);
  return run_to_end([&](Executor executor) { return run_down(executor, *installation, options); });
}

}  // namespace oriel::cli
