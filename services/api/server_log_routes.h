#pragma once

#include <cstddef>
#include <memory>

#include "libs/async/event.h"
#include "services/api/access.h"
#include "services/api/routes.h"

namespace oriel::api {

/// The agent's own log, as server-sent events while the page is open: `line {at, level, message, fields}`,
/// `state {connected}`. What an agent says is shown as text and believed in nothing.
class ServerLogRoutes {
 public:
  ServerLogRoutes(Executor executor, postgres::Database& database);
  void declare(Routes& router);
  /// Open logs end soon.
  void stop() { stopping_.set(); }

 private:
  [[nodiscard]] Async<Result<http::Response>> log(http::Request request);

  postgres::Database& database_;
  Event stopping_;
  std::shared_ptr<std::size_t> open_ = std::make_shared<std::size_t>(0);
};

/// One line of an agent's log, read leniently: what is no JSON object is its own message.
[[nodiscard]] json::Object log_line_view(std::string_view line);

}  // namespace oriel::api
