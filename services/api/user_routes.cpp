#include "services/api/user_routes.h"

#include <algorithm>

#include <boost/describe/class.hpp>

#include "libs/base/text.h"
#include "libs/domain/password_policy.h"
#include "libs/http/json_body.h"
#include "libs/store/devices.h"
#include "libs/store/user_administration.h"
#include "libs/store/user_list.h"
#include "services/api/list_query.h"
#include "services/api/respond.h"
#include "services/api/user_views.h"

namespace oriel::api {
namespace {

using domain::Action;

constexpr http::RouteLimits kSmall{.body_bytes = 16 * 1024};
constexpr std::size_t kUsernameBytes = 128;
constexpr std::size_t kNameBytes = 128;
constexpr std::size_t kGroups = 64;
/// Typed from a screen once, and changed then: 20 characters without look-alikes.
constexpr std::size_t kGeneratedCharacters = 20;

struct CreateBody {
  static constexpr bool kAbsentKeepsDefault = true;
  std::string username{};
  std::string first_name{};
  std::string last_name{};
  std::vector<GroupId> groups{};
  std::optional<std::string> password{};  ///< absent: one is made
  bool must_change_password = false;
};
BOOST_DESCRIBE_STRUCT(CreateBody, (),
                      (username, first_name, last_name, groups, password, must_change_password))

struct EditBody {
  std::optional<std::string> first_name{};
  std::optional<std::string> last_name{};
  std::optional<std::vector<GroupId>> groups{};
};
BOOST_DESCRIBE_STRUCT(EditBody, (), (first_name, last_name, groups))

struct ResetBody {
  static constexpr bool kAbsentKeepsDefault = true;
  std::optional<std::string> password{};
  bool must_change_password = true;
};
BOOST_DESCRIBE_STRUCT(ResetBody, (), (password, must_change_password))

struct EndBody {
  std::optional<SignInId> device{};
};
BOOST_DESCRIBE_STRUCT(EndBody, (), (device))

bool has_control_characters(std::string_view text) {
  return std::ranges::any_of(text, [](char byte) {
    auto const value = static_cast<unsigned char>(byte);
    return value < 0x20 || value == 0x7f;
  });
}

void check_username(std::string const& username, std::vector<FieldError>& faults) {
  if (username.empty()) {
    faults.push_back({"/username", "Give a name to sign in with."});
  } else if (username.size() > kUsernameBytes) {
    faults.push_back({"/username", "Use at most " + std::to_string(kUsernameBytes) + " bytes."});
  } else if (has_control_characters(username) || username.find_first_of(" :/\\") != std::string::npos) {
    faults.push_back({"/username", "Use letters, digits and signs, without spaces, colons and slashes."});
  }
}

void check_name(std::string const& name, std::string pointer, std::vector<FieldError>& faults) {
  if (name.size() > kNameBytes) {
    faults.push_back({std::move(pointer), "Use at most " + std::to_string(kNameBytes) + " bytes."});
  } else if (has_control_characters(name)) {
    faults.push_back({std::move(pointer), "Use letters and signs on one line."});
  }
}

void check_groups(std::vector<GroupId> const& groups, std::vector<FieldError>& faults) {
  if (groups.size() > kGroups)
    faults.push_back({"/groups", "Choose at most " + std::to_string(kGroups) + " groups."});
}

/// kConflict for what people must not do to themselves: they would lock themselves out.
Result<> not_oneself(http::Request const& request, UserId user, std::string_view what) {
  if (identity_of(request).subject.user != user) return {};
  return fail(Code::kConflict, "You cannot " + std::string(what) + " yourself. Another administrator can.");
}

struct Password {
  std::string text{};
  bool generated = false;
};

/// The given one after a look at the policy, or a new one.
Result<Password> password_for(std::optional<std::string> const& given, std::string_view username,
                              std::vector<FieldError> faults = {}) {
  if (given) {
    auto fault = domain::password_fault(*given, username);
    if (fault) faults.push_back({"/password", std::move(*fault)});
  }
  if (!faults.empty()) return Error{Code::kInvalid, "The user cannot be made so.", std::move(faults)};
  if (given) return Password{*given, false};
  return Password{random_password(kGeneratedCharacters), true};
}

/// Null for a password that the administrator chose: they know it.
json::Value shown_once(Password const& password) {
  if (!password.generated) return nullptr;
  return json::Value(password.text);
}

Result<store::UserFilter> filter_of(http::Request const& request) {
  store::UserFilter filter;
  ListQuery query(request);
  query.text("q", filter.text);
  query.text("cursor", filter.cursor);
  query.limit(filter.limit);
  query.take("state", [&filter](std::string const& value) {
    filter.state = store::parse_user_state(value);
    return filter.state ? std::string() : "active, disabled or locked";
  });
  query.take("group", [&filter](std::string const& value) {
    filter.group = GroupId::parse(value);
    return filter.group ? std::string() : "an id of 32 hex digits";
  });
  auto good = query.check();
  if (!good) return good.error();
  return filter;
}

}  // namespace

UserRoutes::UserRoutes(postgres::Database& database, SignInThrottle& throttle, Passwords passwords)
    : database_(database), throttle_(throttle), passwords_(passwords) {}

void UserRoutes::declare(Routes& router) {
  router.declare({"GET", "/api/v1/admin/users", "list_users"}, answering(this, &UserRoutes::list));
  router.declare({"GET", "/api/v1/admin/groups", "list_users"}, answering(this, &UserRoutes::groups));
  router.declare({"POST", "/api/v1/admin/users", "create_user"}, kSmall,
                 answering(this, &UserRoutes::create));
  router.declare({"GET", "/api/v1/admin/users/{id}", "read_user"}, answering(this, &UserRoutes::read));
  router.declare({"PATCH", "/api/v1/admin/users/{id}", "edit_user"}, kSmall,
                 answering(this, &UserRoutes::edit));
  router.declare({"DELETE", "/api/v1/admin/users/{id}", "delete_user"}, kSmall,
                 answering(this, &UserRoutes::remove));
  router.declare({"POST", "/api/v1/admin/users/{id}/disable", "disable_user"}, kSmall,
                 answering(this, &UserRoutes::disable));
  router.declare({"POST", "/api/v1/admin/users/{id}/enable", "enable_user"}, kSmall,
                 answering(this, &UserRoutes::enable));
  router.declare({"POST", "/api/v1/admin/users/{id}/unlock", "unlock_user"}, kSmall,
                 answering(this, &UserRoutes::unlock));
  router.declare({"POST", "/api/v1/admin/users/{id}/password", "reset_password"}, kSmall,
                 answering(this, &UserRoutes::reset_password));
  router.declare({"GET", "/api/v1/admin/users/{id}/devices", "read_user"},
                 answering(this, &UserRoutes::devices));
  router.declare({"POST", "/api/v1/admin/users/{id}/end-devices", "end_user_devices"}, kSmall,
                 answering(this, &UserRoutes::end_devices));
}

Async<Result<store::ListedUser>> UserRoutes::find(http::Request const& request, Action action) {
  auto const id = UserId::parse(request.parameter("id"));
  if (!id) co_return fail(Code::kNotFound, "There is no such user.");
  auto found = co_await store::find_listed_user(database_, *id);
  if (!found) co_return found.error();
  if (!*found) co_return fail(Code::kNotFound, "There is no such user.");
  domain::Object object;
  object.administrator = (*found)->administrator;
  auto allowed = require(request, action, object, "user");
  if (!allowed) co_return allowed.error();
  co_return std::move(**found);
}

Async<Result<http::Response>> UserRoutes::show(UserId user) {
  auto found = co_await store::find_listed_user(database_, user);
  if (!found) co_return found.error();
  if (!*found) co_return fail(Code::kNotFound, "There is no such user.");
  co_return http::json_response(user_view(**found));
}

Async<Result<bool>> UserRoutes::makes_administrators(std::vector<GroupId> groups) {
  auto all = co_await store::list_groups(database_);
  if (!all) co_return all.error();
  co_return std::ranges::any_of(*all, [&groups](store::Group const& group) {
    return group.administrators && std::ranges::find(groups, group.id) != groups.end();
  });
}

Async<Result<http::Response>> UserRoutes::list(http::Request request) {
  auto filter = filter_of(request);
  if (!filter) co_return filter.error();
  auto page = co_await store::list_user_page(database_, std::move(*filter));
  if (!page) co_return page.error();
  json::Array views;
  for (auto const& user : page->users) views.push_back(user_view(user));
  co_return http::json_response(json::Object{{"users", std::move(views)},
                                             {"total", page->total},
                                             {"previous_cursor", cursor_view(page->previous_cursor)},
                                             {"next_cursor", cursor_view(page->next_cursor)}});
}

Async<Result<http::Response>> UserRoutes::groups(http::Request) {
  auto groups = co_await store::list_groups(database_);
  if (!groups) co_return groups.error();
  json::Array views;
  for (auto const& group : *groups) views.push_back(group_view(group));
  co_return http::json_response(json::Object{{"groups", std::move(views)}});
}

Async<Result<http::Response>> UserRoutes::read(http::Request request) {
  auto user = co_await find(request, Action::kReadUser);
  if (!user) co_return user.error();
  auto view = user_view(*user);
  auto const paused = co_await throttle_.paused(store::username_key(user->user.username));
  view["sign_in_paused_seconds"] = paused.count();
  co_return http::json_response(view);
}

Async<Result<http::Response>> UserRoutes::create(http::Request request) {
  auto body = http::read_json_body<CreateBody>(request);
  if (!body) co_return body.error();
  body->username = std::string(trim(body->username));
  std::vector<FieldError> faults;
  check_username(body->username, faults);
  check_name(body->first_name, "/first_name", faults);
  check_name(body->last_name, "/last_name", faults);
  check_groups(body->groups, faults);
  auto password = password_for(body->password, body->username, std::move(faults));
  if (!password) co_return password.error();

  domain::Object object;
  auto administrators = co_await makes_administrators(body->groups);
  if (!administrators) co_return administrators.error();
  object.administrator = *administrators;
  auto allowed = require(request, Action::kCreateUser, object, "user");
  if (!allowed) co_return allowed.error();

  auto hash = co_await passwords_.hash(password->text);
  if (!hash) co_return hash.error();
  store::UserToCreate user{std::move(body->username),
                           std::string(trim(body->first_name)),
                           std::string(trim(body->last_name)),
                           std::move(body->groups),
                           std::move(*hash),
                           body->must_change_password};
  auto made = co_await store::create_user(database_, std::move(user), identity_of(request).actor());
  if (!made) co_return made.error();
  auto listed = co_await store::find_listed_user(database_, *made);
  if (!listed) co_return listed.error();
  if (!*listed) co_return fail(Code::kConflict, "The user was deleted at once.");
  auto response = http::json_response(
      json::Object{{"user", user_view(**listed)}, {"password", shown_once(*password)}}, 201);
  response.headers.set("Location", "/api/v1/admin/users/" + made->text());
  co_return response;
}

Async<Result<http::Response>> UserRoutes::edit(http::Request request) {
  auto body = http::read_json_body<EditBody>(request);
  if (!body) co_return body.error();
  auto user = co_await find(request, Action::kEditUser);
  if (!user) co_return user.error();
  std::vector<FieldError> faults;
  if (body->first_name) check_name(*body->first_name, "/first_name", faults);
  if (body->last_name) check_name(*body->last_name, "/last_name", faults);
  if (body->groups) check_groups(*body->groups, faults);
  if (!faults.empty()) co_return Error{Code::kInvalid, "The user cannot be changed so.", std::move(faults)};

  if (body->groups) {
    auto administrators = co_await makes_administrators(*body->groups);
    if (!administrators) co_return administrators.error();
    domain::Object object;
    object.administrator = *administrators;
    auto allowed = require(request, Action::kEditUser, object, "user");
    if (!allowed) co_return allowed.error();
    if (user->administrator && !*administrators) {
      auto other = not_oneself(request, user->user.id, "take administration from");
      if (!other) co_return other.error();
    }
  }
  store::UserChanges changes{std::move(body->first_name), std::move(body->last_name),
                             std::move(body->groups)};
  auto edited =
      co_await store::edit_user(database_, user->user.id, std::move(changes), identity_of(request).actor());
  if (!edited) co_return edited.error();
  auto shown = co_await show(user->user.id);
  co_return shown;
}

Async<Result<http::Response>> UserRoutes::disable(http::Request request) {
  auto user = co_await find(request, Action::kDisableUser);
  if (!user) co_return user.error();
  auto other = not_oneself(request, user->user.id, "disable");
  if (!other) co_return other.error();
  auto disabled = co_await store::disable_user(database_, user->user.id, identity_of(request).actor());
  if (!disabled) co_return disabled.error();
  auto shown = co_await show(user->user.id);
  co_return shown;
}

Async<Result<http::Response>> UserRoutes::enable(http::Request request) {
  auto user = co_await find(request, Action::kEnableUser);
  if (!user) co_return user.error();
  auto enabled = co_await store::enable_user(database_, user->user.id, identity_of(request).actor());
  if (!enabled) co_return enabled.error();
  auto shown = co_await show(user->user.id);
  co_return shown;
}

Async<Result<http::Response>> UserRoutes::unlock(http::Request request) {
  auto user = co_await find(request, Action::kUnlockUser);
  if (!user) co_return user.error();
  auto unlocked = co_await store::unlock_user(database_, user->user.id, identity_of(request).actor());
  if (!unlocked) co_return unlocked.error();
  co_await throttle_.forget(store::username_key(user->user.username));
  auto shown = co_await show(user->user.id);
  co_return shown;
}

Async<Result<http::Response>> UserRoutes::reset_password(http::Request request) {
  auto body = http::read_json_body<ResetBody>(request);
  if (!body) co_return body.error();
  auto user = co_await find(request, Action::kResetPassword);
  if (!user) co_return user.error();
  if (identity_of(request).subject.user == user->user.id) {
    co_return fail(Code::kConflict,
                   "Change your own password in your account, where the present one is asked for.");
  }
  auto password = password_for(body->password, user->user.username);
  if (!password) co_return password.error();
  auto hash = co_await passwords_.hash(password->text);
  if (!hash) co_return hash.error();
  store::NewPassword stored{std::move(*hash), body->must_change_password};
  auto reset = co_await store::reset_password(database_, user->user.id, std::move(stored),
                                              identity_of(request).actor());
  if (!reset) co_return reset.error();
  co_return http::json_response(json::Object{{"password", shown_once(*password)}});
}

Async<Result<http::Response>> UserRoutes::remove(http::Request request) {
  auto user = co_await find(request, Action::kDeleteUser);
  if (!user) co_return user.error();
  auto other = not_oneself(request, user->user.id, "delete");
  if (!other) co_return other.error();
  auto ending = co_await store::delete_user(database_, user->user.id, identity_of(request).actor());
  if (!ending) co_return ending.error();
  co_return http::json_response(json::Object{{"sessions", ending->size()}});
}

Async<Result<http::Response>> UserRoutes::devices(http::Request request) {
  auto user = co_await find(request, Action::kReadUser);
  if (!user) co_return user.error();
  auto devices =
      co_await store::list_devices(database_, user->user.id, identity_of(request).sign_in->token_hash);
  if (!devices) co_return devices.error();
  json::Array views;
  for (auto const& device : *devices) views.push_back(device_view(device));
  co_return http::json_response(json::Object{{"devices", std::move(views)}});
}

Async<Result<http::Response>> UserRoutes::end_devices(http::Request request) {
  auto body = http::read_json_body<EndBody>(request);
  if (!body) co_return body.error();
  auto user = co_await find(request, Action::kEndUserDevices);
  if (!user) co_return user.error();
  auto const& identity = identity_of(request);
  store::DevicesToEnd devices{user->user.id, body->device, {}};
  // Of one's own, the one at hand is ended by signing out.
  if (identity.subject.user == user->user.id) devices.kept_token_hash = identity.sign_in->token_hash;
  auto ended = co_await store::end_devices(database_, std::move(devices), identity.actor());
  if (!ended) co_return ended.error();
  co_return http::json_response(json::Object{{"ended", *ended}});
}

}  // namespace oriel::api
