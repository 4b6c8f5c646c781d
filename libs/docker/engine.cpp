#include "libs/docker/engine.h"

#include <algorithm>

#include "libs/base/text.h"
#include "libs/docker/engine_state.h"

namespace oriel::docker {

namespace {

/// `1.41` → 1041, to compare; 0 for nonsense.
std::int64_t version_number(std::string_view text) {
  auto const parts = split(text, '.');
  if (parts.size() != 2) return 0;
  auto const major = parse_integer(parts[0]);
  auto const minor = parse_integer(parts[1]);
  if (!major || !minor || *minor >= 1000) return 0;
  return *major * 1000 + *minor;
}

bool is_good(int status) { return status >= 200 && status <= 299; }

}  // namespace

json::Value const* member(json::Value const& value, std::string_view key) {
  auto const* const object = value.if_object();
  if (object == nullptr) return nullptr;
  auto const* const found = object->if_contains(key);
  return found == nullptr || found->is_null() ? nullptr : found;
}

std::string text_at(json::Value const& value, std::string_view key) {
  auto const* const found = member(value, key);
  if (found == nullptr || !found->is_string()) return {};
  return std::string(std::string_view(found->get_string()));
}

std::int64_t integer_at(json::Value const& value, std::string_view key) {
  auto const* const found = member(value, key);
  if (found == nullptr || !found->is_number()) return 0;
  boost::system::error_code inexact;
  auto const number = found->to_number<std::int64_t>(inexact);
  return inexact ? 0 : number;
}

bool flag_at(json::Value const& value, std::string_view key) {
  auto const* const found = member(value, key);
  return found != nullptr && found->is_bool() && found->get_bool();
}

std::vector<std::string> texts_at(json::Value const& value, std::string_view key) {
  std::vector<std::string> texts;
  auto const* const found = member(value, key);
  if (found == nullptr || !found->is_array()) return texts;
  for (auto const& element : found->get_array()) {
    if (element.is_string()) texts.emplace_back(std::string_view(element.get_string()));
  }
  return texts;
}

Labels labels_at(json::Value const& value, std::string_view key) {
  Labels labels;
  auto const* const found = member(value, key);
  if (found == nullptr || !found->is_object()) return labels;
  for (auto const& entry : found->get_object()) {
    if (entry.value().is_string())
      labels[std::string(entry.key())] = std::string(std::string_view(entry.value().get_string()));
  }
  return labels;
}

json::Object object_at(json::Value const& value, std::string_view key) {
  auto const* const found = member(value, key);
  return found != nullptr && found->is_object() ? found->get_object() : json::Object();
}

std::optional<WallTime> time_at(json::Value const& value, std::string_view key) {
  auto const time = parse_rfc3339(text_at(value, key));
  if (!time || time->time_since_epoch().count() <= 0) return std::nullopt;
  return time;
}

std::string filters(Labels const& labels, std::vector<std::string> const& types) {
  json::Object object;
  if (!labels.empty()) {
    json::Array wanted;
    for (auto const& [key, value] : labels) wanted.emplace_back(value.empty() ? key : key + "=" + value);
    object["label"] = std::move(wanted);
  }
  if (!types.empty()) object["type"] = json::write(types);
  return "filters=" + percent_encode(json::text(object));
}

/// dockerd answers 500 with gRPC's words while its containerd is away; it is started again in seconds.
Error as_meant(Error error) {
  if (error.code != Code::kInternal) return error;
  auto const& words = error.message;
  bool const away = words.ends_with(": unavailable") || words.find("containerd.sock") != std::string::npos ||
                    words.find("transport is closing") != std::string::npos;
  if (away) error.code = Code::kUnavailable;
  return error;
}

Engine::State::State(Executor executor, std::string socket_path)
    : client(std::move(executor), Endpoint::unix_path(std::move(socket_path)),
             {.host = "docker", .idle_connections = 8}) {}

void Engine::State::note(Error const& error) {
  // The daemon may come back as another version.
  if (error.code == Code::kUnavailable) negotiated.reset();
}

Async<Result<Version>> Engine::State::negotiate() {
  if (negotiated) co_return *negotiated;
  auto answer = co_await client.call("GET", "/version", std::nullopt, limits::kDockerCall);
  if (!answer) co_return answer.error().within("docker");
  Version version;
  version.engine = text_at(*answer, "Version");
  version.api = text_at(*answer, "ApiVersion");
  version.oldest_api = text_at(*answer, "MinAPIVersion");
  version.operating_system = text_at(*answer, "Os");
  version.architecture = text_at(*answer, "Arch");
  version.kernel = text_at(*answer, "KernelVersion");
  auto const newest = std::min(version_number(version.api), version_number(kNewestApi));
  auto const oldest = std::max(version_number(version.oldest_api), version_number(kOldestApi));
  if (newest == 0 || newest < oldest) {
    co_return fail(Code::kUnsupported, "docker: this engine (" + version.engine + ") speaks API " +
                                           version.oldest_api + " to " + version.api + ", needed is one of " +
                                           std::string(kOldestApi) + " to " + std::string(kNewestApi));
  }
  version.spoken = std::to_string(newest / 1000) + "." + std::to_string(newest % 1000);
  negotiated = version;
  co_return version;
}

Async<Result<std::string>> Engine::State::versioned(std::string path) {
  auto version = co_await negotiate();
  if (!version) co_return version.error();
  co_return "/v" + version->spoken + path;
}

Async<Result<http::Response>> Engine::State::send(http::ClientRequest request) {
  auto path = co_await versioned(request.target);
  if (!path) co_return path.error();
  request.target = std::move(*path);
  auto response = co_await client.send(std::move(request));
  if (!response) note(response.error());
  co_return response;
}

Async<Result<json::Value>> Engine::State::call(std::string method, std::string path,
                                               std::optional<json::Value> body,
                                               std::chrono::steady_clock::duration deadline) {
  auto target = co_await versioned(std::move(path));
  if (!target) co_return target.error();
  auto answer = co_await client.call(std::move(method), std::move(*target), std::move(body), deadline);
  if (!answer) {
    note(answer.error());
    co_return as_meant(answer.error()).within("docker");
  }
  co_return answer;
}

Async<Result<>> Engine::State::act(std::string method, std::string path, std::vector<int> also_good,
                                   std::chrono::steady_clock::duration deadline,
                                   std::optional<json::Value> body) {
  http::ClientRequest request;
  request.method = std::move(method);
  request.target = std::move(path);
  request.deadline = deadline;
  if (body) {
    request.body = json::text(*body);
    request.headers.set("Content-Type", "application/json");
  }
  auto const what = "docker: " + request.method + " " + request.target.substr(0, request.target.find('?'));
  auto response = co_await send(std::move(request));
  if (!response) co_return response.error().within("docker");
  if (is_good(response->status) || std::ranges::find(also_good, response->status) != also_good.end())
    co_return Result<>();
  co_return as_meant(http::error_of(*response)).within(what);
}

Engine::Engine(Executor executor, std::string socket_path)
    : state_(std::make_unique<State>(std::move(executor), std::move(socket_path))) {}
Engine::~Engine() = default;

Async<Result<Version>> Engine::version() { return state_->negotiate(); }

Async<Result<json::Value>> Engine::call(std::string method, std::string path, std::optional<json::Value> body,
                                        std::chrono::steady_clock::duration deadline) {
  return state_->call(std::move(method), std::move(path), std::move(body), deadline);
}

Async<Result<>> Engine::ping() {
  // Unversioned: answers whatever we speak.
  http::ClientRequest request{.target = "/_ping"};
  request.deadline = std::chrono::seconds(5);
  auto response = co_await state_->client.send(std::move(request));
  if (!response) {
    state_->note(response.error());
    co_return response.error().within("docker");
  }
  if (!is_good(response->status)) co_return http::error_of(*response).within("docker");
  co_return Result<>();
}

Async<Result<Info>> Engine::info() {
  auto answer = co_await state_->call("GET", "/info", std::nullopt, limits::kDockerCall);
  if (!answer) co_return answer.error();
  Info info;
  info.name = text_at(*answer, "Name");
  info.engine_version = text_at(*answer, "ServerVersion");
  info.operating_system = text_at(*answer, "OperatingSystem");
  info.kernel = text_at(*answer, "KernelVersion");
  info.storage_driver = text_at(*answer, "Driver");
  info.cgroup_version = text_at(*answer, "CgroupVersion");
  info.cgroup_driver = text_at(*answer, "CgroupDriver");
  info.root_directory = text_at(*answer, "DockerRootDir");
  info.cores = integer_at(*answer, "NCPU");
  info.memory_bytes = integer_at(*answer, "MemTotal");
  info.containers_running = integer_at(*answer, "ContainersRunning");
  info.live_restore = flag_at(*answer, "LiveRestoreEnabled");
  info.security_options = texts_at(*answer, "SecurityOptions");
  for (auto const& entry : object_at(*answer, "Runtimes"))
    info.runtimes.emplace_back(std::string_view(entry.key()));
  if (answer->is_object()) info.raw = std::move(answer->get_object());
  co_return info;
}

namespace {

Async<Result<>> hand_over(std::string line, std::function<void(Event const&)> const& on_event) {
  if (trim(line).empty()) co_return Result<>();
  auto const value = json::parse(line);
  if (!value) co_return fail(Code::kInternal, "docker: an event is no JSON: " + value.error().message);
  Event event;
  event.type = text_at(*value, "Type");
  event.action = text_at(*value, "Action");
  if (auto const* actor = member(*value, "Actor")) {
    event.id = text_at(*actor, "ID");
    event.attributes = labels_at(*actor, "Attributes");
  }
  event.time = WallTime(std::chrono::microseconds(integer_at(*value, "timeNano") / 1000));
  on_event(event);
  co_return Result<>();
}

}  // namespace

Async<Result<>> Engine::events(Labels labels, std::vector<std::string> types, std::function<void()> on_open,
                               std::function<void(Event const&)> on_event) {
  auto target = co_await state_->versioned("/events?" + filters(labels, types));
  if (!target) co_return target.error();
  http::ClientRequest request{.target = std::move(*target)};
  request.on_open = std::move(on_open);
  std::function<Async<Result<>>(std::string)> on_line = [&on_event](std::string line) {
    return hand_over(std::move(line), on_event);
  };
  auto response = co_await state_->client.stream_lines(std::move(request), std::move(on_line));
  if (!response) {
    state_->note(response.error());
    co_return response.error().within("docker events");
  }
  if (!is_good(response->status)) co_return http::error_of(*response).within("docker events");
  state_->negotiated.reset();
  co_return fail(Code::kUnavailable, "docker events: the stream ended");
}

}  // namespace oriel::docker
