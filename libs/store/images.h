#pragma once

#include <cstdint>
#include <map>
#include <optional>
#include <string>
#include <vector>

#include "libs/base/clock.h"
#include "libs/base/id.h"
#include "libs/base/json.h"
#include "libs/base/text.h"
#include "libs/postgres/database.h"

namespace oriel::store {

/// A workspace: an image that is offered to users.
struct Image {
  ImageId id{};
  std::string name{};
  std::string friendly_name{};
  std::string description{};
  std::vector<std::string> categories{};
  bool has_icon = false;
  int hue = 275;
  bool enabled = true;
  bool hidden = false;
  std::string reference{};
  std::optional<std::string> docker_id{};
  std::optional<std::string> digest{};
  std::optional<std::string> registry_server{};
  std::optional<std::string> registry_username{};
  std::optional<Bytes> registry_password_sealed{};  ///< read by list_enabled_images only
  double cores = 2;
  std::int64_t memory_bytes = 0;
  std::int64_t shm_bytes = 0;
  int pids = 0;
  std::string network{};
  std::map<std::string, std::string> environment{};
  json::Object run_config{};
  json::Object exec_config{};
  json::Object manifest{};
  std::optional<ZoneId> zone{};
  std::optional<int> session_time_limit_seconds{};
  std::optional<int> session_limit{};
  int position = 100;
  WallTime created_at{};
  std::vector<std::string> groups{};  ///< names of the groups that it is granted to
  int live_sessions = 0;
};

/// Every workspace, by position and name.
[[nodiscard]] Async<Result<std::vector<Image>>> list_images(postgres::Database& database);
/// Enabled ones with their registry password: what agents must hold.
[[nodiscard]] Async<Result<std::vector<Image>>> list_enabled_images(postgres::Database& database);
/// Enabled, not hidden, granted to a group of the user.
[[nodiscard]] Async<Result<std::vector<Image>>> list_granted_images(postgres::Database& database,
                                                                    UserId user);
[[nodiscard]] Async<Result<std::optional<Image>>> find_image(postgres::Database& database, ImageId image);
/// Enabled and granted to a group of the user.
[[nodiscard]] Async<Result<bool>> is_image_granted(postgres::Database& database, ImageId image, UserId user);
/// The icon's SVG text; empty when there is none or no such image.
[[nodiscard]] Async<Result<std::string>> find_icon(postgres::Database& database, ImageId image);

/// An image built on this host, as images/build.sh reports it.
struct BuiltImage {
  std::string name{};       ///< `firefox`: the workspace's name
  std::string reference{};  ///< `oriel/firefox:<content hash>`
  std::string docker_id{};  ///< `sha256:…`
  json::Object manifest{};  ///< protocol/control's image manifest
};
enum class Registered { kNew, kUpdated, kUnchanged };
/// First time: a workspace from the manifest, granted to `grant_to`. Later: reference, docker_id, manifest
/// and icon only; what an administrator may have changed (name shown, cores, memory, enabled, groups …)
/// stays.
[[nodiscard]] Async<Result<Registered>> register_built_image(postgres::Database& database, BuiltImage image,
                                                             GroupId grant_to, int position);

}  // namespace oriel::store
