#pragma once

#include "services/api/access.h"
#include "services/api/routes.h"

namespace oriel::api {

/// A stream's address as the browser sent it: `/sessions/<32 hex>/display?viewer=<32 hex>…`.
struct StreamTarget {
  SessionId session{};
  std::string route{};   ///< display, input or clipboard
  std::string viewer{};  ///< 32 lower-case hex digits
};
/// Reads the raw target, letter by letter: what could be read in two ways is refused.
[[nodiscard]] std::optional<StreamTarget> parse_stream_target(std::string_view target);

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
