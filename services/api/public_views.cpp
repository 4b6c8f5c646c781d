#include "services/api/public_views.h"

#include "libs/base/clock.h"
#include "libs/base/text.h"

namespace oriel::api {
namespace {

using domain::SessionState;

constexpr int kPort = 443;

json::Value date_or_null(std::optional<WallTime> const& time) {
  if (!time) return nullptr;
  return json::Value(plain_datetime(*time));
}

template <typename T>
json::Value or_null(std::optional<T> const& value) {
  if (!value) return nullptr;
  return json::Value(*value);
}

std::string icon_url(ImageId image) { return "api/v1/workspaces/" + image.text() + "/icon"; }

/// Port of a `Host` header; that API's clients build addresses from it.
int port_of(std::string_view host) {
  auto const colon = host.rfind(':');
  if (colon == std::string_view::npos || host.ends_with(']')) return kPort;
  auto const port = parse_integer(host.substr(colon + 1));
  return port && *port > 0 && *port < 65536 ? static_cast<int>(*port) : kPort;
}

std::string name_of(std::string_view host) {
  auto const colon = host.rfind(':');
  if (colon == std::string_view::npos || host.ends_with(']')) return std::string(host);
  return std::string(host.substr(0, colon));
}

json::Object port_map(store::Session const& session, int port) {
  auto const at = [&](std::string_view name) {
    return json::Object{{"port", port}, {"path", "desktop/" + session.id.dashed() + "/" + std::string(name)}};
  };
  return {{"vnc", at("vnc")},
          {"audio", at("audio")},
          {"audio_input", at("audio_input")},
          {"uploads", at("uploads")}};
}

/// What this release has: a clipboard; no sound, files or sharing yet.
json::Object client_settings() {
  return {{"allow_kasm_audio", false},         {"kasm_audio_default_on", false},
          {"allow_kasm_microphone", false},    {"allow_kasm_clipboard_up", true},
          {"allow_kasm_clipboard_down", true}, {"allow_kasm_clipboard_seamless", true},
          {"allow_kasm_uploads", false},       {"allow_kasm_downloads", false},
          {"allow_kasm_sharing", false},       {"allow_persistent_profile", false},
          {"allow_point_of_presence", false},  {"idle_disconnect", 20.0},
          {"lock_sharing_video_mode", true},   {"enable_webp", false}};
}

}  // namespace

std::string plain_seconds(WallTime time) { return plain_datetime(time).substr(0, 19); }

std::string_view operational_status(SessionState state) {
  switch (state) {
    case SessionState::kRequested:
      return "requested";
    case SessionState::kPlaced:
    case SessionState::kStarting:
      return "starting";
    case SessionState::kRunning:
      return "running";
    case SessionState::kPaused:
      return "paused";
    case SessionState::kStopped:
      return "stopped";
    case SessionState::kEnding:
      return "deleting";
    case SessionState::kEnded:
      return "deleted";
    case SessionState::kFailed:
      return "failed";
  }
  return "failed";
}

json::Object kasm_view(store::Session const& session, std::string_view host, std::string_view token) {
  auto const port = port_of(host);
  json::Value server(nullptr);
  if (session.agent) server = session.agent->text();
  json::Value token_value(nullptr);
  if (!token.empty()) token_value = token;
  return {{"kasm_id", session.id.text()},
          {"user_id", session.user.text()},
          {"image_id", session.image.text()},
          {"server_id", std::move(server)},
          {"container_id", or_null(session.container_id)},
          {"operational_status", operational_status(session.state)},
          {"start_date",
           date_or_null(session.started_at ? session.started_at : std::optional(session.created_at))},
          {"keepalive_date", plain_datetime(session.keepalive_at)},
          {"expiration_date", date_or_null(session.expires_at)},
          {"host", name_of(host)},
          {"hostname", name_of(host)},
          {"port", port},
          {"container_ip", nullptr},
          {"cores", session.cores},
          {"memory", session.memory_bytes},
          {"token", std::move(token_value)},
          {"view_only_token", nullptr},
          {"share_id", or_null(session.share_id)},
          {"is_persistent_profile", false},
          {"persistent_profile_mode", nullptr},
          {"point_of_presence", nullptr},
          {"username", session.username},
          {"image",
           {{"image_id", session.image.text()},
            {"name", session.image_reference},
            {"friendly_name", session.friendly_name},
            {"image_src", icon_url(session.image)}}},
          {"port_map", port_map(session, port)},
          {"client_settings", client_settings()}};
}

json::Object listed_kasm_view(store::Session const& session, std::string_view host) {
  auto view = kasm_view(session, host, {});
  view["user"] = json::Object{{"username", session.username}};
  view["server"] = json::Object{{"port", port_of(host)},
                                {"hostname", session.server.value_or("")},
                                {"zone_name", session.zone.value_or("")},
                                {"provider", "oriel"}};
  view["created_date"] = plain_seconds(session.created_at);
  view["keepalive_date"] = plain_seconds(session.keepalive_at);
  view["kasm_url"] = "/#/session/" + session.id.text();
  view["image_name"] = session.image_reference;
  view["image_friendly_name"] = session.friendly_name;
  view["status"] = operational_status(session.state);
  return view;
}

json::Object public_user_view(store::User const& user, json::Array kasms) {
  json::Array groups;
  for (auto const& group : user.groups) {
    groups.push_back(json::Object{{"name", group.name}, {"group_id", group.id.text()}});
  }
  return {{"user_id", user.id.text()},
          {"username", user.username},
          {"first_name", user.first_name},
          {"last_name", user.last_name},
          {"phone", user.phone},
          {"organization", user.organization},
          {"notes", user.notes},
          {"realm", user.realm},
          {"locked", user.locked},
          {"disabled", user.disabled},
          {"two_factor", false},
          {"last_session", date_or_null(user.last_session_at)},
          {"created", plain_seconds(user.created_at)},
          {"company", json::Object()},
          {"program_id", nullptr},
          {"groups", std::move(groups)},
          {"kasms", std::move(kasms)}};
}

json::Object public_image_view(store::Image const& image, bool available, std::string_view zone_name) {
  json::Array categories;
  for (auto const& category : image.categories) categories.emplace_back(category);
  json::Value zone_id(nullptr);
  if (image.zone) zone_id = image.zone->text();
  json::Value zone_text(nullptr);
  if (image.zone) zone_text = zone_name;
  json::Array networks;
  networks.emplace_back(image.network);
  return {{"image_id", image.id.text()},
          {"name", image.reference},
          {"friendly_name", image.friendly_name},
          {"description", image.description},
          {"image_src", icon_url(image.id)},
          {"enabled", image.enabled},
          {"available", available},
          {"hidden", image.hidden},
          {"notes", nullptr},
          {"image_type", "Container"},
          {"cores", image.cores},
          {"memory", image.memory_bytes},
          {"cpu_allocation_method", "Quotas"},
          {"require_gpu", false},
          {"gpu_count", 0},
          {"docker_registry", or_null(image.registry_server)},
          {"docker_user", or_null(image.registry_username)},
          {"hash", image.digest ? json::Value(*image.digest) : or_null(image.docker_id)},
          {"categories", std::move(categories)},
          {"default_category", nullptr},
          {"run_config", image.run_config},
          {"exec_config", image.exec_config},
          {"launch_config", json::Object()},
          {"volume_mappings", json::Object()},
          {"persistent_profile_path", nullptr},
          {"restrict_to_zone", image.zone.has_value()},
          {"zone_id", std::move(zone_id)},
          {"zone_name", std::move(zone_text)},
          {"restrict_to_server", false},
          {"server_id", nullptr},
          {"restrict_to_network", true},
          {"restrict_network_names", std::move(networks)},
          {"allow_network_selection", false},
          {"session_time_limit", image.session_time_limit_seconds
                                     ? json::Value(std::to_string(*image.session_time_limit_seconds))
                                     : json::Value(nullptr)},
          {"x_res", 800},
          {"y_res", 600},
          {"imageAttributes", json::Array()}};
}

}  // namespace oriel::api
