#pragma once

#include "services/api/access.h"
#include "services/api/event_hub.h"
#include "services/api/routes.h"

namespace oriel::api {

/// The event stream: what lives now, `ready`, then changes.
class EventRoutes {
 public:
  EventRoutes(postgres::Database& database, EventHub& hub);
  void declare(Routes& router);

 private:
  [[nodiscard]] Async<Result<http::Response>> events(http::Request request);

  postgres::Database& database_;
  EventHub& hub_;
};

}  // namespace oriel::api
