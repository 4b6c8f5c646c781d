#include "services/api/sign_in_routes.h"

#include <boost/describe/class.hpp>

#include "libs/base/log.h"
#include "libs/base/text.h"
#include "libs/http/json_body.h"
#include "libs/store/devices.h"
#include "services/api/respond.h"
#include "services/api/sign_in_cookie.h"
#include "services/api/views.h"

namespace oriel::api {
namespace {

struct SignInBody {
  std::string username{};
  std::string password{};
};
BOOST_DESCRIBE_STRUCT(SignInBody, (), (username, password))

struct ExchangeBody {
  std::string token{};
};
BOOST_DESCRIBE_STRUCT(ExchangeBody, (), (token))

constexpr http::RouteLimits kSmall{.body_bytes = 16 * 1024};
constexpr std::size_t kUsernameBytes = 256;

/// The same words for every failure: they tell nobody whether the account exists.
Error wrong() { return fail(Code::kUnauthenticated, "The user name or the password is wrong."); }

}  // namespace

SignInRoutes::SignInRoutes(postgres::Database& database, Access& access, SignInThrottle& throttle,
                           Passwords passwords, std::string instance)
    : database_(database),
      access_(access),
      throttle_(throttle),
      passwords_(passwords),
      instance_(std::move(instance)) {}

void SignInRoutes::declare(Routes& router) {
  router.declare({"POST", "/api/v1/sign-in", "sign_in"}, kSmall, answering(this, &SignInRoutes::sign_in));
  router.declare({"POST", "/api/v1/exchange", "sign_in"}, kSmall, answering(this, &SignInRoutes::exchange));
  router.declare({"POST", "/api/v1/sign-out", "sign_out"}, kSmall, answering(this, &SignInRoutes::sign_out));
  router.declare({"GET", "/api/v1/me", "read_own_profile"}, answering(this, &SignInRoutes::me));
}

Async<Result<http::Response>> SignInRoutes::sign_in(http::Request request) {
  auto body = http::read_json_body<SignInBody>(request);
  if (!body) co_return body.error();
  auto const address = client_address(request);
  auto const name = store::username_key(body->username);
  if (name.empty() || name.size() > kUsernameBytes || body->password.empty() ||
      body->password.size() > limits::kPasswordBytes) {
    co_return wrong();
  }

  auto wait = co_await throttle_.begin(name, address);
  if (wait.count() > 0) co_return slow_down(wait, request.id);

  auto found = co_await store::find_account_by_username(database_, name);
  if (!found) co_return found.error();
  auto const* const account = *found ? &**found : nullptr;
  std::optional<std::string> present;
  if (account != nullptr) present = account->password_hash;
  auto good = co_await passwords_.verify(present, body->password);
  if (!good) co_return good.error();

  if (!*good || account == nullptr || account->user.locked || account->user.disabled) {
    store::AuditEntry entry;
    entry.actor = {"anonymous", std::nullopt, address, request.id};
    entry.action = "sign_in";
    entry.object_kind = "user";
    entry.result = "refused";
    entry.reason = account == nullptr     ? "unknown_user"
                   : !*good               ? "wrong_password"
                   : account->user.locked ? "locked"
                                          : "disabled";
    // The name as typed may be a password in the wrong field: only known names are written down.
    if (account != nullptr) entry.object_id = account->user.id.text();
    auto recorded = co_await store::record_audit(database_, std::move(entry));
    if (!recorded) log::warning("a failed sign-in is not in the audit", {{"error", recorded.error()}});
    co_return wrong();
  }
  co_await throttle_.succeeded(name, address);

  if (crypto::needs_rehash(*account->password_hash)) {
    auto hash = co_await passwords_.hash(body->password);
    if (hash) {
      present = *hash;
      auto stored = co_await store::set_password_hash(database_, account->user.id, *hash);
      if (!stored) log::warning("a password keeps its old hash", {{"error", stored.error()}});
    }
  }

  // A sign-in is always a new token; whatever the browser had before is of no use afterwards.
  if (auto const before = request.cookie(kCookie)) {
    auto ended = co_await store::end_sign_in(database_, access_.token_hash(*before));
    if (!ended) co_return ended.error();
  }
  auto token = random_token();
  store::NewSignIn sign_in;
  sign_in.token_hash = access_.token_hash(token);
  sign_in.user = account->user.id;
  sign_in.address = address;
  sign_in.user_agent = to_utf8(request.headers.get("user-agent").value_or(""), 256);
  sign_in.request_id = request.id;
  sign_in.password_hash = present;
  auto created = co_await store::create_sign_in(database_, std::move(sign_in));
  if (!created) co_return created.error();

  auto response = http::json_response(me_view(*account, instance_));
  give_cookie(response, std::move(token), store::kSignInAbsolute);
  co_return response;
}

Async<Result<http::Response>> SignInRoutes::sign_out(http::Request request) {
  auto const& identity = identity_of(request);
  auto ended = co_await store::sign_out(database_, identity.subject.user, identity.sign_in->token_hash,
                                        identity.actor());
  if (!ended) co_return ended.error();
  auto response = http::no_content();
  give_cookie(response, "", std::chrono::seconds(0));
  co_return response;
}

Async<Result<http::Response>> SignInRoutes::me(http::Request request) {
  co_return http::json_response(me_view(identity_of(request).sign_in->account, instance_));
}

Async<Result<http::Response>> SignInRoutes::exchange(http::Request request) {
  auto body = http::read_json_body<ExchangeBody>(request);
  if (!body) co_return body.error();
  auto const address = client_address(request);
  if (body->token.size() < 40 || body->token.size() > 128) {
    co_return fail(Code::kUnauthenticated, "This link has been used or has expired. Ask for a new one.");
  }
  auto token = random_token();
  store::NewSignIn sign_in;
  sign_in.token_hash = access_.token_hash(token);
  sign_in.address = address;
  sign_in.user_agent = to_utf8(request.headers.get("user-agent").value_or(""), 256);
  sign_in.request_id = request.id;
  auto const new_hash = sign_in.token_hash;
  auto exchanged =
      co_await store::exchange_connect_token(database_, access_.token_hash(body->token), std::move(sign_in));
  if (!exchanged) co_return exchanged.error();

  auto account = co_await store::find_account(database_, exchanged->user);
  if (!account) co_return account.error();
  if (!*account) co_return fail(Code::kUnauthenticated, "This link's user is gone.");
  auto response = http::json_response(
      json::Object{{"session_id", exchanged->session.text()}, {"me", me_view(**account, instance_)}});

  // Somebody who is signed in already as that person keeps the wider sign-in.
  auto const& current = identity_of(request).sign_in;
  if (current && !current->bound_session && current->account.user.id == exchanged->user) {
    auto ended = co_await store::end_sign_in(database_, new_hash);
    if (!ended) co_return ended.error();
    co_return response;
  }
  if (current) {
    auto ended = co_await store::end_sign_in(database_, current->token_hash);
    if (!ended) co_return ended.error();
  }
  give_cookie(response, std::move(token), store::kSignInAbsolute);
  co_return response;
}

}  // namespace oriel::api
