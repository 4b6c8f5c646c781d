#include "services/api/api.h"

#include "libs/async/sleep.h"
#include "libs/base/log.h"
#include "libs/http/json_body.h"
#include "libs/store/migrations.h"
#include "libs/store/service_reports.h"
#include "libs/store/user_administration.h"
#include "services/api/respond.h"

namespace oriel::api {
namespace {

using namespace std::chrono_literals;

constexpr char kOpenApi[] = {
#include "openapi_text.inc"
};

constexpr auto kForgetEvery = 10min;
constexpr std::size_t kHashingThreads = 2;
constexpr std::size_t kHashingQueue = 64;

}  // namespace

std::string_view openapi_text() { return {kOpenApi, sizeof kOpenApi}; }

Api::Api(Executor executor, Options options, WebFiles files)
    : executor_(executor),
      options_(std::move(options)),
      files_(std::move(files)),
      database_(executor, options_.database),
      redis_(executor, options_.redis),
      hashing_("hashing", kHashingThreads, kHashingQueue),
      throttle_(redis_, options_.token_key, options_.instance, clock_),
      access_(database_, options_.token_key, options_.addresses, throttle_),
      hub_(executor, database_, options_.database),
      refusals_(database_),
      sign_in_(database_, access_, throttle_, Passwords(hashing_), options_.instance),
      account_(database_, access_, throttle_, Passwords(hashing_)),
      workspaces_(database_),
      sessions_(database_, files_),
      events_(database_, hub_),
      administration_(database_),
      users_(database_, throttle_, Passwords(hashing_)),
      audit_(database_),
      diagnostics_(database_, redis_, options_, files_),
      diagnostic_routes_(diagnostics_),
      session_administration_(database_),
      server_administration_(database_),
      server_logs_(executor, database_),
      streams_(database_, access_, options_.home),
      public_api_(database_, access_, files_),
      pages_(database_, access_, options_.addresses, files_),
      tasks_(executor) {
  Routes routes(router_);
  sign_in_.declare(routes);
  account_.declare(routes);
  workspaces_.declare(routes);
  sessions_.declare(routes);
  events_.declare(routes);
  administration_.declare(routes);
  users_.declare(routes);
  audit_.declare(routes);
  diagnostic_routes_.declare(routes);
  session_administration_.declare(routes);
  server_administration_.declare(routes);
  server_logs_.declare(routes);
  streams_.declare(routes);
  public_api_.declare(routes);
  declare_service_routes(routes);
  pages_.declare(routes);
  router_.set_guard(
      [this](http::Request& request, http::Route const& route) { return access_.guard(request, route); });
  router_.set_witness(
      [this](http::Request const& request, http::Route const& route, http::Response const& response) {
        return refusals_.see(request, route, response);
      });
  router_.set_finisher(finish);
}

Api::~Api() = default;

void Api::declare_service_routes(Routes& routes) {
  routes.declare({"GET", "/live", "read_public"}, answering(this, &Api::live));
  routes.declare({"GET", "/ready", "read_public"}, answering(this, &Api::ready));
  routes.declare({"GET", "/api/v1/openapi.json", "read_public"}, answering(this, &Api::openapi));
}

Result<> Api::check_actions() const {
  for (auto const& route : router_.routes()) {
    if (!domain::parse_action(route.action)) {
      return fail(Code::kInternal,
                  route.method + " " + route.path + " declares the unknown action '" + route.action + "'");
    }
    auto const known =
        protocol::authorization::action_of(protocol::authorization::kApi, route.method, route.path);
    if (known != route.action) {
      return fail(Code::kInternal, route.method + " " + route.path + " is not in protocol/authorization");
    }
  }
  return {};
}

Result<> Api::start() {
  auto actions = check_actions();
  if (!actions) return actions;
  http::ServerOptions server_options;
  server_options.endpoint = options_.socket;
  server_options.unix_options.mode = 0660;
  server_options.unix_options.group = options_.proxy_group;
  auto server = http::Server::listen(executor_, std::move(server_options), router_);
  if (!server) return server.error().within("listen on " + options_.socket.text());
  server_ = std::move(*server);
  hub_.start();
  tasks_.spawn(forget_expired(), "forget expired tokens");
  tasks_.spawn(report_itself(), "report on this service");
  log::info("listening", {{"socket", options_.socket.text()}, {"web_root", options_.web_root}});
  return {};
}

Async<> Api::stop() {
  // Streams end first: they would keep the server waiting.
  server_logs_.stop();
  co_await hub_.stop();
  if (server_) co_await server_->stop();
  co_await tasks_.stop();
  co_await redis_.stop();
  database_.close();
}

Async<> Api::forget_expired() {
  for (;;) {
    co_await sleep_for(kForgetEvery);
    auto forgotten = co_await store::forget_expired_tokens(database_);
    if (!forgotten) log::warning("expired tokens stay for now", {{"error", forgotten.error()}});
    auto deleted = co_await store::forget_deleted_users(database_);
    if (!deleted) log::warning("rows of deleted users stay for now", {{"error", deleted.error()}});
  }
}

Async<> Api::report_itself() {
  for (;;) {
    auto reported = co_await diagnostics_.report();
    if (!reported) log::debug("no report on this service", {{"error", reported.error()}});
    co_await sleep_for(store::kServiceReports);
  }
}

Async<Result<http::Response>> Api::live(http::Request) {
  co_return http::json_response(json::Object{{"live", true}, {"service", "oriel-api"}});
}

Async<Result<http::Response>> Api::ready(http::Request) {
  json::Array missing;
  json::Array degraded;
  auto schema = co_await store::schema_version(database_);
  if (!schema) {
    missing.emplace_back("database: " + schema.error().message);
  } else if (*schema < store::migrations().back().number) {
    missing.emplace_back("database: its schema is of an older release; run oriel up");
  }
  if (!files_.has("/index.html")) missing.emplace_back("web app: no index.html in " + options_.web_root);
  if (!redis_.connected()) degraded.emplace_back("redis: sign-in attempts are counted in this process alone");
  auto const is_ready = missing.empty();
  json::Object body{{"ready", is_ready},
                    {"service", "oriel-api"},
                    {"missing", std::move(missing)},
                    {"degraded", std::move(degraded)},
                    {"event_streams", hub_.subscriptions()}};
  co_return http::json_response(body, is_ready ? 200 : 503);
}

Async<Result<http::Response>> Api::openapi(http::Request) {
  auto response = http::json_text_response(std::string(openapi_text()));
  response.headers.set("Cache-Control", "no-cache");
  co_return response;
}

}  // namespace oriel::api
