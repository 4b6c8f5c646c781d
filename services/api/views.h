#pragma once

#include <string>

#include "libs/base/json.h"
#include "libs/domain/placement.h"
#include "libs/store/agents.h"
#include "libs/store/images.h"
#include "libs/store/session_notices.h"
#include "libs/store/sessions.h"
#include "libs/store/users.h"

/// The shapes of protocol/web-api, made from rows. What is not named here does not leave the service.
namespace oriel::api {

[[nodiscard]] json::Object session_view(store::Session const& session);
/// With what administrators see besides: user, server, cpu, memory.
[[nodiscard]] json::Object admin_session_view(store::Session const& session);
/// All that is known of one: container, times, what it was promised, messages.
[[nodiscard]] json::Object session_details_view(store::Session const& session,
                                                std::vector<store::SessionMessage> const& messages);

/// `decision` says whether it could start now, and if not, why.
[[nodiscard]] json::Object workspace_view(store::Image const& image,
                                          domain::PlacementDecision const& decision);
[[nodiscard]] json::Object admin_workspace_view(store::Image const& image,
                                                domain::PlacementDecision const& decision);
[[nodiscard]] json::Object server_view(store::Agent const& agent, domain::PlacementPolicy const& policy);

[[nodiscard]] json::Object me_view(store::Account const& account, std::string const& instance);
/// First and last name, else the user name.
[[nodiscard]] std::string display_name(store::User const& user);

}  // namespace oriel::api
