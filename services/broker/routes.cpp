#include "services/broker/routes.h"

#include <optional>

#include "libs/async/failpoint.h"
#include "libs/base/log.h"
#include "libs/base/scope_exit.h"
#include "libs/base/text.h"
#include "libs/base/version.h"
#include "libs/http/json_body.h"
#include "services/broker/host_report.h"

namespace oriel::broker {
namespace {

using http::Request;
using http::Response;

constexpr char kAction[] = "broker";
constexpr std::int64_t kDefaultGraceSeconds = 3;
constexpr std::int64_t kDefaultLogLines = 50;
// A start pulls up a container on a busy host; a removal waits for its grace.
constexpr http::RouteLimits kSlow{limits::kHttpBodyBytes, limits::kDockerStart + std::chrono::seconds(15)};

Response refuse(Error const& error, Request const& request) { return http::problem(error, request.id); }

Result<SessionId> session_of(Request const& request) {
  auto const id = SessionId::parse(request.parameter("id"));
  if (!id) return fail(Code::kInvalid, "a session's id is 32 hex digits");
  return *id;
}

std::int64_t number_query(Request const& request, char const* name, std::int64_t otherwise) {
  auto const text = request.query_value(name);
  return text ? parse_integer(*text).value_or(otherwise) : otherwise;
}

void declare_sessions(http::Router& router, Parts parts) {
  router.declare("GET", "/v1/sessions", kAction, [parts](Request request) -> Async<Response> {
    auto const list = co_await parts.sessions.list();
    co_return list ? http::json_response(*list) : refuse(list.error(), request);
  });
  router.declare("POST", "/v1/sessions/{id}", kAction, kSlow, [parts](Request request) -> Async<Response> {
    auto const session = session_of(request);
    if (!session) co_return refuse(session.error(), request);
    auto wanted = http::read_json_body<protocol::broker::CreateSession>(request);
    if (!wanted) co_return refuse(wanted.error(), request);
    auto const made = co_await parts.sessions.create(*session, std::move(*wanted));
    if (!made) log::warning("session refused or failed", {{"session", *session}, {"error", made.error()}});
    co_return made ? http::json_response(*made, 201) : refuse(made.error(), request);
  });
  router.declare("GET", "/v1/sessions/{id}", kAction, [parts](Request request) -> Async<Response> {
    auto const session = session_of(request);
    if (!session) co_return refuse(session.error(), request);
    auto const found = co_await parts.sessions.find(*session);
    co_return found ? http::json_response(*found) : refuse(found.error(), request);
  });
  router.declare("DELETE", "/v1/sessions/{id}", kAction, kSlow, [parts](Request request) -> Async<Response> {
    auto const session = session_of(request);
    if (!session) co_return refuse(session.error(), request);
    std::chrono::seconds const grace(number_query(request, "grace", kDefaultGraceSeconds));
    auto const removed = co_await parts.sessions.remove(*session, grace);
    co_return removed ? http::no_content() : refuse(removed.error(), request);
  });
  router.declare("POST", "/v1/sessions/{id}/control", kAction, [parts](Request request) -> Async<Response> {
    auto const session = session_of(request);
    if (!session) co_return refuse(session.error(), request);
    auto const made = parts.sessions.make_control_directory(*session);
    ORIEL_FAILPOINT_PASSED(kBrokerControlMade);
    if (!made) log::warning("no control directory", {{"session", *session}, {"error", made.error()}});
    co_return made ? http::no_content() : refuse(made.error(), request);
  });
  router.declare("GET", "/v1/sessions/{id}/log", kAction, [parts](Request request) -> Async<Response> {
    auto const session = session_of(request);
    if (!session) co_return refuse(session.error(), request);
    auto const lines =
        static_cast<std::size_t>(std::max<std::int64_t>(1, number_query(request, "lines", kDefaultLogLines)));
    auto text = co_await parts.sessions.log(*session, lines);
    if (!text) co_return refuse(text.error(), request);
    co_return http::json_response(protocol::broker::SessionLog{std::move(*text)});
  });
  router.declare("GET", "/v1/sessions/{id}/usage", kAction, [parts](Request request) -> Async<Response> {
    auto const session = session_of(request);
    if (!session) co_return refuse(session.error(), request);
    auto const usage = co_await parts.sessions.usage(*session);
    co_return usage ? http::json_response(*usage) : refuse(usage.error(), request);
  });
}

void declare_images(http::Router& router, Parts parts) {
  router.declare("GET", "/v1/images", kAction, [parts](Request request) -> Async<Response> {
    auto const list = co_await parts.images.list();
    co_return list ? http::json_response(*list) : refuse(list.error(), request);
  });
  router.declare("POST", "/v1/images/pull", kAction, [parts](Request request) -> Async<Response> {
    auto wanted = http::read_json_body<protocol::broker::PullImage>(request);
    if (!wanted) co_return refuse(wanted.error(), request);
    auto const allowed = parts.images.may_pull(*wanted);
    if (!allowed) co_return refuse(allowed.error(), request);
    Response response;
    response.headers.set("Content-Type", "application/x-ndjson");
    response.stream = [parts, pull = std::move(*wanted)](http::BodyWriter& writer) {
      return parts.images.pull(pull, writer);
    };
    co_return response;
  });
}

Async<> write_events(Events& events, http::BodyWriter& writer) {
  auto const queue = events.subscribe();
  ScopeExit const leave([&events, queue] { events.unsubscribe(queue); });
  for (;;) {
    auto const event = co_await queue->receive();
    if (!event) co_return;  // fell behind: the stream ends, the agent connects again and lists
    auto line = json::write_text(*event) + "\n";
    bool const there = co_await writer.write(std::move(line));
    if (!there) co_return;
  }
}

void declare_host(http::Router& router, Parts parts) {
  router.declare("GET", "/v1/host", kAction, [parts](Request request) -> Async<Response> {
    auto const policy = read_policy(parts.configuration.policy_path());
    if (!policy) co_return refuse(policy.error(), request);
    auto const host = co_await host_report(parts.engine, parts.runtimes, *policy);
    co_return host ? http::json_response(*host) : refuse(host.error(), request);
  });
  router.declare("GET", "/v1/events", kAction, [parts](Request) -> Async<Response> {
    Response response;
    response.headers.set("Content-Type", "application/x-ndjson");
    response.stream = [parts](http::BodyWriter& writer) { return write_events(parts.events, writer); };
    co_return response;
  });
  router.declare("GET", "/live", kAction, [](Request) -> Async<Response> {
    co_return http::json_text_response(json::text(json::Object{{"live", true}, {"version", version()}}));
  });
  router.declare("GET", "/ready", kAction, [parts](Request) -> Async<Response> {
    json::Array missing;
    auto const engine = co_await parts.engine.ping();
    if (!engine) missing.emplace_back("docker: " + engine.error().message);
    auto const firewall = co_await parts.firewall.ensure();
    if (!firewall) missing.emplace_back("firewall: " + firewall.error().message);
    auto const policy = read_policy(parts.configuration.policy_path());
    if (!policy) missing.emplace_back("policy: " + policy.error().message);
    bool const ready = missing.empty();
    json::Object const body{{"ready", ready}, {"missing", std::move(missing)}, {"version", version()}};
    co_return http::json_text_response(json::text(body), ready ? 200 : 503);
  });
}

}  // namespace

http::Router make_router(Parts parts) {
  http::Router router;
  auto const agent = parts.configuration.agent_user;
  router.set_guard([agent](Request& request, http::Route const&) -> Async<std::optional<Response>> {
    auto const& peer = request.peer.credentials;
    if (peer && (peer->user == agent || peer->user == 0)) co_return std::nullopt;
    co_return http::problem(fail(Code::kForbidden, "only the agent speaks to the broker"), request.id);
  });
  declare_host(router, parts);
  declare_sessions(router, parts);
  declare_images(router, parts);
  return router;
}

}  // namespace oriel::broker
