#pragma once

#include "services/api/access.h"
#include "services/api/routes.h"

namespace oriel::api {

/// The hosts that run sessions, for administrators: what they have, drain, enable, labels, overrides,
/// removal.
class ServerAdministration {
 public:
  explicit ServerAdministration(postgres::Database& database);
  void declare(Routes& router);

 private:
  [[nodiscard]] Async<Result<http::Response>> list(http::Request request);
  [[nodiscard]] Async<Result<http::Response>> change(http::Request request);
  [[nodiscard]] Async<Result<http::Response>> remove(http::Request request);

  postgres::Database& database_;
};

}  // namespace oriel::api
