#pragma once

#include <chrono>
#include <functional>
#include <optional>
#include <string>

#include "cli/service_containers.h"
#include "libs/async/async.h"
#include "libs/docker/engine.h"

namespace oriel::cli {

/// Runs a command's coroutine to its end on a loop of its own; an exception becomes kInternal.
[[nodiscard]] Result<int> run_to_end(std::function<Async<Result<int>>(Executor)> work);

/// What became of a service's container.
enum class Change { kKept, kStarted, kReplaced, kCreated };

/// Makes the container be as specified and running: kept when its `oriel.spec` is the same, else replaced.
[[nodiscard]] Async<Result<Change>> ensure_container(docker::Engine& engine, ServiceContainer const& wanted);

/// Runs a container to its end and returns its output; kInternal, with the tail of its log, for another
/// status than 0.
[[nodiscard]] Async<Result<std::string>> run_one_shot(
    docker::Engine& engine, std::string name, json::Object spec,
    std::chrono::seconds deadline = std::chrono::minutes(3));

/// What GET /ready says of a service on its unix socket.
struct Readiness {
  bool ready = false;
  std::string missing{};  ///< in words, when not ready
  std::string version{};
};
[[nodiscard]] Async<Readiness> readiness(Executor executor, std::string socket);

}  // namespace oriel::cli
