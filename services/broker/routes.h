#pragma once

#include "libs/http/router.h"
#include "services/broker/configuration.h"
#include "services/broker/events.h"
#include "services/broker/firewall.h"
#include "services/broker/images.h"
#include "services/broker/sessions.h"

namespace oriel::broker {

/// The parts that answer requests; all outlive the router.
struct Parts {
  Configuration const& configuration;
  docker::Engine& engine;
  Firewall& firewall;
  Runtimes& runtimes;
  Sessions& sessions;
  Images& images;
  Events& events;
};

/// protocol/broker, and live and ready. Only the agent's and root's processes are answered.
[[nodiscard]] http::Router make_router(Parts parts);

}  // namespace oriel::broker
