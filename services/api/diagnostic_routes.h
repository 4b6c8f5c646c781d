#pragma once

#include "services/api/diagnostics.h"
#include "services/api/routes.h"

namespace oriel::api {

/// The page of diagnostics.
class DiagnosticRoutes {
 public:
  explicit DiagnosticRoutes(Diagnostics& diagnostics) : diagnostics_(diagnostics) {}
  void declare(Routes& router);

 private:
  [[nodiscard]] Async<Result<http::Response>> look(http::Request request);

  Diagnostics& diagnostics_;
};

}  // namespace oriel::api
