#include "services/api/user_views.h"

#include "libs/base/clock.h"
#include "services/api/views.h"

namespace oriel::api {
namespace {

json::Value time_or_null(std::optional<WallTime> const& time) {
  if (!time) return nullptr;
  return json::Value(rfc3339(*time));
}

}  // namespace

json::Object user_view(store::ListedUser const& listed) {
  auto const& user = listed.user;
  json::Array groups;
  for (auto const& group : user.groups) {
    groups.push_back(json::Object{{"id", group.id.text()}, {"name", group.name}});
  }
  auto const* const state = user.disabled ? "disabled" : user.locked ? "locked" : "active";
  return {{"id", user.id.text()},
          {"username", user.username},
          {"first_name", user.first_name},
          {"last_name", user.last_name},
          {"display_name", display_name(user)},
          {"groups", std::move(groups)},
          {"administrator", listed.administrator},
          {"state", state},
          {"locked", user.locked},
          {"must_change_password", user.must_change_password},
          {"created_at", rfc3339(user.created_at)},
          {"last_sign_in_at", time_or_null(user.last_sign_in_at)},
          {"last_session_at", time_or_null(user.last_session_at)},
          {"live_sessions", listed.live_sessions},
          {"devices", listed.devices}};
}

json::Object device_view(store::Device const& device) {
  json::Value session(nullptr);
  if (device.bound_session) session = device.bound_session->text();
  return {{"id", device.id.text()},
          {"address", device.address},
          {"user_agent", to_utf8(device.user_agent, 256)},
          {"created_at", rfc3339(device.created_at)},
          {"last_used_at", rfc3339(device.last_used_at)},
          {"session_id", std::move(session)},
          {"current", device.current}};
}

json::Object group_view(store::Group const& group) {
  return {{"id", group.id.text()},
          {"name", group.name},
          {"description", group.description},
          {"administrators", group.administrators},
          {"members", group.members}};
}

json::Object audit_view(store::AuditRow const& row) {
  json::Value actor(nullptr);
  if (row.actor_id) actor = *row.actor_id;
  return {{"id", row.id},
          {"at", rfc3339(row.at)},
          {"actor", {{"kind", row.actor_kind}, {"id", std::move(actor)}, {"name", row.actor_name}}},
          {"action", row.action},
          {"object", {{"kind", row.object_kind}, {"id", row.object_id}, {"name", row.object_name}}},
          {"address", row.address},
          {"request_id", row.request_id},
          {"result", row.result},
          {"reason", row.reason},
          {"detail", row.detail}};
}

}  // namespace oriel::api
