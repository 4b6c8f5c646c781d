#pragma once

#include "libs/async/worker_pool.h"
#include "services/api/access.h"
#include "services/api/routes.h"

namespace oriel::api {

/// Sign-in, sign-out, `me`, and the exchange of a connect link for a sign-in.
class SignInRoutes {
 public:
  /// `hashing` runs argon2id: 20 ms and 19 MiB each, so its threads and queue bound a storm of sign-ins.
  SignInRoutes(postgres::Database& database, Access& access, SignInThrottle& throttle, WorkerPool& hashing,
               std::string instance);
  void declare(Routes& router);

 private:
  [[nodiscard]] Async<Result<http::Response>> sign_in(http::Request request);
  [[nodiscard]] Async<Result<http::Response>> sign_out(http::Request request);
  [[nodiscard]] Async<Result<http::Response>> me(http::Request request);
  [[nodiscard]] Async<Result<http::Response>> exchange(http::Request request);

  [[nodiscard]] Async<Result<bool>> check_password(store::Account const* account, std::string password);

  postgres::Database& database_;
  Access& access_;
  SignInThrottle& throttle_;
  WorkerPool& hashing_;
  std::string instance_;
};

}  // namespace oriel::api
