#pragma once

#include "services/api/access.h"
#include "services/api/routes.h"

namespace oriel::api {

/// The audit, page by page, and as a file.
class AuditRoutes {
 public:
  explicit AuditRoutes(postgres::Database& database);
  void declare(Routes& router);

 private:
  [[nodiscard]] Async<Result<http::Response>> list(http::Request request);
  [[nodiscard]] Async<Result<http::Response>> export_file(http::Request request);

  postgres::Database& database_;
};

}  // namespace oriel::api
