#pragma once

#include "libs/async/async.h"
#include "libs/base/result.h"
#include "libs/docker/engine.h"
#include "protocol/broker/messages.h"
#include "services/broker/policy.h"
#include "services/broker/runtimes.h"

namespace oriel::broker {

/// What GET /v1/host says: the engine's own report, the kernel's files, and the runtime trees.
[[nodiscard]] Async<Result<protocol::broker::Host>> host_report(docker::Engine& engine,
                                                                Runtimes const& runtimes, Policy policy);

/// Whether an unprivileged process of this kernel may make a user namespace, which browsers' own sandboxes
/// need. By the kernel's switches: max_user_namespaces, Debian's unprivileged_userns_clone, AppArmor's
/// restriction. Reads /proc.
[[nodiscard]] bool user_namespaces_allowed();

}  // namespace oriel::broker
