#pragma once

#include "services/api/access.h"
#include "services/api/routes.h"

namespace oriel::api {

/// The registered workspaces, for administrators.
class AdminRoutes {
 public:
  explicit AdminRoutes(postgres::Database& database);
  void declare(Routes& router);

 private:
  [[nodiscard]] Async<Result<http::Response>> workspaces(http::Request request);

  postgres::Database& database_;
};

}  // namespace oriel::api
