#include "services/broker/sessions.h"

#include <algorithm>

#include "libs/async/failpoint.h"
#include "libs/async/sleep.h"
#include "libs/base/file.h"
#include "libs/base/log.h"
#include "libs/base/text.h"
#include "services/broker/container_spec.h"

namespace oriel::broker {
namespace {

constexpr std::size_t kLogBytes = 16 * 1024;
constexpr std::size_t kLogLines = 500;
constexpr std::size_t kContainersOfSession = 32;
constexpr std::chrono::seconds kLongestGrace{20};
constexpr int kGoneChecks = 50;  // with 100 ms between
constexpr char kFirstApiWithEndpointMac[] = "1.44";

std::int64_t number_label(docker::Labels const& labels, char const* name) {
  auto const found = labels.find(name);
  if (found == labels.end()) return 0;
  return parse_integer(found->second).value_or(0);
}

std::string text_label(docker::Labels const& labels, char const* name) {
  auto const found = labels.find(name);
  return found == labels.end() ? std::string() : found->second;
}

/// 1.9 < 1.41: by numbers, not by letters.
bool at_least(std::string const& version, std::string const& wanted) {
  auto const minor = [](std::string const& text) {
    auto const dot = text.find('.');
    return dot == std::string::npos ? 0 : parse_integer(text.substr(dot + 1)).value_or(0);
  };
  return minor(version) >= minor(wanted);
}

/// An internal error's words would stay in our log; what the engine says of a container is for people.
Error for_people(Error error) {
  if (error.code == Code::kInternal) error.code = Code::kUnsupported;
  return error;
}

std::vector<std::string> references_of(docker::Image const& image) {
  auto references = image.tags;
  references.insert(references.end(), image.digests.begin(), image.digests.end());
  return references;
}

}  // namespace

protocol::broker::SessionContainer session_container(docker::Container const& container) {
  protocol::broker::SessionContainer shown;
  shown.session = text_label(container.labels, "oriel.session");
  shown.attempt = number_label(container.labels, "oriel.attempt");
  shown.generation = number_label(container.labels, "oriel.generation");
  shown.container_id = container.id;
  shown.state = container.state.status;
  if (shown.state == "restarting") shown.state = "running";
  if (shown.state == "removing") shown.state = "dead";
  shown.exit_code = container.state.exit_code;
  shown.oom_killed = container.state.oom_killed;
  if (container.state.started_at) shown.started_at = rfc3339(*container.state.started_at);
  if (container.state.finished_at) shown.finished_at = rfc3339(*container.state.finished_at);
  shown.image_id = container.image_id;
  shown.runtime = text_label(container.labels, "oriel.runtime");
  shown.error = container.state.error;
  return shown;
}

Sessions::Sessions(Configuration const& configuration, docker::Engine& engine, Firewall& firewall,
                   NetworkProfiles& networks, Runtimes& runtimes)
    : configuration_(configuration),
      control_directories_(configuration),
      engine_(engine),
      firewall_(firewall),
      networks_(networks),
      runtimes_(runtimes) {}

Async<Result<protocol::broker::SessionList>> Sessions::list() {
  auto const policy = read_policy(configuration_.policy_path());
  if (!policy) co_return policy.error();
  ORIEL_FAILPOINT(kBrokerSessionsListed);
  docker::Labels labels{
      {"oriel.instance", configuration_.instance}, {"oriel.agent", policy->agent}, {"oriel.session", ""}};
  auto const found = co_await engine_.list_containers(std::move(labels));
  if (!found) co_return found.error().within("list session containers");
  protocol::broker::SessionList answer;
  for (auto const& summary : *found) {
    auto const container = co_await engine_.inspect_container(summary.id);
    if (!container && container.error().code == Code::kNotFound) continue;  // went meanwhile
    if (!container) co_return container.error().within("inspect " + summary.name);
    answer.sessions.push_back(session_container(*container));
  }
  std::erase_if(readings_, [&found](auto const& reading) {
    return std::ranges::none_of(*found, [&reading](auto const& one) { return one.id == reading.first; });
  });
  co_return answer;
}

Async<Result<std::vector<docker::ContainerSummary>>> Sessions::containers_of(SessionId session,
                                                                             Policy const& policy) {
  docker::Labels labels{{"oriel.instance", configuration_.instance},
                        {"oriel.agent", policy.agent},
                        {"oriel.session", session.text()}};
  auto found = co_await engine_.list_containers(std::move(labels));
  if (!found) co_return found.error().within("list the containers of session " + session.text());
  if (found->size() > kContainersOfSession) found->resize(kContainersOfSession);
  std::ranges::sort(*found, [](auto const& left, auto const& right) {
    return number_label(left.labels, "oriel.attempt") > number_label(right.labels, "oriel.attempt");
  });
  co_return found;
}

Async<Result<docker::Container>> Sessions::newest(SessionId session) {
  auto const policy = read_policy(configuration_.policy_path());
  if (!policy) co_return policy.error();
  auto const containers = co_await containers_of(session, *policy);
  if (!containers) co_return containers.error();
  if (containers->empty()) co_return fail(Code::kNotFound, "no container of session " + session.text());
  auto const id = containers->front().id;
  auto container = co_await engine_.inspect_container(id);
  co_return container;
}

Async<Result<protocol::broker::SessionContainer>> Sessions::find(SessionId session) {
  auto const container = co_await newest(session);
  if (!container) co_return container.error();
  co_return session_container(*container);
}

Result<> Sessions::make_control_directory(SessionId session) { return control_directories_.make(session); }

Async<Result<std::string>> Sessions::make(SessionId session, protocol::broker::CreateSession request,
                                          Policy policy) {
  docker::Labels labels{{"oriel.instance", configuration_.instance}, {"oriel.session", ""}};
  auto const present = co_await engine_.list_containers(std::move(labels));
  if (!present) co_return present.error().within("count sessions");
  if (static_cast<std::int64_t>(present->size()) >= policy.sessions) {
    co_return fail(Code::kNoCapacity,
                   "the host's policy allows " + std::to_string(policy.sessions) + " sessions at once");
  }

  auto const image = co_await engine_.inspect_image(request.image);
  if (!image) co_return image.error().within("find the image " + request.image);
  if (!image_allowed(policy, references_of(*image))) {
    co_return fail(Code::kForbidden, "the host's policy does not allow the image " + request.image);
  }
  ORIEL_FAILPOINT(kBrokerImageFound);
  auto const home = home_of_manifest(text_label(image->labels, "oriel.manifest"));
  if (!home) co_return home.error();
  auto const runtime = runtimes_.find(request.runtime.value_or(""));
  if (!runtime) co_return runtime.error();
  auto const control_directory = control_directories_.find(session);
  if (!control_directory) co_return control_directory.error();
  auto const seccomp = read_file(configuration_.seccomp);
  if (!seccomp) co_return seccomp.error().within("read the seccomp profile");

  ContainerFacts facts;
  facts.instance = configuration_.instance;
  facts.agent = policy.agent;
  facts.image_id = image->id;
  facts.image_home = *home;
  facts.runtime = runtime->hash;
  facts.runtime_tree = runtimes_.tree(runtime->hash);
  facts.control_directory = *control_directory;
  facts.seccomp_profile = *seccomp;

  auto const network = co_await networks_.ensure(request.network);
  if (!network) co_return network.error();
  facts.network = network->name;
  if (network->name != "none") {
    facts.mac_address = network->guarded ? random_mac_address() : random_peer_mac_address();
    auto const version = co_await engine_.version();
    if (!version) co_return version.error();
    facts.mac_in_endpoint = at_least(version->spoken, kFirstApiWithEndpointMac);
    // In this same call, so that no session ever has a network without the table.
    auto const firewall = co_await firewall_.ensure();
    if (!firewall) co_return firewall.error();
  }
  ORIEL_FAILPOINT(kBrokerNetworkEnsured);
  auto const name = container_name(configuration_.instance, session, request.attempt);
  auto spec = container_spec(session, request, facts);
  auto created = co_await engine_.create_container(name, std::move(spec));
  ORIEL_FAILPOINT(kBrokerContainerCreated);
  co_return created;
}

Async<Result<protocol::broker::SessionContainer>> Sessions::create(SessionId session,
                                                                   protocol::broker::CreateSession request) {
  auto const policy = read_policy(configuration_.policy_path());
  if (!policy) co_return policy.error();
  auto const allowed = check_request(*policy, request);
  if (!allowed) co_return allowed.error();

  auto const name = container_name(configuration_.instance, session, request.attempt);
  auto const existing = co_await engine_.inspect_container(name);
  if (!existing && existing.error().code != Code::kNotFound) co_return existing.error();
  bool const guarded = request.network == "internet" || request.network == "lan";
  if (existing) {
    bool const ours = text_label(existing->labels, "oriel.instance") == configuration_.instance &&
                      text_label(existing->labels, "oriel.agent") == policy->agent &&
                      text_label(existing->labels, "oriel.session") == session.text();
    if (!ours)
      co_return fail(Code::kConflict, "a container named " + name + " exists and is not this agent's");
    if (guarded) {
      auto const firewall = co_await firewall_.ensure();
      if (!firewall) co_return firewall.error();
    }
  } else {
    auto const made = co_await make(session, request, *policy);
    // Somebody asked twice at once, or the engine made it and lost its answer: it is ours to adopt.
    if (!made && made.error().code != Code::kConflict) {
      auto const left = co_await engine_.inspect_container(name);
      if (!left) co_return for_people(made.error()).within("create " + name);
      log::warning("a container was created without a good answer",
                   {{"session", session}, {"error", made.error()}});
    }
    if (made) log::info("session container created", {{"session", session}, {"container", *made}});
  }

  auto container = co_await engine_.inspect_container(name);
  if (!container) co_return container.error().within("inspect " + name);
  if (container->state.status == "created") {
    // The engine looks at the path again now, also for a container that an earlier call left here.
    auto const control_directory = control_directories_.find(session);
    if (!control_directory) co_return control_directory.error();
    auto const started = co_await engine_.start_container(container->id);
    container = co_await engine_.inspect_container(name);
    // What does not run although it was to start is left as it is, for the agent to remove.
    if (!started && (!container || !container->state.running))
      co_return for_people(started.error()).within("start " + name);
    if (!container) co_return container.error().within("inspect " + name);
    ORIEL_FAILPOINT(kBrokerContainerStarted);
  }
  co_return session_container(*container);
}

Async<Result<>> Sessions::remove(SessionId session, std::chrono::seconds grace) {
  auto const policy = read_policy(configuration_.policy_path());
  if (!policy) co_return policy.error();
  auto const limited = std::clamp(grace, std::chrono::seconds(0), kLongestGrace);
  auto const containers = co_await containers_of(session, *policy);
  if (!containers) co_return containers.error();
  for (auto const& one : *containers) {
    if (one.state == "running") {
      auto const stopped = co_await engine_.stop_container(one.id, limited);
      if (!stopped && stopped.error().code != Code::kNotFound)
        log::warning("stop failed; removing it by force",
                     {{"container", one.name}, {"error", stopped.error()}});
      ORIEL_FAILPOINT(kBrokerContainerStopped);
    }
    auto const removed = co_await engine_.remove_container(one.id);
    if (!removed && removed.error().code != Code::kConflict)
      co_return removed.error().within("remove " + one.name);
    readings_.erase(one.id);
  }
  for (int check = 0; check < kGoneChecks; ++check) {
    auto const left = co_await containers_of(session, *policy);
    if (!left) co_return left.error();
    if (left->empty()) {
      ORIEL_FAILPOINT(kBrokerContainerRemoved);
      if (!containers->empty()) log::info("session container removed", {{"session", session}});
      auto const emptied = co_await remove_volumes(session);
      if (!emptied) co_return emptied.error();
      auto const removed = control_directories_.remove(session);
      if (!removed)
        log::error("a control directory stays", {{"session", session}, {"error", removed.error()}});
      ORIEL_FAILPOINT(kBrokerControlRemoved);
      co_return removed;
    }
    co_await sleep_for(std::chrono::milliseconds(100));
  }
  co_return fail(Code::kTimeout, "the container of session " + session.text() + " is still there");
}

Async<Result<>> Sessions::remove_volumes(SessionId session) {
  docker::Labels labels{{"oriel.instance", configuration_.instance}, {"oriel.session", session.text()}};
  auto const volumes = co_await engine_.list_volumes(std::move(labels));
  if (!volumes) co_return volumes.error().within("list the volumes of session " + session.text());
  for (auto const& volume : *volumes) {
    auto const removed = co_await engine_.remove_volume(volume.name);
    if (!removed) co_return removed.error().within("remove the volume " + volume.name);
  }
  co_return Result<>();
}

Async<Result<std::string>> Sessions::log(SessionId session, std::size_t lines) {
  auto const container = co_await newest(session);
  if (!container) co_return container.error();
  auto const wanted = std::clamp<std::size_t>(lines, 1, kLogLines);
  auto text = co_await engine_.logs(container->id, wanted);
  if (!text) co_return text.error().within("read the log of session " + session.text());
  if (text->size() > kLogBytes) text->erase(0, text->size() - kLogBytes);
  co_return to_utf8(*text, kLogBytes);
}

Async<Result<protocol::broker::SessionUsage>> Sessions::usage(SessionId session) {
  auto const container = co_await newest(session);
  if (!container) co_return container.error();
  if (!container->state.running) co_return protocol::broker::SessionUsage{};
  auto const usage = co_await engine_.usage(container->id);
  if (!usage) co_return usage.error().within("read the usage of session " + session.text());

  auto const now = std::chrono::steady_clock::now();
  protocol::broker::SessionUsage answer;
  answer.memory_bytes = usage->memory_bytes;
  auto& reading = readings_[container->id];
  if (reading.at != std::chrono::steady_clock::time_point{}) {
    auto const seconds = std::chrono::duration<double>(now - reading.at).count();
    if (seconds > 0.01) answer.cpu = std::max(0.0, (usage->cpu_seconds - reading.cpu_seconds) / seconds);
  }
  reading = {usage->cpu_seconds, now};
  co_return answer;
}

}  // namespace oriel::broker
