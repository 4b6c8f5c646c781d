#include "services/api/diagnostic_routes.h"

#include "libs/http/json_body.h"
#include "services/api/respond.h"

namespace oriel::api {

void DiagnosticRoutes::declare(Routes& router) {
  router.declare({"GET", "/api/v1/admin/diagnostics", "read_diagnostics"},
                 answering(this, &DiagnosticRoutes::look));
}

Async<Result<http::Response>> DiagnosticRoutes::look(http::Request) {
  auto page = co_await diagnostics_.look();
  co_return http::json_response(page);
}

}  // namespace oriel::api
