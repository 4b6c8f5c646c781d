#pragma once

#include "services/api/access.h"
#include "services/api/passwords.h"
#include "services/api/routes.h"

namespace oriel::api {

/// Sign-in, sign-out, `me`, and the exchange of a connect link for a sign-in.
class SignInRoutes {
 public:
  SignInRoutes(postgres::Database& database, Access& access, SignInThrottle& throttle, Passwords passwords,
               std::string instance);
  void declare(Routes& router);

 private:
  [[nodiscard]] Async<Result<http::Response>> sign_in(http::Request request);
  [[nodiscard]] Async<Result<http::Response>> sign_out(http::Request request);
  [[nodiscard]] Async<Result<http::Response>> me(http::Request request);
  [[nodiscard]] Async<Result<http::Response>> exchange(http::Request request);

  postgres::Database& database_;
  Access& access_;
  SignInThrottle& throttle_;
  Passwords passwords_;
  std::string instance_;
};

}  // namespace oriel::api
