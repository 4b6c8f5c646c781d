#include "services/agent/testing/fake_broker.h"

#include <algorithm>
#include <filesystem>
#include <stdexcept>
#include <system_error>
#include <utility>

#include "libs/async/sleep.h"
#include "libs/base/clock.h"
#include "libs/base/json.h"
#include "libs/base/scope_exit.h"
#include "libs/http/json_body.h"

namespace oriel::agent::testing {

namespace wire = protocol::broker;

FakeBroker::FakeBroker(Executor executor, std::string socket, Engine& engine)
    : executor_(executor), engine_(engine) {
  declare_routes();
  http::ServerOptions options;
  options.endpoint = Endpoint::unix_path(std::move(socket));
  auto server = http::Server::listen(executor, std::move(options), router_);
  if (!server) throw std::runtime_error("fake broker: " + server.error().message);
  server_ = std::move(*server);
}

Async<> FakeBroker::stop() {
  for (auto const& listener : listeners_) listener->close();
  co_await server_->stop();
}

void FakeBroker::tell(wire::Event const& event) {
  for (auto const& listener : listeners_) listener->try_send(json::write_text(event) + "\n");
}

void FakeBroker::die(std::string const& session, int exit_code, bool oom_killed, bool say_so) {
  auto& container = engine_.containers.at(session);
  container.state = "exited";
  container.exit_code = exit_code;
  container.oom_killed = oom_killed;
  if (!say_so) return;
  wire::Event event;
  event.event = "died";
  event.session = session;
  event.attempt = container.attempt;
  event.exit_code = exit_code;
  event.oom_killed = oom_killed;
  tell(event);
}

void FakeBroker::vanish(std::string const& session, bool say_so) {
  wire::Event event;
  event.event = "removed";
  event.session = session;
  event.attempt = engine_.containers.at(session).attempt;
  engine_.containers.erase(session);
  if (say_so) tell(event);
}

Async<http::Response> FakeBroker::create(http::Request request) {
  engine_.last_create_call = std::chrono::steady_clock::now();
  auto wanted = http::read_json_body<wire::CreateSession>(request);
  if (!wanted) co_return http::problem(wanted.error());
  engine_.wishes.push_back(*wanted);
  auto const session = request.parameter("id");
  if (create_delay_.count() > 0) co_await sleep_for(create_delay_);
  auto const image = std::ranges::find_if(engine_.images, [&](wire::Image const& candidate) {
    return candidate.id == wanted->image || std::ranges::count(candidate.references, wanted->image) != 0;
  });
  if (image == engine_.images.end())
    co_return http::problem(fail(Code::kNotFound, "image " + wanted->image + " is not here"));
  auto const found = engine_.containers.find(session);
  if (found == engine_.containers.end()) {
    ++engine_.creates;
    wire::SessionContainer container;
    container.session = session;
    container.attempt = wanted->attempt;
    container.generation = wanted->generation;
    container.container_id = "c-" + session.substr(0, 8) + "-" + std::to_string(engine_.creates);
    container.runtime = wanted->runtime.value_or("newest-runtime");
    container.image_id = image->id;
    container.started_at = rfc3339(SystemClock().now());
    engine_.containers.emplace(session, std::move(container));
  }
  auto& container = engine_.containers.at(session);
  container.state = "running";  // as the real one: what is there is started
  if (engine_.on_start) engine_.on_start(session);
  co_return http::json_response(container, 201);
}

Async<http::Response> FakeBroker::pull(http::Request request) {
  auto wanted = http::read_json_body<wire::PullImage>(request);
  if (!wanted) co_return http::problem(wanted.error());
  ++engine_.pulls;
  http::Response response;
  auto const reference = wanted->reference;
  response.stream = [this, reference](http::BodyWriter& writer) -> Async<> {
    ++engine_.pulls_at_once;
    engine_.most_pulls_at_once = std::max(engine_.most_pulls_at_once, engine_.pulls_at_once);
    ScopeExit const leave([this] { --engine_.pulls_at_once; });
    bool const written = co_await writer.write("{\"progress\":40,\"message\":\"downloading\"}\n");
    if (!written) co_return;
    if (pull_delay_.count() > 0) co_await sleep_for(pull_delay_);
    wire::PullLine last;
    if (reference.find("broken") != std::string::npos) {
      last.error = "manifest unknown";
    } else {
      wire::Image image;
      image.references = {reference};
      image.id = "sha256:" + reference;
      engine_.images.push_back(image);
      last.done = true;
      last.id = image.id;
    }
    co_await writer.write(json::write_text(last) + "\n");
  };
  co_return response;
}

void FakeBroker::declare_routes() {
  auto answer = [this](std::string method, std::string path,
                       std::function<Async<http::Response>(http::Request)> make) {
    http::Handler handler = [this, make](http::Request request) -> Async<http::Response> {
      if (refuse_) {
        co_return http::problem(
            fail(*refuse_, "the fake broker refuses with " + std::string(code_text(*refuse_))));
      }
      auto response = co_await make(std::move(request));
      co_return response;
    };
    router_.declare(std::move(method), std::move(path), "public", std::move(handler));
  };
  answer("GET", "/v1/host", [](http::Request) -> Async<http::Response> {
    wire::Host host;
    host.docker_version = "fake";
    host.cores = 8;
    host.networks = {"internet", "none"};
    host.disk_total_bytes = std::int64_t{100} << 30;
    co_return http::json_response(host);
  });
  answer("GET", "/v1/sessions", [this](http::Request) -> Async<http::Response> {
    wire::SessionList list;
    for (auto const& [id, container] : engine_.containers) list.sessions.push_back(container);
    co_return http::json_response(list);
  });
  answer("POST", "/v1/sessions/{id}", [this](http::Request request) { return create(std::move(request)); });
  answer("GET", "/v1/sessions/{id}", [this](http::Request request) -> Async<http::Response> {
    auto const found = engine_.containers.find(request.parameter("id"));
    if (found == engine_.containers.end()) co_return http::problem(fail(Code::kNotFound, "no such session"));
    co_return http::json_response(found->second);
  });
  answer("POST", "/v1/sessions/{id}/control", [this](http::Request request) -> Async<http::Response> {
    ++engine_.control_calls;
    std::error_code error;
    std::filesystem::create_directory(engine_.control_directory + "/" + request.parameter("id"), error);
    if (error) co_return http::problem(fail(Code::kInternal, error.message()));
    co_return http::no_content();
  });
  answer("DELETE", "/v1/sessions/{id}", [this](http::Request request) -> Async<http::Response> {
    engine_.containers.erase(request.parameter("id"));
    std::error_code ignored;
    std::filesystem::remove_all(engine_.control_directory + "/" + request.parameter("id"), ignored);
    co_return http::no_content();
  });
  answer("GET", "/v1/sessions/{id}/log", [this](http::Request) -> Async<http::Response> {
    wire::SessionLog log;
    log.log = engine_.log;
    co_return http::json_response(log);
  });
  answer("GET", "/v1/sessions/{id}/usage", [](http::Request) -> Async<http::Response> {
    wire::SessionUsage usage;
    usage.cpu = 0.5;
    usage.memory_bytes = 123456789;
    co_return http::json_response(usage);
  });
  answer("GET", "/v1/images", [this](http::Request) -> Async<http::Response> {
    wire::ImageList list;
    list.images = engine_.images;
    co_return http::json_response(list);
  });
  answer("POST", "/v1/images/pull", [this](http::Request request) { return pull(std::move(request)); });
  router_.declare("GET", "/v1/events", "public", [this](http::Request) -> Async<http::Response> {
    http::Response response;
    response.stream = [this](http::BodyWriter& writer) -> Async<> {
      auto mine = std::make_shared<Channel<std::string>>(executor_, 64);
      listeners_.insert(mine);
      ScopeExit const leave([&] { listeners_.erase(mine); });
      mine->try_send("{\"event\":\"resynchronise\"}\n");
      for (;;) {
        auto line = co_await mine->receive();
        if (!line) co_return;
        bool const written = co_await writer.write(std::move(*line));
        if (!written) co_return;
      }
    };
    co_return response;
  });
}

}  // namespace oriel::agent::testing
