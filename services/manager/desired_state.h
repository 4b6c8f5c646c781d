#pragma once

#include <string>
#include <vector>

#include "libs/base/id.h"
#include "libs/base/result.h"
#include "libs/crypto/crypto.h"
#include "libs/store/images.h"
#include "libs/store/sessions.h"
#include "protocol/agent/messages.h"

/// What the database wants, in the words of the agent's channel. Pure.
namespace oriel::manager {

/// Ended and failed sessions, and those that should end, are `ended` for the agent: it takes away what is
/// left.
[[nodiscard]] Result<protocol::agent::DesiredSession> desired_of(store::Session const& session);

/// For a session that the agent has and we do not: it is to be ended.
[[nodiscard]] protocol::agent::DesiredSession end_of_stray(protocol::agent::ObservedSession const& observed);

/// Images that agents must hold. Images built on a host (pinned to an engine's id) are named but not pulled:
/// enabled = false.
[[nodiscard]] std::vector<protocol::agent::DesiredImage> desired_images(
    std::vector<store::Image> const& images, crypto::Key const& seal_key);

}  // namespace oriel::manager
