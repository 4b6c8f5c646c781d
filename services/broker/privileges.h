#pragma once

#include <string>

#include <sys/types.h>

#include "libs/base/result.h"

namespace oriel::broker {

/// Gives up root for `user` (uid = gid), keeping NET_ADMIN alone, as an ambient capability that nft inherits,
/// and the groups of the Docker socket and of the agent. File capabilities would not do: the container has
/// no-new-privileges. Does nothing when not started as root. Before threads start.
[[nodiscard]] Result<> become_broker(uid_t user, gid_t agent_group, std::string const& docker_socket);

}  // namespace oriel::broker
