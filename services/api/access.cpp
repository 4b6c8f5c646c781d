#include "services/api/access.h"

#include "libs/base/json.h"
#include "libs/base/limits.h"
#include "libs/base/log.h"
#include "libs/base/text.h"
#include "libs/store/api_keys.h"
#include "services/api/respond.h"

namespace oriel::api {
namespace {

using domain::Action;
using domain::Subject;
using domain::Verdict;

std::string header(http::Request const& request, std::string_view name) {
  return std::string(request.headers.get(name).value_or(""));
}

std::string shown(std::string const& value) { return value.empty() ? "(none)" : shown_text(value, 200); }

/// The member of a JSON object as text; empty otherwise.
std::string text_member(json::Object const& object, std::string_view name) {
  auto const* const value = object.if_contains(name);
  if (value == nullptr || !value->is_string()) return {};
  return std::string(std::string_view(value->get_string()));
}

}  // namespace

store::Actor Identity::actor() const {
  if (subject.kind == Subject::Kind::kApiKey) return {"api_key", subject.api_key.text(), address, request_id};
  if (subject.kind == Subject::Kind::kUser) return {"user", subject.user.text(), address, request_id};
  return {"anonymous", std::nullopt, address, request_id};
}

Identity const& identity_of(http::Request const& request) {
  static Identity const nobody;
  auto const* const identity = std::any_cast<Identity>(&request.subject);
  return identity == nullptr ? nobody : *identity;
}

std::string client_address(http::Request const& request) {
  auto address = header(request, "x-real-ip");
  if (address.empty()) {
    // The proxy's sub-requests carry only this one.
    address = header(request, "x-forwarded-for");
  }
  return to_utf8(address, 64);
}

bool is_public_api(std::string_view path) { return path.starts_with("/api/public/"); }

http::Response public_failure(std::string_view message, int status) {
  auto response = http::json_text_response(json::text(json::Object{{"error_message", message}}), status);
  if (status == 503) response.headers.set("Retry-After", std::to_string(limits::kRetryAfter.count()));
  return response;
}

Access::Access(postgres::Database& database, crypto::Key token_key, Addresses const& addresses,
               SignInThrottle& throttle)
    : database_(database), token_key_(std::move(token_key)), addresses_(addresses), throttle_(throttle) {}

std::string Access::token_hash(std::string_view token) const { return crypto::keyed_hash(token_key_, token); }

domain::Subject Access::subject_of(store::SignIn const& sign_in) {
  Subject subject;
  subject.kind = Subject::Kind::kUser;
  subject.user = sign_in.account.user.id;
  subject.permissions = sign_in.account.permissions;
  subject.bound_session = sign_in.bound_session;
  subject.must_change_password = sign_in.account.user.must_change_password;
  return subject;
}

Async<Result<std::optional<store::SignIn>>> Access::find_person(http::Request const& request,
                                                                store::SignInUse use) {
  auto const cookie = request.cookie(kCookie);
  // Our tokens are 43 characters; what cannot be one needs no look into the database.
  if (!cookie || cookie->size() < 40 || cookie->size() > 64) co_return std::optional<store::SignIn>();
  auto found = co_await store::find_sign_in(database_, token_hash(*cookie), use);
  co_return found;
}

bool Access::comes_from_our_pages(http::Request const& request) const {
  auto const origin = request.headers.get("origin");
  if (!origin || !addresses_.has_origin(*origin)) return false;
  auto const site = request.headers.get("sec-fetch-site");
  return !site || *site == "same-origin";
}

http::Response Access::refuse_origin(http::Request const& request) const {
  auto const origin = header(request, "origin");
  auto const host = header(request, "host");
  auto const forwarded = header(request, "x-forwarded-host");
  json::Array expected;
  for (auto const& one : addresses_.origins()) expected.emplace_back(one);
  auto message = "This request comes from the page " + shown(origin) +
                 ", which is not one of this installation's addresses";
  if (origin.empty()) message = "This request does not say from which page it comes (no Origin header)";
  if (!origin.empty() && addresses_.has_origin(origin))
    message = "This request was started by another site's page";
  message += ". The browser asked the host " + shown(host) +
             ". If people should use that address, run `oriel up --public-url https://" +
             (host.empty() ? std::string("HOST") : shown_text(host, 200)) + "`.";
  json::Object error{{"code", "forbidden"},
                     {"message", std::move(message)},
                     {"details",
                      {{"origin", shown(origin)},
                       {"host", shown(host)},
                       {"x_forwarded_host", shown(forwarded)},
                       {"sec_fetch_site", shown(header(request, "sec-fetch-site"))},
                       {"addresses", std::move(expected)},
                       {"setting", "--public-url"}}},
                     {"request_id", request.id}};
  return http::json_text_response(json::text(json::Object{{"error", std::move(error)}}), 403);
}

Async<std::optional<http::Response>> Access::guard(http::Request& request, http::Route const& route) {
  auto const action = domain::parse_action(route.action);
  if (!action) {
    // The fallback's pages and the service's own routes; everything else was checked when we started.
    if (route.action == "public") {
      Identity identity;
      identity.address = client_address(request);
      identity.request_id = request.id;
      request.subject = std::move(identity);
      co_return std::nullopt;
    }
    co_return http::problem(fail(Code::kInternal, "the route " + route.path + " has no known action"),
                            request.id);
  }
  if (is_public_api(request.path)) {
    auto refused = co_await guard_public_api(request, *action);
    co_return refused;
  }
  auto refused = co_await guard_person(request, *action);
  co_return refused;
}

Async<std::optional<http::Response>> Access::guard_person(http::Request& request, Action action) {
  Identity identity;
  identity.address = client_address(request);
  identity.request_id = request.id;
  if (!domain::only_reads(action) && !comes_from_our_pages(request)) co_return refuse_origin(request);

  // What anybody may read is answered without a look at the cookie.
  if (action != Action::kReadPublic && action != Action::kAuthorizeForProxy) {
    auto person = co_await find_person(request, store::SignInUse::kUse);
    if (!person) co_return http::problem(of_a_read(person.error()), request.id);
    if (*person) {
      identity.subject = subject_of(**person);
      identity.sign_in = std::move(**person);
    }
  }
  auto const anonymous = identity.subject.kind == Subject::Kind::kAnonymous;
  if (!domain::needs_object(action) || anonymous) {
    if (domain::can(identity.subject, action) != Verdict::kAllowed) {
      if (anonymous) {
        co_return http::problem(fail(Code::kUnauthenticated, "Sign in first; your sign-in may have ended."),
                                request.id);
      }
      log::warning(
          "refused",
          {{"action", domain::text(action)}, {"user", identity.subject.user}, {"request", request.id}});
      auto const first = identity.subject.must_change_password && !identity.subject.bound_session;
      // Told who it was, so that the refusal can be written down.
      request.subject = std::move(identity);
      co_return http::problem(
          fail(Code::kForbidden, first ? "Change your password first." : "This is for administrators."),
          request.id);
    }
  }
  request.subject = std::move(identity);
  co_return std::nullopt;
}

Async<std::optional<http::Response>> Access::guard_public_api(http::Request& request, Action action) {
  Identity identity;
  identity.address = client_address(request);
  identity.request_id = request.id;

  // Some of that API's clients send no Content-Type, so only the body counts.
  auto body = json::parse(request.body.empty() ? std::string_view("{}") : std::string_view(request.body));
  if (!body || !body->is_object()) co_return public_failure("The request's body is not a JSON object.", 400);
  auto const key = text_member(body->get_object(), "api_key");
  auto const secret = text_member(body->get_object(), "api_key_secret");
  if (key.empty() || secret.empty() || key.size() > 128 || secret.size() > 512)
    co_return public_failure("Unauthorized", 401);
  if (auto const pointer = json::find_nul(*body))
    co_return public_failure(*pointer + " must not hold the character U+0000.", 400);

  auto found = co_await store::find_api_key(database_, key);
  if (!found) {
    log::error("cannot check an API key", {{"error", found.error()}});
    co_return public_failure("The service is not available now. Try again shortly.", 503);
  }
  auto const given = token_hash(secret);
  auto const expected = *found ? (*found)->secret_hash : std::string(given.size(), '0');
  auto const good = constant_time_equal(given, expected) && *found && (*found)->enabled && !(*found)->expired;
  if (!good) {
    // Only wrong ones are counted, so a busy program with a good key is never slowed.
    auto wait = co_await throttle_.begin("key:" + key, identity.address);
    if (wait.count() > 0) {
      auto response =
          public_failure("Too many wrong keys. Wait " + std::to_string(wait.count()) + " seconds.", 429);
      response.headers.set("Retry-After", std::to_string(wait.count()));
      co_return response;
    }
    co_return public_failure("Unauthorized", 401);
  }
  identity.subject.kind = Subject::Kind::kApiKey;
  identity.subject.api_key = (*found)->id;
  identity.subject.permissions = (*found)->permissions;
  identity.subject.read_only = (*found)->read_only;
  if (domain::can(identity.subject, action) != Verdict::kAllowed) {
    log::warning(
        "refused",
        {{"action", domain::text(action)}, {"api_key", identity.subject.api_key}, {"request", request.id}});
    request.subject = std::move(identity);
    co_return public_failure("Unauthorized", 403);
  }
  request.subject = std::move(identity);
  co_return std::nullopt;
}

Result<> require(http::Request const& request, Action action, domain::Object const& object,
                 std::string_view what) {
  switch (domain::can(identity_of(request).subject, action, object)) {
    case Verdict::kAllowed:
      return {};
    case Verdict::kAbsent:
      return fail(Code::kNotFound, "There is no such " + std::string(what) + ".");
    case Verdict::kForbidden:
      break;
  }
  return fail(Code::kForbidden, "You may not do this.");
}

}  // namespace oriel::api
