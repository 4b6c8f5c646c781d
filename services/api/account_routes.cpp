#include "services/api/account_routes.h"

#include <boost/describe/class.hpp>

#include "libs/base/text.h"
#include "libs/domain/password_policy.h"
#include "libs/http/json_body.h"
#include "libs/store/devices.h"
#include "libs/store/user_administration.h"
#include "services/api/respond.h"
#include "services/api/sign_in_cookie.h"
#include "services/api/user_views.h"

namespace oriel::api {
namespace {

struct EndBody {
  std::optional<SignInId> device{};
};
BOOST_DESCRIBE_STRUCT(EndBody, (), (device))

struct PasswordBody {
  std::string current_password{};
  std::string new_password{};
};
BOOST_DESCRIBE_STRUCT(PasswordBody, (), (current_password, new_password))

constexpr http::RouteLimits kSmall{.body_bytes = 16 * 1024};

}  // namespace

AccountRoutes::AccountRoutes(postgres::Database& database, Access& access, SignInThrottle& throttle,
                             Passwords passwords)
    : database_(database), access_(access), throttle_(throttle), passwords_(passwords) {}

void AccountRoutes::declare(Routes& router) {
  router.declare({"GET", "/api/v1/me/devices", "list_own_devices"}, answering(this, &AccountRoutes::devices));
  router.declare({"POST", "/api/v1/me/end-devices", "end_own_devices"}, kSmall,
                 answering(this, &AccountRoutes::end_devices));
  router.declare({"POST", "/api/v1/me/password", "change_own_password"}, kSmall,
                 answering(this, &AccountRoutes::change_password));
}

Async<Result<http::Response>> AccountRoutes::devices(http::Request request) {
  auto const& identity = identity_of(request);
  auto devices = co_await store::list_devices(database_, identity.subject.user, identity.sign_in->token_hash);
  if (!devices) co_return devices.error();
  json::Array views;
  for (auto const& device : *devices) views.push_back(device_view(device));
  co_return http::json_response(json::Object{{"devices", std::move(views)}});
}

Async<Result<http::Response>> AccountRoutes::end_devices(http::Request request) {
  auto body = http::read_json_body<EndBody>(request);
  if (!body) co_return body.error();
  auto const& identity = identity_of(request);
  // The one at hand is ended by signing out.
  store::DevicesToEnd devices{identity.subject.user, body->device, identity.sign_in->token_hash};
  auto ended = co_await store::end_devices(database_, std::move(devices), identity.actor());
  if (!ended) co_return ended.error();
  co_return http::json_response(json::Object{{"ended", *ended}});
}

Async<Result<http::Response>> AccountRoutes::change_password(http::Request request) {
  auto body = http::read_json_body<PasswordBody>(request);
  if (!body) co_return body.error();
  auto const& identity = identity_of(request);
  auto const username = identity.sign_in->account.user.username;
  auto const key = store::username_key(username);

  // Whoever found an open browser may guess no faster here than at the door.
  auto wait = co_await throttle_.begin(key, identity.address);
  if (wait.count() > 0) co_return slow_down(wait, request.id);
  auto account = co_await store::find_account_by_username(database_, username);
  if (!account) co_return account.error();
  std::optional<std::string> present;
  if (*account) present = (*account)->password_hash;
  // What is longer than any password costs no more than one.
  if (body->current_password.size() > limits::kPasswordBytes) body->current_password.clear();
  auto good = co_await passwords_.verify(std::move(present), body->current_password);
  if (!good) co_return good.error();
  if (!*good) {
    co_return Error{Code::kForbidden,
                    "The present password is wrong.",
                    {{"/current_password", "This is not your present password."}}};
  }
  co_await throttle_.succeeded(key, identity.address);

  auto fault = domain::password_fault(body->new_password, username);
  if (!fault && body->new_password == body->current_password)
    fault = "This is the password that you have. Choose another.";
  if (fault) {
    co_return Error{Code::kInvalid, "The new password cannot be used.", {{"/new_password", *fault}}};
  }
  auto hash = co_await passwords_.hash(body->new_password);
  if (!hash) co_return hash.error();

  auto token = random_token();
  store::NewSignIn sign_in;
  sign_in.token_hash = access_.token_hash(token);
  sign_in.user = identity.subject.user;
  sign_in.address = identity.address;
  sign_in.user_agent = to_utf8(request.headers.get("user-agent").value_or(""), 256);
  auto changed = co_await store::change_own_password(database_, identity.subject.user, *hash,
                                                     std::move(sign_in), identity.actor());
  if (!changed) co_return changed.error();
  auto response = http::no_content();
  give_cookie(response, std::move(token), store::kSignInAbsolute);
  co_return response;
}

}  // namespace oriel::api
