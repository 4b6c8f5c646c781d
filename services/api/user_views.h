#pragma once

#include "libs/base/json.h"
#include "libs/store/audit_log.h"
#include "libs/store/devices.h"
#include "libs/store/user_list.h"

/// The shapes of users, devices and the audit in protocol/web-api.
namespace oriel::api {

[[nodiscard]] json::Object user_view(store::ListedUser const& user);
[[nodiscard]] json::Object device_view(store::Device const& device);
[[nodiscard]] json::Object group_view(store::Group const& group);
[[nodiscard]] json::Object audit_view(store::AuditRow const& row);

}  // namespace oriel::api
