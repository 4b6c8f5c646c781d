#pragma once

#include "libs/store/sessions.h"
#include "services/api/access.h"
#include "services/api/routes.h"
#include "services/api/web_files.h"

namespace oriel::api {

/// A user's sessions: start, look, keep alive, end.
class SessionRoutes {
 public:
  SessionRoutes(postgres::Database& database, WebFiles const& files);
  void declare(Routes& router);

 private:
  [[nodiscard]] Async<Result<http::Response>> list(http::Request request);
  [[nodiscard]] Async<Result<http::Response>> start(http::Request request);
  [[nodiscard]] Async<Result<http::Response>> read(http::Request request);
  [[nodiscard]] Async<Result<http::Response>> end(http::Request request);
  [[nodiscard]] Async<Result<http::Response>> keep_alive(http::Request request);
  [[nodiscard]] Async<Result<http::Response>> acknowledge(http::Request request);

  /// The session of the path when the subject may do that with it; kNotFound alike for absent and somebody
  /// else's.
  [[nodiscard]] Async<Result<store::Session>> find_allowed(http::Request const& request,
                                                           domain::Action action);

  postgres::Database& database_;
  WebFiles const& files_;
};

}  // namespace oriel::api
