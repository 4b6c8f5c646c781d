#include "services/manager/manager.h"

#include <chrono>
#include <functional>
#include <utility>

#include <unistd.h>

#include "libs/async/deadline.h"
#include "libs/async/sleep.h"
#include "libs/base/json.h"
#include "libs/base/limits.h"
#include "libs/base/log.h"
#include "libs/base/resident_memory.h"
#include "libs/base/scope_exit.h"
#include "libs/base/text.h"
#include "libs/base/version.h"
#include "libs/http/json_body.h"
#include "libs/store/agents.h"
#include "libs/store/migrations.h"
#include "libs/store/service_reports.h"
#include "protocol/authorization/route.h"
#include "services/manager/enrolment.h"

namespace oriel::manager {
namespace {

namespace wire = protocol::agent;

constexpr std::size_t kNonceBytes = 32;
constexpr std::size_t kEnrolmentBytes = 16 * 1024;

std::string holder_name() { return "manager-" + ManagerId::random().text(); }

std::uint16_t close_code_of(Error const& error) {
  switch (error.code) {
    case Code::kConflict:
      return wire::kCloseReplaced;
    case Code::kInvalid:
      return wire::kCloseProtocol;
    default:
      return 1011;  // RFC 6455: the server cannot go on
  }
}

}  // namespace

Manager::Manager(Executor executor, Options options)
    : executor_(executor),
      options_(std::move(options)),
      database_(executor, options_.database),
      leadership_(executor, database_, holder_name()),
      reconciler_(executor, database_, options_.database, leadership_, channels_),
      tasks_(executor) {
  declare_routes();
}

void Manager::declare_routes() {
  auto const declare = [this](protocol::authorization::ManagerRoute route, http::RouteLimits bounds,
                              http::Handler handle) {
    router_.declare(std::string(route.method()), std::string(route.path()), std::string(route.action()),
                    bounds, std::move(handle));
  };
  declare({"GET", "/live", "public"}, {}, [](http::Request) -> Async<http::Response> {
    co_return http::json_text_response(R"({"live":true})");
  });
  declare({"GET", "/ready", "public"}, {}, [this](http::Request) { return ready(); });

  http::RouteLimits bounds;
  bounds.body_bytes = kEnrolmentBytes;
  declare({"POST", "/agent/v1/enrol", "public"}, bounds,
          [this](http::Request request) -> Async<http::Response> {
            auto body = http::read_json_body<wire::EnrolRequest>(request, json::Unknown::kIgnore);
            if (!body) co_return http::problem(body.error(), request.id);
            auto enrolled = co_await enrol(database_, options_, std::move(*body), request.peer.address);
            if (!enrolled) {
              log::warning("an enrolment was refused", {{"error", enrolled.error()}});
              co_return http::problem(enrolled.error(), request.id);
            }
            co_return http::json_response(*enrolled);
          });
  declare({"GET", "/agent/v1/channel", "public"}, {}, [this](http::Request) -> Async<http::Response> {
    http::Response response;
    response.upgrade = [this](http::WebSocket& socket) { return serve_channel(socket); };
    co_return response;
  });
}

Async<json::Array> Manager::missing() {
  json::Array missing;
  auto version = co_await store::schema_version(database_);
  auto const newest = store::migrations().empty() ? 0 : store::migrations().back().number;
  if (!version) {
    missing.emplace_back("database");
  } else if (*version < newest) {
    missing.emplace_back("schema");
  }
  // One that does not lead is ready too: it serves agents and waits.
  if (leadership_.leads() && !reconciler_.healthy()) missing.emplace_back("reconciler");
  co_return missing;
}

Async<> Manager::report_itself() {
  auto const process = holder_name();
  for (;;) {
    auto const lacking = co_await missing();
    store::ServiceReport report{"manager",
                                process,
                                std::string(version()),
                                lacking.empty(),
                                lacking.empty() ? "" : json::text(lacking),
                                resident_bytes(::getpid()),
                                {}};
    if (leadership_.leads() && report.detail.empty()) report.detail = "leads";
    auto reported = co_await store::report_service(database_, std::move(report));
    if (!reported) log::debug("no report on this service", {{"error", reported.error()}});
    co_await sleep_for(store::kServiceReports);
  }
}

Async<http::Response> Manager::ready() {
  auto missing = co_await this->missing();
  bool const complete = missing.empty();
  json::Object body;
  body["ready"] = complete;
  body["missing"] = std::move(missing);
  body["leads"] = leadership_.leads();
  body["agents"] = channels_.size();
  co_return http::json_text_response(json::text(json::Value(std::move(body))), complete ? 200 : 503);
}

Async<Result<Manager::Introduced>> Manager::introduce(http::WebSocket& socket) {
  auto const nonce = random_bytes(kNonceBytes);
  wire::Challenge challenge;
  challenge.nonce = base64(nonce);
  auto challenged = co_await socket.write(json::write_text(challenge));
  if (!challenged) co_return challenged.error();
  auto reading = socket.read();
  auto first = co_await with_deadline(std::move(reading), limits::kChannelHandshake, "the agent's hello");
  if (!first) co_return first.error();
  auto hello = json::parse_as<wire::Hello>(first->data, json::Unknown::kIgnore);
  if (!hello) co_return hello.error();
  auto public_key = check_hello(options_.authority, *hello, nonce);
  if (!public_key) co_return public_key.error();

  auto agent = co_await store::find_agent(database_, hello->agent_id);
  if (!agent) co_return agent.error();
  if (!*agent) co_return fail(Code::kUnauthenticated, "this agent was removed from the installation");
  Bytes const shown(public_key->begin(), public_key->end());
  if ((*agent)->public_key != shown)
    co_return fail(Code::kUnauthenticated, "this agent has another key by now");
  auto opened = co_await store::open_channel(database_, hello->agent_id, to_utf8(hello->version, 64));
  if (!opened) co_return opened.error();

  wire::Welcome welcome;
  welcome.heartbeat_seconds = limits::kHeartbeat.count();
  auto welcomed = co_await socket.write(json::write_text(welcome));
  if (!welcomed) co_return welcomed.error();
  log::info("an agent is connected",
            {{"agent", hello->agent_id}, {"hostname", (*agent)->hostname}, {"epoch", *opened}});
  co_return Introduced{hello->agent_id, (*agent)->last_seen_at};
}

Async<> Manager::serve_channel(http::WebSocket& socket) {
  auto agent = co_await introduce(socket);
  if (!agent) {
    log::warning("an agent was not welcomed", {{"error", agent.error()}});
    bool const ours = agent.error().code == Code::kUnavailable || agent.error().code == Code::kTimeout ||
                      agent.error().code == Code::kInternal;
    auto const code = ours ? std::uint16_t{1011} : wire::kCloseRefused;
    co_await socket.close(code, to_utf8(agent.error().message, 120));
    co_return;
  }
  AgentChannel channel(executor_, database_, options_, agent->id, agent->heard, socket);
  if (!channels_.add(channel)) {
    co_await socket.close(wire::kCloseRefused, "this manager has too many agents");
    co_return;
  }
  // The server cancels us when it stops: the set must not keep a dead channel then either.
  ScopeExit const leave([&] { channels_.remove(channel); });
  auto const end = co_await channel.serve();
  log::info("an agent's channel ended", {{"agent", agent->id}, {"why", end}});
  if (socket.is_open()) co_await socket.close(close_code_of(end), to_utf8(end.message, 120));
}

Result<> Manager::start() {
  http::ServerOptions server;
  server.endpoint = options_.socket;
  server.unix_options.mode = 0660;
  server.unix_options.group = options_.agent_group;
  auto listening = http::Server::listen(executor_, std::move(server), router_);
  if (!listening) return listening.error().within("listen for agents");
  server_ = std::move(*listening);
  leadership_.start();
  reconciler_.start();
  tasks_.spawn(report_itself(), "report on this service");
  return {};
}

Async<> Manager::stop() {
  if (server_) co_await server_->stop();
  server_.reset();
  co_await tasks_.stop();
  co_await reconciler_.stop();
  co_await leadership_.stop();
  database_.close();
}

}  // namespace oriel::manager
