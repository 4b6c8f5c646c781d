#pragma once

#include "services/api/access.h"
#include "services/api/passwords.h"
#include "services/api/routes.h"

namespace oriel::api {

/// One's own account: its password and the devices where one is signed in.
class AccountRoutes {
 public:
  AccountRoutes(postgres::Database& database, Access& access, SignInThrottle& throttle, Passwords passwords);
  void declare(Routes& router);

 private:
  [[nodiscard]] Async<Result<http::Response>> devices(http::Request request);
  [[nodiscard]] Async<Result<http::Response>> end_devices(http::Request request);
  [[nodiscard]] Async<Result<http::Response>> change_password(http::Request request);

  postgres::Database& database_;
  Access& access_;
  SignInThrottle& throttle_;
  Passwords passwords_;
};

}  // namespace oriel::api
