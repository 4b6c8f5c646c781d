#include "services/api/views.h"

#include <algorithm>
#include <cmath>

#include "libs/base/clock.h"
#include "libs/base/version.h"
#include "libs/domain/session_limits.h"

namespace oriel::api {
namespace {

template <typename T>
json::Value or_null(std::optional<T> const& value) {
  if (!value) return nullptr;
  return json::Value(*value);
}

json::Value time_or_null(std::optional<WallTime> const& time) {
  if (!time) return nullptr;
  return json::Value(rfc3339(*time));
}

std::string icon_url(ImageId image) { return "/api/v1/workspaces/" + image.text() + "/icon"; }

json::Array texts(std::vector<std::string> const& values) {
  json::Array array;
  for (auto const& value : values) array.emplace_back(value);
  return array;
}

// What an agent reports is foreign: each member is read by its type, or is the type's zero.

double number_of(json::Object const& object, std::string_view name) {
  auto const* const value = object.if_contains(name);
  if (value == nullptr || !value->is_number()) return 0;
  auto const number = value->to_number<double>();
  return std::isfinite(number) && number > 0 ? number : 0;
}

std::int64_t bytes_of(json::Object const& object, std::string_view name) {
  return static_cast<std::int64_t>(std::min(number_of(object, name), 9e15));
}

std::string text_of(json::Object const& object, std::string_view name) {
  auto const* const value = object.if_contains(name);
  if (value == nullptr || !value->is_string()) return {};
  return to_utf8(std::string_view(value->get_string()), 512);
}

bool truth_of(json::Object const& object, std::string_view name) {
  auto const* const value = object.if_contains(name);
  return value != nullptr && value->is_bool() && value->get_bool();
}

/// What is kept in a row as an array; nothing when it is none.
json::Array array_in(json::Object const& object, std::string_view name) {
  auto const* const value = object.if_contains(name);
  if (value == nullptr || !value->is_array()) return {};
  return value->get_array();
}

/// The one word for it: what an administrator set wins, then silence, then draining.
std::string_view state_of(store::Agent const& agent) {
  if (!agent.enabled) return "disabled";
  if (agent.state == domain::AgentState::kOnline && agent.draining) return "draining";
  return domain::text(agent.state);
}

json::Object labels_of(store::Agent const& agent) {
  json::Object labels;
  for (auto const& [key, value] : agent.labels) labels[key] = value;
  return labels;
}

json::Array gpus_of(json::Object const& resources) {
  json::Array gpus;
  auto const* const value = resources.if_contains("gpus");
  if (value == nullptr || !value->is_array()) return gpus;
  for (auto const& entry : value->get_array()) {
    if (entry.is_object()) gpus.push_back(json::Object{{"name", text_of(entry.get_object(), "name")}});
    if (entry.is_string())
      gpus.push_back(json::Object{{"name", to_utf8(std::string_view(entry.get_string()), 512)}});
  }
  return gpus;
}

json::Array images_of(json::Array const& inventory) {
  json::Array images;
  for (auto const& entry : inventory) {
    if (!entry.is_object()) continue;
    auto const& object = entry.get_object();
    auto const state =
        domain::parse_image_presence(text_of(object, "state")).value_or(domain::ImagePresence::kAbsent);
    images.push_back(json::Object{{"reference", text_of(object, "reference")},
                                  {"id", text_of(object, "id")},
                                  {"size_bytes", bytes_of(object, "size_bytes")},
                                  {"state", domain::text(state)},
                                  {"progress", std::min(number_of(object, "progress"), 100.0)},
                                  {"message", text_of(object, "message")}});
  }
  return images;
}

json::Array networks_of(json::Array const& reported) {
  json::Array networks;
  for (auto const& entry : reported) {
    if (entry.is_string()) networks.emplace_back(to_utf8(std::string_view(entry.get_string()), 128));
    if (entry.is_object()) networks.emplace_back(text_of(entry.get_object(), "name"));
  }
  return networks;
}

}  // namespace

json::Object session_view(store::Session const& session) {
  return {{"id", session.id.text()},
          {"workspace",
           {{"id", session.image.text()},
            {"friendly_name", session.friendly_name},
            {"icon_url", icon_url(session.image)},
            {"hue", session.hue}}},
          {"state", domain::text(session.state)},
          {"desired", domain::text(session.desired)},
          {"step", session.step},
          {"progress", session.progress},
          {"reason", or_null(session.reason)},
          {"reason_code", or_null(session.reason_code)},
          {"placement", session.placement ? *session.placement : json::Value(nullptr)},
          {"log_tail", or_null(session.log_tail)},
          {"created_at", rfc3339(session.created_at)},
          {"started_at", time_or_null(session.started_at)},
          {"ended_at", time_or_null(session.ended_at)},
          {"expires_at", time_or_null(session.expires_at)},
          {"client_protocol", session.client_protocol},
          {"width", session.width},
          {"height", session.height},
          {"viewers", session.viewers},
          {"owner", {{"id", session.user.text()}, {"username", session.username}}},
          {"messages", array_in(session.notices, "messages")},
          {"watchers", array_in(session.notices, "watchers")}};
}

json::Object admin_session_view(store::Session const& session) {
  auto view = session_view(session);
  view["user"] = json::Object{{"id", session.user.text()}, {"username", session.username}};
  view["server"] = or_null(session.server);
  view["cpu"] = session.cpu;
  view["memory"] = session.memory_used_bytes;
  return view;
}

json::Object session_details_view(store::Session const& session,
                                  std::vector<store::SessionMessage> const& messages) {
  auto view = admin_session_view(session);
  json::Array sent;
  for (auto const& message : messages) {
    sent.push_back(json::Object{{"id", message.id.text()},
                                {"from", message.sender},
                                {"text", message.text},
                                {"sent_at", rfc3339(message.sent_at)},
                                {"read_at", time_or_null(message.read_at)}});
  }
  view["sent_messages"] = std::move(sent);
  view["zone"] = or_null(session.zone);
  view["attempt"] = session.attempt;
  view["generation"] = session.generation;
  view["container_id"] = or_null(session.container_id);
  view["image_reference"] = session.image_reference;
  view["runtime"] = or_null(session.runtime);
  view["cores_reserved"] = session.cores;
  view["memory_reserved_bytes"] = session.memory_bytes;
  view["placed_at"] = time_or_null(session.placed_at);
  view["released_at"] = time_or_null(session.released_at);
  view["last_input_at"] = time_or_null(session.last_input_at);
  view["locale"] = session.locale;
  view["timezone"] = session.timezone;
  return view;
}

json::Object workspace_view(store::Image const& image, domain::PlacementDecision const& decision) {
  auto const available = image.enabled && decision.agent.has_value();
  json::Value reason(nullptr);
  if (!image.enabled) {
    reason = "It is disabled by an administrator.";
  } else if (!available) {
    reason = decision.summary();
  }
  return {{"id", image.id.text()},
          {"name", image.name},
          {"friendly_name", image.friendly_name},
          {"description", image.description},
          {"categories", texts(image.categories)},
          {"icon_url", icon_url(image.id)},
          {"hue", image.hue},
          {"available", available},
          {"reason", std::move(reason)},
          {"cores", image.cores},
          {"memory_bytes", image.memory_bytes}};
}

json::Object admin_workspace_view(store::Image const& image, domain::PlacementDecision const& decision) {
  auto view = workspace_view(image, decision);
  view["reference"] = image.reference;
  view["digest"] = image.digest ? json::Value(*image.digest) : or_null(image.docker_id);
  view["enabled"] = image.enabled;
  view["groups"] = texts(image.groups);
  view["sessions"] = image.live_sessions;
  return view;
}

json::Object server_view(store::Agent const& agent, domain::PlacementPolicy const& policy) {
  auto const& resources = agent.resources;
  auto const capacity = store::capacity_of(agent);
  return {{"id", agent.id.text()},
          {"hostname", agent.hostname},
          {"state", state_of(agent)},
          {"state_since", rfc3339(agent.state_since)},
          {"connection", domain::text(agent.state)},
          {"enabled", agent.enabled},
          {"draining", agent.draining},
          {"labels", labels_of(agent)},
          {"cores_override", or_null(agent.cores_override)},
          {"memory_override_bytes", or_null(agent.memory_override_bytes)},
          {"version", agent.version},
          {"last_seen_at", time_or_null(agent.last_seen_at)},
          {"zone", agent.zone_name},
          {"address", text_of(resources, "address")},
          {"cores_total", capacity.cores_total},
          {"cores_used", number_of(resources, "cores_total") *
                             std::min(number_of(resources, "cpu_percent"), 100.0) / 100.0},
          {"cores_reserved", agent.cores_reserved},
          {"cores_reservable", domain::reservable_cores(capacity, policy)},
          {"memory_total_bytes", capacity.memory_total_bytes},
          {"memory_used_bytes", bytes_of(resources, "memory_used_bytes")},
          {"memory_reserved_bytes", agent.memory_reserved_bytes},
          {"memory_reservable_bytes",
           std::max<std::int64_t>(domain::reservable_memory_bytes(capacity, policy), 0)},
          {"disk_total_bytes", bytes_of(resources, "disk_total_bytes")},
          {"disk_used_bytes", bytes_of(resources, "disk_used_bytes")},
          {"load_1", number_of(resources, "load_1")},
          {"gpus", gpus_of(resources)},
          {"docker_version", text_of(resources, "docker_version")},
          {"kernel", text_of(resources, "kernel")},
          {"operating_system", text_of(resources, "operating_system")},
          {"user_namespaces", truth_of(resources, "user_namespaces")},
          {"live_restore", truth_of(resources, "live_restore")},
          {"networks", networks_of(agent.networks)},
          {"sessions", agent.sessions},
          {"images", images_of(agent.images)}};
}

std::string display_name(store::User const& user) {
  auto name = user.first_name;
  if (!name.empty() && !user.last_name.empty()) name += " ";
  name += user.last_name;
  return name.empty() ? user.username : name;
}

json::Object me_view(store::Account const& account, std::string const& instance) {
  json::Array permissions;
  for (auto const number : account.permissions.numbers()) {
    if (auto const name = domain::permission_name(number)) permissions.emplace_back(*name);
  }
  return {{"id", account.user.id.text()},
          {"username", account.user.username},
          {"display_name", display_name(account.user)},
          {"administrator", account.permissions.is_administrator()},
          {"must_change_password", account.user.must_change_password},
          {"permissions", std::move(permissions)},
          {"session_limit", domain::session_limit(account.limits)},
          {"theme", "system"},
          {"version", version()},
          {"instance", instance}};
}

}  // namespace oriel::api
