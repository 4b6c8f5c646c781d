#pragma once

#include "libs/store/user_list.h"
#include "services/api/access.h"
#include "services/api/passwords.h"
#include "services/api/routes.h"

namespace oriel::api {

/// Administration of users: the list, one user with their devices, and every act on them.
class UserRoutes {
 public:
  UserRoutes(postgres::Database& database, SignInThrottle& throttle, Passwords passwords);
  void declare(Routes& router);

 private:
  [[nodiscard]] Async<Result<http::Response>> list(http::Request request);
  [[nodiscard]] Async<Result<http::Response>> groups(http::Request request);
  [[nodiscard]] Async<Result<http::Response>> read(http::Request request);
  [[nodiscard]] Async<Result<http::Response>> create(http::Request request);
  [[nodiscard]] Async<Result<http::Response>> edit(http::Request request);
  [[nodiscard]] Async<Result<http::Response>> disable(http::Request request);
  [[nodiscard]] Async<Result<http::Response>> enable(http::Request request);
  [[nodiscard]] Async<Result<http::Response>> unlock(http::Request request);
  [[nodiscard]] Async<Result<http::Response>> reset_password(http::Request request);
  [[nodiscard]] Async<Result<http::Response>> remove(http::Request request);
  [[nodiscard]] Async<Result<http::Response>> devices(http::Request request);
  [[nodiscard]] Async<Result<http::Response>> end_devices(http::Request request);

  /// The user that the path names, once it is decided that the action may be done to them.
  [[nodiscard]] Async<Result<store::ListedUser>> find(http::Request const& request, domain::Action action);
  /// The user as the list shows them now.
  [[nodiscard]] Async<Result<http::Response>> show(UserId user);
  /// Whether one of the groups makes its members administrators.
  [[nodiscard]] Async<Result<bool>> makes_administrators(std::vector<GroupId> groups);

  postgres::Database& database_;
  SignInThrottle& throttle_;
  Passwords passwords_;
};

}  // namespace oriel::api
