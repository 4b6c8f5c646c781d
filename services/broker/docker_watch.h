#pragma once

#include "libs/async/async.h"
#include "libs/async/service.h"
#include "libs/docker/engine.h"

namespace oriel::broker {

/// Ends the process when nobody has answered on the Docker socket for a second. The socket's file is mounted
/// into our container, and a daemon that starts again makes a new one: Docker then restarts us with it.
[[nodiscard]] Async<> watch_docker(Service& service, docker::Engine& engine);

/// Loads the firewall table again, within seconds, should somebody remove it while sessions run.
[[nodiscard]] Async<> watch_firewall(class Firewall& firewall);

}  // namespace oriel::broker
