#include "libs/base/text.h"
#include "libs/docker/engine_state.h"
#include "libs/docker/log_frames.h"

namespace oriel::docker {

namespace {

ContainerState state_of(json::Value const& value) {
  ContainerState state;
  state.status = text_at(value, "Status");
  state.running = flag_at(value, "Running");
  state.paused = flag_at(value, "Paused");
  state.oom_killed = flag_at(value, "OOMKilled");
  state.dead = flag_at(value, "Dead");
  state.exit_code = integer_at(value, "ExitCode");
  state.process = integer_at(value, "Pid");
  state.error = text_at(value, "Error");
  state.started_at = time_at(value, "StartedAt");
  state.finished_at = time_at(value, "FinishedAt");
  return state;
}

Container container_of(json::Value value) {
  Container container;
  container.id = text_at(value, "Id");
  container.name = text_at(value, "Name");
  if (container.name.starts_with('/')) container.name.erase(0, 1);
  container.image_id = text_at(value, "Image");
  if (auto const* configuration = member(value, "Config")) {
    container.image_reference = text_at(*configuration, "Image");
    container.labels = labels_at(*configuration, "Labels");
  }
  if (auto const* state = member(value, "State")) container.state = state_of(*state);
  container.created_at = time_at(value, "Created");
  container.restart_count = integer_at(value, "RestartCount");
  if (auto const* settings = member(value, "NetworkSettings")) {
    for (auto const& entry : object_at(*settings, "Networks")) {
      auto address = text_at(entry.value(), "IPAddress");
      if (!address.empty()) container.addresses[std::string(entry.key())] = std::move(address);
    }
  }
  if (value.is_object()) container.raw = std::move(value.get_object());
  return container;
}

std::string path_of(std::string const& id, std::string_view rest = {}) {
  return "/containers/" + percent_encode(id) + std::string(rest);
}

/// API 1.44 moved a container's MAC address into the endpoint of its network.
void place_mac_address(json::Object& specification) {
  auto const* const address = specification.if_contains("MacAddress");
  auto const* const host = specification.if_contains("HostConfig");
  if (address == nullptr || host == nullptr) return;
  auto const network = text_at(*host, "NetworkMode");
  if (network.empty() || network == "none" || network == "host" || network.starts_with("container:")) return;
  json::Value const taken = *address;
  specification.erase("MacAddress");
  auto& networking = specification["NetworkingConfig"];
  if (!networking.is_object()) networking.emplace_object();
  auto& endpoints = networking.get_object()["EndpointsConfig"];
  if (!endpoints.is_object()) endpoints.emplace_object();
  auto& endpoint = endpoints.get_object()[network];
  if (!endpoint.is_object()) endpoint.emplace_object();
  endpoint.get_object()["MacAddress"] = taken;
}

Async<Result<>> feed(LogFrames& frames, std::string chunk) {
  frames.feed(chunk);
  co_return Result<>();
}

Async<Result<>> append(std::string& text, std::string chunk) {
  text += chunk;
  if (text.size() > limits::kDockerLineBytes)
    co_return fail(Code::kTooLarge, "docker: an answer is too large");
  co_return Result<>();
}

}  // namespace

Async<Result<std::string>> Engine::create_container(std::string name, json::Object specification) {
  auto version = co_await state_->negotiate();
  if (!version) co_return version.error();
  auto const minor = parse_integer(split(version->spoken, '.').back());
  if (minor && *minor >= 44) place_mac_address(specification);
  std::optional<json::Value> body(std::move(specification));
  auto answer = co_await state_->call("POST", "/containers/create?name=" + percent_encode(name),
                                      std::move(body), limits::kDockerStart);
  if (!answer) co_return answer.error();
  co_return text_at(*answer, "Id");
}

Async<Result<>> Engine::start_container(std::string id) {
  return state_->act("POST", path_of(id, "/start"), {304}, limits::kDockerStart);
}

Async<Result<>> Engine::stop_container(std::string id, std::chrono::seconds grace) {
  return state_->act("POST", path_of(id, "/stop?t=" + std::to_string(grace.count())), {304},
                     grace + limits::kDockerCall);
}

Async<Result<>> Engine::kill_container(std::string id, std::string signal) {
  return state_->act("POST", path_of(id, "/kill?signal=" + percent_encode(signal)), {});
}

Async<Result<>> Engine::set_restart_policy(std::string id, std::string policy) {
  json::Value body(json::Object{{"RestartPolicy", json::Object{{"Name", policy}}}});
  return state_->act("POST", path_of(id, "/update"), {}, limits::kDockerCall, std::move(body));
}

Async<Result<>> Engine::pause_container(std::string id) {
  return state_->act("POST", path_of(id, "/pause"), {});
}

Async<Result<>> Engine::unpause_container(std::string id) {
  return state_->act("POST", path_of(id, "/unpause"), {});
}

Async<Result<>> Engine::remove_container(std::string id) {
  auto removing = state_->act("DELETE", path_of(id, "?force=true&v=true"), {404}, limits::kDockerStart);
  auto done = co_await std::move(removing);
  if (!done && done.error().code == Code::kConflict &&
      done.error().message.find("already in progress") != std::string::npos) {
    co_return Result<>();
  }
  co_return done;
}

Async<Result<Container>> Engine::inspect_container(std::string id_or_name) {
  auto answer = co_await state_->call("GET", path_of(id_or_name, "/json"), std::nullopt, limits::kDockerCall);
  if (!answer) co_return answer.error();
  co_return container_of(std::move(*answer));
}

Async<Result<std::vector<ContainerSummary>>> Engine::list_containers(Labels labels) {
  auto answer = co_await state_->call("GET", "/containers/json?all=true&" + filters(labels), std::nullopt,
                                      limits::kDockerCall);
  if (!answer) co_return answer.error();
  if (!answer->is_array()) co_return fail(Code::kInternal, "docker: the list of containers is no list");
  std::vector<ContainerSummary> containers;
  for (auto const& value : answer->get_array()) {
    ContainerSummary one;
    one.id = text_at(value, "Id");
    auto names = texts_at(value, "Names");
    if (!names.empty()) one.name = names.front().starts_with('/') ? names.front().substr(1) : names.front();
    one.image_id = text_at(value, "ImageID");
    one.image_reference = text_at(value, "Image");
    one.state = text_at(value, "State");
    one.status = text_at(value, "Status");
    one.labels = labels_at(value, "Labels");
    if (auto const created = integer_at(value, "Created"); created > 0)
      one.created_at = WallTime(std::chrono::seconds(created));
    containers.push_back(std::move(one));
  }
  co_return containers;
}

Async<Result<std::string>> Engine::logs(std::string id, std::size_t lines) {
  auto target =
      co_await state_->versioned(path_of(id, "/logs?stdout=true&stderr=true&tail=" + std::to_string(lines)));
  if (!target) co_return target.error();
  LogFrames frames(limits::kDockerLogBytes);
  http::ClientRequest request{.target = std::move(*target)};
  request.silence = limits::kDockerCall;
  std::function<Async<Result<>>(std::string)> on_chunk = [&frames](std::string chunk) {
    return feed(frames, std::move(chunk));
  };
  auto response = co_await state_->client.stream(std::move(request), std::move(on_chunk));
  if (!response) {
    state_->note(response.error());
    co_return response.error().within("docker");
  }
  if (response->status < 200 || response->status > 299)
    co_return http::error_of(*response).within("docker: read logs");
  co_return frames.text();
}

Async<Result<std::int64_t>> Engine::wait_container(std::string id) {
  auto target = co_await state_->versioned(path_of(id, "/wait"));
  if (!target) co_return target.error();
  // The header comes at once, the body when the container has ended.
  http::ClientRequest request{.method = "POST", .target = std::move(*target)};
  std::string body;
  std::function<Async<Result<>>(std::string)> on_chunk = [&body](std::string chunk) {
    return append(body, std::move(chunk));
  };
  auto response = co_await state_->client.stream(std::move(request), std::move(on_chunk));
  if (!response) {
    state_->note(response.error());
    co_return response.error().within("docker: wait");
  }
  if (response->status < 200 || response->status > 299)
    co_return http::error_of(*response).within("docker: wait");
  auto const value = json::parse(body);
  if (!value) co_return fail(Code::kUnavailable, "docker: wait: the answer broke off");
  if (auto const* error = member(*value, "Error"); error != nullptr && !text_at(*error, "Message").empty()) {
    co_return fail(Code::kInternal, "docker: wait: " + text_at(*error, "Message"));
  }
  co_return integer_at(*value, "StatusCode");
}

Async<Result<Usage>> Engine::usage(std::string id) {
  auto answer = co_await state_->call("GET", path_of(id, "/stats?stream=false&one-shot=true"), std::nullopt,
                                      limits::kDockerCall);
  if (!answer) co_return answer.error();
  Usage usage;
  if (auto const* cpu = member(*answer, "cpu_stats")) {
    if (auto const* total = member(*cpu, "cpu_usage")) {
      usage.cpu_seconds = static_cast<double>(integer_at(*total, "total_usage")) / 1e9;
    }
  }
  if (auto const* memory = member(*answer, "memory_stats")) {
    auto used = integer_at(*memory, "usage");
    usage.memory_limit_bytes = integer_at(*memory, "limit");
    if (auto const* details = member(*memory, "stats")) {
      // cgroup 2 says inactive_file, cgroup 1 total_inactive_file.
      auto inactive = integer_at(*details, "total_inactive_file");
      if (inactive == 0) inactive = integer_at(*details, "inactive_file");
      if (inactive < used) used -= inactive;
    }
    usage.memory_bytes = used;
  }
  if (auto const* processes = member(*answer, "pids_stats"))
    usage.processes = integer_at(*processes, "current");
  for (auto const& entry : object_at(*answer, "networks")) {
    usage.received_bytes += integer_at(entry.value(), "rx_bytes");
    usage.sent_bytes += integer_at(entry.value(), "tx_bytes");
  }
  usage.read_at = time_at(*answer, "read").value_or(SystemClock().now());
  co_return usage;
}

}  // namespace oriel::docker
