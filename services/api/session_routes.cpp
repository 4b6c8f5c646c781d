#include "services/api/session_routes.h"

#include <boost/describe/class.hpp>

#include "libs/async/failpoint.h"
#include "libs/base/text.h"
#include "libs/domain/session_limits.h"
#include "libs/http/json_body.h"
#include "libs/store/session_notices.h"
#include "services/api/launch_words.h"
#include "services/api/respond.h"
#include "services/api/views.h"

namespace oriel::api {
namespace {

using domain::Action;

struct LaunchBody {
  ImageId workspace_id{};
  std::optional<int> width{};
  std::optional<int> height{};
  std::optional<int> scale_percent{};
  std::optional<std::string> locale{};
  std::optional<std::string> timezone{};
  std::optional<std::string> open_url{};
};
BOOST_DESCRIBE_STRUCT(LaunchBody, (),
                      (workspace_id, width, height, scale_percent, locale, timezone, open_url))

/// The body as a request to the store; every fault at once.
Result<store::SessionRequest> request_of(LaunchBody const& body) {
  store::SessionRequest request;
  request.image = body.workspace_id;
  std::vector<FieldError> faults;
  auto const within = [&faults](std::optional<int> value, int least, int most, std::string pointer,
                                int& into) {
    if (!value) return;
    if (*value < least || *value > most) {
      faults.push_back({std::move(pointer), "from " + std::to_string(least) + " to " + std::to_string(most)});
    } else {
      into = *value;
    }
  };
  int scale = 100;  // checked; the window says its own scale to the display server once it is connected
  within(body.width, kLeastWidth, kMostWidth, "/width", request.width);
  within(body.height, kLeastHeight, kMostHeight, "/height", request.height);
  within(body.scale_percent, 50, 400, "/scale_percent", scale);
  if (body.locale) {
    // Browsers speak languages that no locale has; the session then speaks the default, which is better than
    // no session.
    request.locale = parse_locale(*body.locale).value_or("en_US.UTF-8");
  }
  if (body.timezone) {
    auto const timezone = parse_timezone(*body.timezone);
    if (timezone) request.timezone = *timezone;
    if (!timezone) faults.push_back({"/timezone", "a name of the time zone database, as Europe/Paris"});
  }
  if (body.open_url) {
    request.open_url = parse_open_url(*body.open_url);
    if (!request.open_url) faults.push_back({"/open_url", "an http or https address"});
  }
  if (!faults.empty()) return Error{Code::kInvalid, "The launch cannot be read.", std::move(faults)};
  return request;
}

}  // namespace

SessionRoutes::SessionRoutes(postgres::Database& database, WebFiles const& files)
    : database_(database), files_(files) {}

void SessionRoutes::declare(Routes& router) {
  router.declare({"GET", "/api/v1/sessions", "list_own_sessions"}, answering(this, &SessionRoutes::list));
  router.declare({"POST", "/api/v1/sessions", "start_session"}, answering(this, &SessionRoutes::start));
  router.declare({"GET", "/api/v1/sessions/{id}", "read_session"}, answering(this, &SessionRoutes::read));
  router.declare({"DELETE", "/api/v1/sessions/{id}", "end_session"}, answering(this, &SessionRoutes::end));
  router.declare({"POST", "/api/v1/sessions/{id}/keepalive", "keep_session_alive"},
                 answering(this, &SessionRoutes::keep_alive));
  router.declare({"POST", "/api/v1/sessions/{id}/messages/{message}/read", "acknowledge_message"},
                 answering(this, &SessionRoutes::acknowledge));
}

Async<Result<http::Response>> SessionRoutes::list(http::Request request) {
  auto const& identity = identity_of(request);
  auto sessions = co_await store::list_sessions_of_user(database_, identity.subject.user);
  if (!sessions) co_return sessions.error();
  json::Array views;
  for (auto const& session : *sessions) {
    if (identity.subject.bound_session && session.id != *identity.subject.bound_session) continue;
    views.push_back(session_view(session));
  }
  co_return http::json_response(json::Object{
      {"sessions", std::move(views)}, {"limit", domain::session_limit(identity.sign_in->account.limits)}});
}

Async<Result<http::Response>> SessionRoutes::start(http::Request request) {
  auto const& identity = identity_of(request);
  auto body = http::read_json_body<LaunchBody>(request);
  if (!body) co_return body.error();
  auto wanted = request_of(*body);
  if (!wanted) co_return wanted.error();

  // Whether the workspace is granted is decided by the store, under the lock; here is only who asks.
  domain::Object object;
  object.granted = true;
  auto allowed = require(request, Action::kStartSession, object, "workspace");
  if (!allowed) co_return allowed.error();

  wanted->user = identity.subject.user;
  wanted->actor = identity.actor();
  wanted->client_protocol = files_.newest_client();
  if (auto const key = request.headers.get("idempotency-key"); key && !key->empty()) {
    if (key->size() > 64) {
      co_return Error{Code::kInvalid, "The header Idempotency-Key has at most 64 characters.", {}};
    }
    if (!is_utf8(*key)) co_return Error{Code::kInvalid, "The header Idempotency-Key is not UTF-8.", {}};
    wanted->request_key = std::string(*key);
  }
  ORIEL_FAILPOINT(kApiSessionAllowed);
  auto session = co_await store::request_session(database_, std::move(*wanted));
  if (!session) co_return session.error();
  ORIEL_FAILPOINT(kApiSessionRequested);
  auto response = http::json_response(session_view(*session), 201);
  response.headers.set("Location", "/api/v1/sessions/" + session->id.text());
  co_return response;
}

Async<Result<store::Session>> SessionRoutes::find_allowed(http::Request const& request, Action action) {
  auto const id = SessionId::parse(request.parameter("id"));
  domain::Object object;
  std::optional<store::Session> found;
  if (id) {
    auto session = co_await store::find_session(database_, *id);
    if (!session) co_return session.error();
    found = std::move(*session);
    if (found) {
      object.session = found->id;
      object.owner = found->user;
    }
  }
  auto allowed = require(request, action, object, "session");
  if (!allowed) co_return allowed.error();
  // An administrator may read any session, but not one that does not exist.
  if (!found) co_return fail(Code::kNotFound, "There is no such session.");
  co_return std::move(*found);
}

Async<Result<http::Response>> SessionRoutes::read(http::Request request) {
  auto session = co_await find_allowed(request, Action::kReadSession);
  if (!session) co_return session.error();
  auto const& subject = identity_of(request).subject;
  auto view = subject.is_administrator() ? admin_session_view(*session) : session_view(*session);
  // The page of somebody else's session shows it and sends nothing.
  view["role"] = session->user == subject.user ? "owner" : "view";
  co_return http::json_response(view);
}

Async<Result<http::Response>> SessionRoutes::end(http::Request request) {
  auto session = co_await find_allowed(request, Action::kEndSession);
  if (!session) co_return session.error();
  auto ended = co_await store::desire_end(database_, session->id, identity_of(request).actor());
  if (!ended) co_return ended.error();
  ORIEL_FAILPOINT(kApiEndWanted);
  co_return http::json_response(session_view(*ended), 202);
}

Async<Result<http::Response>> SessionRoutes::keep_alive(http::Request request) {
  auto session = co_await find_allowed(request, Action::kKeepSessionAlive);
  if (!session) co_return session.error();
  auto kept = co_await store::keep_session_alive(database_, session->id);
  if (!kept) co_return kept.error();
  json::Value expires_at(nullptr);
  if (kept->expires_at) expires_at = rfc3339(*kept->expires_at);
  co_return http::json_response(json::Object{{"expires_at", std::move(expires_at)}});
}

Async<Result<http::Response>> SessionRoutes::acknowledge(http::Request request) {
  auto session = co_await find_allowed(request, Action::kAcknowledgeMessage);
  if (!session) co_return session.error();
  auto const message = MessageId::parse(request.parameter("message"));
  if (!message) co_return fail(Code::kNotFound, "There is no such message.");
  auto read = co_await store::acknowledge_session_message(database_, session->id, *message,
                                                          identity_of(request).actor());
  if (!read) co_return read.error();
  http::Response response;
  response.status = 204;
  co_return response;
}

}  // namespace oriel::api
