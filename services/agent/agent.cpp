#include "services/agent/agent.h"

#include <utility>

#include "libs/base/json.h"

namespace oriel::agent {

Agent::Agent(Executor executor, Options options, Clock& clock, log::Ring const& own_log)
    : executor_(executor),
      options_(std::move(options)),
      broker_(executor, options_.broker),
      resources_(options_),
      images_(executor, broker_, clock),
      sessions_(executor, options_, broker_, clock),
      channel_(executor, options_, sessions_, images_, resources_, own_log) {
  declare_health();
}

void Agent::declare_health() {
  router_.declare("GET", "/live", "public", [](http::Request) -> Async<http::Response> {
    co_return http::json_text_response(R"({"live":true})");
  });
  router_.declare("GET", "/ready", "public", [this](http::Request) -> Async<http::Response> {
    json::Array missing;
    if (!channel_.enrolled()) missing.emplace_back("certificate");
    if (!channel_.connected()) missing.emplace_back("manager");
    if (!sessions_.broker_answers()) missing.emplace_back("broker");
    bool const ready = missing.empty();
    json::Object body;
    body["ready"] = ready;
    body["missing"] = std::move(missing);
    body["sessions"] = sessions_.count();
    if (!channel_.last_error().empty()) body["channel"] = channel_.last_error();
    co_return http::json_text_response(json::text(json::Value(std::move(body))), ready ? 200 : 503);
  });
}

Result<> Agent::start() {
  http::ServerOptions server;
  server.endpoint = options_.health;
  auto health = http::Server::listen(executor_, std::move(server), router_);
  if (!health) return health.error().within("listen for health checks");
  health_ = std::move(*health);
  sessions_.start();
  images_.start();
  channel_.start();
  return {};
}

Async<> Agent::stop() {
  co_await channel_.stop();
  co_await images_.stop();
  co_await sessions_.stop();
  if (health_) co_await health_->stop();
  health_.reset();
}

}  // namespace oriel::agent
