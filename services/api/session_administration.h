#pragma once

#include "services/api/access.h"
#include "services/api/routes.h"

namespace oriel::api {

/// Everybody's sessions, for administrators: lists and history, one in all its details, messages, ends with a
/// reason, and views with the owner's notice.
class SessionAdministration {
 public:
  explicit SessionAdministration(postgres::Database& database);
  void declare(Routes& router);

 private:
  [[nodiscard]] Async<Result<http::Response>> list(http::Request request);
  [[nodiscard]] Async<Result<http::Response>> read(http::Request request);
  [[nodiscard]] Async<Result<http::Response>> message(http::Request request);
  [[nodiscard]] Async<Result<http::Response>> end(http::Request request);
  [[nodiscard]] Async<Result<http::Response>> watch(http::Request request);

  postgres::Database& database_;
};

}  // namespace oriel::api
