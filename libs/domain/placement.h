#pragma once

#include <cstdint>
#include <optional>
#include <span>
#include <string>
#include <string_view>
#include <vector>

#include "libs/base/id.h"

/// Chooses the server for a new session, and says for each server, in words, what stood in the way. Pure.
namespace oriel::domain {

/// How an agent's silence reads: heartbeat 5 s, suspect after 15 s, unreachable after 30 s.
enum class AgentState { kOnline, kSuspect, kUnreachable };
[[nodiscard]] std::string_view text(AgentState state);
[[nodiscard]] std::optional<AgentState> parse_agent_state(std::string_view text);

enum class ImagePresence { kPresent, kPulling, kFailed, kAbsent };
[[nodiscard]] std::string_view text(ImagePresence presence);
[[nodiscard]] std::optional<ImagePresence> parse_image_presence(std::string_view text);

/// What a new session needs.
struct PlacementRequest {
  double cores = 0;
  std::int64_t memory_bytes = 0;
  std::string image_reference{};
  std::optional<std::string> image_id{};  ///< the engine's id, when the image is pinned to one
  std::optional<ZoneId> zone{};           ///< only servers of this zone
};

/// One image as a server reported it.
struct ServerImage {
  std::string reference{};
  std::string id{};
  ImagePresence state = ImagePresence::kAbsent;
  int progress = 0;  ///< percent, of a pull
};

/// One server as the database knows it now. Reserved = the sum over sessions that may still hold something
/// there.
struct ServerCapacity {
  AgentId id{};
  std::string hostname{};
  bool enabled = true;
  bool draining = false;  ///< keeps its sessions, takes no new ones
  AgentState state = AgentState::kUnreachable;
  ZoneId zone{};
  std::string zone_name{};
  double cores_total = 0;
  double cores_reserved = 0;
  std::int64_t memory_total_bytes = 0;
  std::int64_t memory_reserved_bytes = 0;
  std::int64_t disk_total_bytes = 0;
  std::int64_t disk_used_bytes = 0;
  int sessions = 0;
  std::vector<ServerImage> images{};
};

struct PlacementPolicy {
  double cores_overcommit = 4;  ///< cores are shared by time: ×4
  std::int64_t memory_kept_bytes = std::int64_t{512}
                                   << 20;  ///< for the host and our services; memory is never overcommitted
  std::int64_t disk_minimum_bytes = std::int64_t{1} << 30;  ///< free on the engine's file system
  int slots = 200;                                          ///< sessions on one server
};

enum class CheckKind { kEnabled, kReachable, kImage, kCores, kMemory, kDisk, kZone, kLabel, kSlots };
[[nodiscard]] std::string_view text(CheckKind check);

struct PlacementCheck {
  CheckKind check;
  bool ok;
  std::string message;  ///< what there is and what was needed, in words
};

struct ServerChecks {
  AgentId id{};
  std::string server{};
  std::vector<PlacementCheck> checks{};
  [[nodiscard]] bool fits() const;
};

struct PlacementDecision {
  std::optional<AgentId> agent{};  ///< none: nothing fits, and `servers` says why
  std::vector<ServerChecks> servers{};
  /// For the owner when nothing fits: `No server can start this workspace now: alpha has 0.5 GiB of memory
  /// free and 2.0 GiB are needed.`
  [[nodiscard]] std::string summary() const;
};

/// How many cores and bytes of memory sessions may be promised on a server, all together.
[[nodiscard]] double reservable_cores(ServerCapacity const& server, PlacementPolicy const& policy);
[[nodiscard]] std::int64_t reservable_memory_bytes(ServerCapacity const& server,
                                                   PlacementPolicy const& policy);

/// Among the servers that pass every check, the one with the largest smaller share of free memory and free
/// cores after the session is there; ties go to the one with fewer sessions, then to the lower id.
[[nodiscard]] PlacementDecision place(PlacementRequest const& request,
                                      std::span<ServerCapacity const> servers,
                                      PlacementPolicy const& policy = {});

}  // namespace oriel::domain
