#pragma once

#include "services/api/access.h"
#include "services/api/routes.h"

namespace oriel::api {

/// The workspaces that somebody may start, and their icons.
class WorkspaceRoutes {
 public:
  explicit WorkspaceRoutes(postgres::Database& database);
  void declare(Routes& router);

 private:
  [[nodiscard]] Async<Result<http::Response>> list(http::Request request);
  [[nodiscard]] Async<Result<http::Response>> icon(http::Request request);

  postgres::Database& database_;
};

}  // namespace oriel::api
