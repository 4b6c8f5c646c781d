#pragma once

#include "services/api/access.h"
#include "services/api/routes.h"
#include "services/api/stream_target.h"

namespace oriel::api {

/// `/internal/authorize`: the proxy asks before it passes a WebSocket to a session.
class StreamAuthorization {
 public:
  StreamAuthorization(postgres::Database& database, Access& access, std::string home);
  void declare(Routes& router);

 private:
  [[nodiscard]] Async<Result<http::Response>> authorize(http::Request request);

  postgres::Database& database_;
  Access& access_;
  std::string home_;
};

}  // namespace oriel::api
