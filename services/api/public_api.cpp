#include "services/api/public_api.h"

#include <map>

#include "libs/async/sleep.h"
#include "libs/base/json.h"
#include "libs/base/log.h"
#include "libs/base/text.h"
#include "libs/store/agents.h"
#include "libs/store/images.h"
#include "libs/store/session_list.h"
#include "libs/store/settings.h"
#include "libs/store/users.h"
#include "services/api/launch_words.h"
#include "services/api/placement_preview.h"
#include "services/api/public_views.h"
#include "services/api/views.h"

namespace oriel::api {
namespace {

using namespace std::chrono_literals;
using domain::SessionState;

constexpr auto kPlacementWait = 3s;
constexpr auto kPlacementPoll = 20ms;
constexpr int kUsersPage = 10'000;

std::optional<std::string> text_member(json::Object const& body, std::string_view name) {
  auto const* const value = body.if_contains(name);
  if (value == nullptr || !value->is_string() || value->get_string().empty()) return std::nullopt;
  return std::string(std::string_view(value->get_string()));
}

bool truth_member(json::Object const& body, std::string_view name) {
  auto const* const value = body.if_contains(name);
  return value != nullptr && value->is_bool() && value->get_bool();
}

std::int64_t integer_member(json::Object const& body, std::string_view name, std::int64_t fallback) {
  auto const* const value = body.if_contains(name);
  return value != nullptr && value->is_int64() ? value->get_int64() : fallback;
}

/// Variables of a launch: text as it is, numbers and truth values as their text.
Result<std::map<std::string, std::string>> environment_member(json::Object const& body) {
  std::map<std::string, std::string> environment;
  auto const* const value = body.if_contains("environment");
  if (value == nullptr || !value->is_object()) return environment;
  for (auto const& entry : value->get_object()) {
    auto const name = std::string(entry.key());
    if (entry.value().is_string()) {
      environment[name] = std::string(std::string_view(entry.value().get_string()));
    } else if (entry.value().is_number() || entry.value().is_bool()) {
      environment[name] = json::text(entry.value());
    }
  }
  auto good = check_environment(environment);
  if (!good) {
    auto error = good.error();
    if (!error.fields.empty())
      error.message += ": " + error.fields[0].pointer + " " + error.fields[0].message;
    return error;
  }
  return environment;
}

std::string connect_url(SessionId session, UserId user, std::string_view token) {
  return "/#/connect/kasm/" + session.text() + "/" + user.text() + "/" + std::string(token);
}

std::string host_of(http::Request const& request) {
  return to_utf8(request.headers.get("host").value_or(""), 255);
}

std::string now_text() { return plain_datetime(SystemClock().now()); }

}  // namespace

PublicApi::PublicApi(postgres::Database& database, Access& access, WebFiles const& files)
    : database_(database), access_(access), files_(files) {}

void PublicApi::declare(Routes& router) {
  router.declare({"POST", "/api/public/get_users", "public_read_users"}, operation(&PublicApi::get_users));
  router.declare({"POST", "/api/public/get_images", "public_read_images"}, operation(&PublicApi::get_images));
  router.declare({"POST", "/api/public/get_zones", "public_read_zones"}, operation(&PublicApi::get_zones));
  router.declare({"POST", "/api/public/get_kasms", "public_read_sessions"}, operation(&PublicApi::get_kasms));
  router.declare({"POST", "/api/public/request_kasm", "public_use_session"},
                 operation(&PublicApi::request_kasm));
  router.declare({"POST", "/api/public/get_kasm_status", "public_use_session"},
                 operation(&PublicApi::get_kasm_status));
  router.declare({"POST", "/api/public/keepalive", "public_use_session"}, operation(&PublicApi::keepalive));
  router.declare({"POST", "/api/public/destroy_kasm", "public_use_session"},
                 operation(&PublicApi::destroy_kasm));
}

http::Handler PublicApi::operation(Operation method) {
  return [this, method](http::Request request) { return answer(this, method, std::move(request)); };
}

Async<http::Response> PublicApi::answer(PublicApi* self, Operation method, http::Request request) {
  // The guard has read the same body and found an object.
  auto body = json::parse(request.body.empty() ? std::string_view("{}") : std::string_view(request.body));
  if (!body || !body->is_object()) co_return public_failure("The request's body is not a JSON object.", 400);
  auto const id = request.id;
  auto working = (self->*method)(std::move(request), std::move(body->get_object()));
  auto outcome = co_await std::move(working);
  if (outcome) co_return http::json_text_response(json::text(*outcome));
  auto const& error = outcome.error();
  switch (error.code) {
    case Code::kInternal:
      log::error("a public operation failed", {{"request", id}, {"error", error}});
      co_return public_failure("Something went wrong on our side; the service's log names the cause.", 500);
    case Code::kUnavailable:
    case Code::kTimeout:
    case Code::kRetry:
      log::warning("a public operation has no answer", {{"request", id}, {"error", error}});
      co_return public_failure("The service is not available now. Try again shortly.", 503);
    default:
      break;
  }
  // Everything else is that API's way of saying no: 200 with the words.
  co_return public_failure(error.message, 200);
}

Async<Result<json::Object>> PublicApi::get_users(http::Request, json::Object body) {
  auto const page_size =
      std::clamp<std::int64_t>(integer_member(body, "page_size", kUsersPage), 1, kUsersPage);
  auto const page = std::clamp<std::int64_t>(integer_member(body, "page", 0), 0, 100'000);
  auto users =
      co_await store::list_users(database_, static_cast<int>(page_size), static_cast<int>(page * page_size),
                                 truth_member(body, "anonymous"));
  if (!users) co_return users.error();
  std::map<UserId, json::Array> kasms;
  store::SessionFilter filter;
  filter.limit = 500;
  for (;;) {
    auto sessions = co_await store::list_sessions(database_, filter);
    if (!sessions) co_return sessions.error();
    for (auto const& session : sessions->sessions) {
      kasms[session.user].push_back(
          json::Object{{"kasm_id", session.id.text()}, {"image_id", session.image.text()}});
    }
    if (!sessions->next_cursor) break;
    filter.cursor = sessions->next_cursor;
  }
  json::Array views;
  for (auto const& user : *users) views.push_back(public_user_view(user, std::move(kasms[user.id])));
  co_return json::Object{{"users", std::move(views)}};
}

Async<Result<json::Object>> PublicApi::get_images(http::Request, json::Object) {
  auto images = co_await store::list_images(database_);
  if (!images) co_return images.error();
  auto placement = co_await PlacementPreview::read(database_);
  if (!placement) co_return placement.error();
  auto zones = co_await store::list_zones(database_);
  if (!zones) co_return zones.error();

  json::Array views;
  for (auto const& image : *images) {
    std::string zone_name;
    for (auto const& zone : *zones) {
      if (image.zone && *image.zone == zone.id) zone_name = zone.name;
    }
    auto const decision = placement->of(image);
    views.push_back(public_image_view(image, image.enabled && decision.agent.has_value(), zone_name));
  }
  co_return json::Object{{"images", std::move(views)}};
}

Async<Result<json::Object>> PublicApi::get_zones(http::Request, json::Object) {
  auto zones = co_await store::list_zones(database_);
  if (!zones) co_return zones.error();
  json::Array views;
  for (auto const& zone : *zones) {
    views.push_back(json::Object{{"zone_id", zone.id.text()},
                                 {"zone_name", zone.name},
                                 {"load_balancing_strategy", "least_load"},
                                 {"allow_origin_domain", "$request_host$"},
                                 {"upstream_auth_address", "$request_host$"},
                                 {"proxy_connections", true},
                                 {"proxy_hostname", "$request_host$"},
                                 {"proxy_path", "desktop"},
                                 {"proxy_port", 0}});
  }
  co_return json::Object{{"zones", std::move(views)}};
}

Async<Result<json::Object>> PublicApi::get_kasms(http::Request request, json::Object) {
  auto const host = host_of(request);
  json::Array views;
  store::SessionFilter filter;
  filter.limit = 500;
  for (;;) {
    auto sessions = co_await store::list_sessions(database_, filter);
    if (!sessions) co_return sessions.error();
    for (auto const& session : sessions->sessions) views.push_back(listed_kasm_view(session, host));
    if (!sessions->next_cursor) break;
    filter.cursor = sessions->next_cursor;
  }
  co_return json::Object{{"current_time", now_text()}, {"kasms", std::move(views)}};
}

Async<Result<std::string>> PublicApi::make_connect_token(UserId user, SessionId session) {
  auto token = random_token();
  store::ConnectToken stored{access_.token_hash(token), user, session, std::chrono::seconds(60)};
  auto made = co_await store::create_connect_token(database_, std::move(stored));
  if (!made) co_return made.error();
  co_return token;
}

Async<Result<store::Session>> PublicApi::wait_for_placement(SessionId id) {
  SystemClock const clock;
  auto const until = clock.steady_now() + kPlacementWait;
  for (;;) {
    auto session = co_await store::find_session(database_, id);
    if (!session) co_return session.error();
    if (!*session) co_return fail(Code::kNotFound, "No session was found.");
    if ((*session)->state != SessionState::kRequested || clock.steady_now() >= until)
      co_return std::move(**session);
    co_await sleep_for(kPlacementPoll);
  }
}

Async<Result<json::Object>> PublicApi::request_kasm(http::Request request, json::Object body) {
  store::SessionRequest wanted;
  auto const user_text = text_member(body, "user_id");
  auto const image_text = text_member(body, "image_id");
  if (!image_text) co_return fail(Code::kInvalid, "No Default Image Found");
  auto const image = ImageId::parse(*image_text);
  if (!image) co_return fail(Code::kInvalid, "Invalid image_id");
  wanted.image = *image;

  auto environment = environment_member(body);
  if (!environment) co_return environment.error();
  wanted.environment = std::move(*environment);
  if (auto const url = text_member(body, "kasm_url")) {
    wanted.open_url = parse_open_url(*url);
    if (!wanted.open_url) co_return fail(Code::kInvalid, "kasm_url is not an http or https address");
  }
  if (auto const language = text_member(body, "client_language")) {
    wanted.locale = parse_locale(*language).value_or(wanted.locale);
  }
  if (auto const timezone = text_member(body, "client_timezone")) {
    wanted.timezone = parse_timezone(*timezone).value_or(wanted.timezone);
  }
  if (truth_member(body, "enable_sharing")) {
    auto const bytes = random_bytes(4);
    wanted.share_id = hex(bytes);
  }
  wanted.actor = identity_of(request).actor();
  wanted.client_protocol = files_.newest_client();

  if (user_text) {
    auto const user = UserId::parse(*user_text);
    if (!user) co_return fail(Code::kInvalid, "Invalid user_id");
    auto account = co_await store::find_account(database_, *user);
    if (!account) co_return account.error();
    if (!*account || (*account)->user.locked || (*account)->user.disabled)
      co_return fail(Code::kNotFound, "Invalid user_id");
    if (!(*account)->permissions.has(domain::Permission::kUser))
      co_return fail(Code::kForbidden, "Image Not Authorized");
    wanted.user = *user;
  } else {
    auto anonymous = co_await store::create_anonymous_user(database_);
    if (!anonymous) co_return anonymous.error();
    wanted.user = anonymous->id;
  }

  auto requested = co_await store::request_session(database_, std::move(wanted));
  if (!requested) {
    if (requested.error().code == Code::kNotFound) co_return fail(Code::kNotFound, "Image Not Authorized");
    co_return requested.error();
  }
  auto session = co_await wait_for_placement(requested->id);
  if (!session) co_return session.error();
  if (session->state == SessionState::kFailed) {
    co_return fail(Code::kNoCapacity, "No resources are available to create the requested Kasm. " +
                                          session->reason.value_or(""));
  }
  auto token = co_await make_connect_token(session->user, session->id);
  if (!token) co_return token.error();
  json::Value share_id(nullptr);
  if (session->share_id) share_id = *session->share_id;
  co_return json::Object{{"kasm_id", session->id.text()},
                         {"username", session->username},
                         {"status", "starting"},
                         {"share_id", std::move(share_id)},
                         {"user_id", session->user.text()},
                         {"session_token", *token},
                         {"kasm_url", connect_url(session->id, session->user, *token)}};
}

Async<Result<store::Session>> PublicApi::find_kasm(json::Object const& body) {
  auto const id_text = text_member(body, "kasm_id");
  auto const id = SessionId::parse(id_text.value_or(""));
  if (!id) co_return fail(Code::kInvalid, "Invalid kasm_id");
  auto const user_text = text_member(body, "user_id");
  auto session = co_await store::find_session(database_, *id);
  if (!session) co_return session.error();
  auto const missing = fail(Code::kNotFound, "No session was found with the given kasm_id.");
  if (!*session || domain::is_final((*session)->state)) {
    // A refusal or a failure is still worth its reason, for as long as the row is there.
    if (*session && (*session)->state == SessionState::kFailed) {
      co_return fail(Code::kNotFound, "This session has failed. " + (*session)->reason.value_or(""));
    }
    co_return missing;
  }
  if (user_text) {
    auto const user = UserId::parse(*user_text);
    if (!user || *user != (*session)->user) co_return missing;
  }
  co_return std::move(**session);
}

Async<Result<json::Object>> PublicApi::get_kasm_status(http::Request request, json::Object body) {
  auto session = co_await find_kasm(body);
  if (!session) co_return session.error();
  auto const status = operational_status(session->state);
  if (session->state != SessionState::kRunning || session->desired == domain::DesiredState::kEnded) {
    auto const shown =
        session->desired == domain::DesiredState::kEnded ? std::string_view("deleting") : status;
    co_return json::Object{{"error_message", "This session is currently " + std::string(shown) + "."},
                           {"operational_status", shown},
                           {"operational_message", session->step},
                           {"operational_progress", session->progress}};
  }
  auto token = co_await make_connect_token(session->user, session->id);
  if (!token) co_return token.error();
  co_return json::Object{{"current_time", now_text()},
                         {"kasm_url", connect_url(session->id, session->user, *token)},
                         {"operational_status", status},
                         {"kasm", kasm_view(*session, host_of(request), *token)}};
}

Async<Result<json::Object>> PublicApi::keepalive(http::Request, json::Object body) {
  auto session = co_await find_kasm(body);
  if (!session) co_return session.error();
  auto kept = co_await store::keep_session_alive(database_, session->id);
  if (!kept) co_return kept.error();
  co_return json::Object{{"usage_reached", false}};
}

Async<Result<json::Object>> PublicApi::destroy_kasm(http::Request request, json::Object body) {
  auto session = co_await find_kasm(body);
  if (!session) co_return session.error();
  auto ended = co_await store::desire_end(database_, session->id, identity_of(request).actor());
  if (!ended) co_return ended.error();
  co_return json::Object();
}

}  // namespace oriel::api
