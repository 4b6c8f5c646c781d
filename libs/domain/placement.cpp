#include "libs/domain/placement.h"

#include <algorithm>
#include <array>
#include <cmath>
#include <cstdio>
#include <tuple>

namespace oriel::domain {
namespace {

std::string one_decimal(double value) {
  char buffer[32];
  std::snprintf(buffer, sizeof buffer, "%.1f", value);
  return buffer;
}

std::string gibibytes(std::int64_t bytes) {
  return one_decimal(static_cast<double>(std::max<std::int64_t>(bytes, 0)) / (1024.0 * 1024.0 * 1024.0)) +
         " GiB";
}

PlacementCheck check_image(PlacementRequest const& request, ServerCapacity const& server) {
  auto const name = request.image_reference;
  ServerImage const* best = nullptr;
  for (auto const& image : server.images) {
    if (image.reference != request.image_reference) continue;
    if (request.image_id && image.state == ImagePresence::kPresent && image.id != *request.image_id) continue;
    if (!best || image.state == ImagePresence::kPresent) best = &image;
  }
  if (!best) return {CheckKind::kImage, false, "does not have the image " + name};
  switch (best->state) {
    case ImagePresence::kPresent:
      return {CheckKind::kImage, true, "has the image"};
    case ImagePresence::kPulling:
      return {CheckKind::kImage, false,
              "is still downloading the image (" + std::to_string(best->progress) + " %)"};
    case ImagePresence::kFailed:
      return {CheckKind::kImage, false, "could not download the image " + name};
    case ImagePresence::kAbsent:
      break;
  }
  return {CheckKind::kImage, false, "does not have the image " + name};
}

ServerChecks check_server(PlacementRequest const& request, ServerCapacity const& server,
                          PlacementPolicy const& policy) {
  ServerChecks result{server.id, server.hostname, {}};
  auto& checks = result.checks;

  checks.push_back({CheckKind::kEnabled, server.enabled && !server.draining,
                    !server.enabled   ? "is disabled by an administrator"
                    : server.draining ? "is draining: it takes no new sessions"
                                      : "is enabled"});

  auto const reachable = server.state == AgentState::kOnline;
  checks.push_back({CheckKind::kReachable, reachable,
                    reachable                              ? "answers"
                    : server.state == AgentState::kSuspect ? "has not been heard from for 15 seconds"
                                                           : "is unreachable"});

  if (request.zone) {
    auto const same = server.zone == *request.zone;
    checks.push_back({CheckKind::kZone, same,
                      same ? "is in the workspace's zone" : "is in another zone (" + server.zone_name + ")"});
  }

  checks.push_back(check_image(request, server));

  auto const free_cores = std::max(0.0, reservable_cores(server, policy) - server.cores_reserved);
  checks.push_back(
      {CheckKind::kCores, free_cores + 1e-9 >= request.cores,
       "has " + one_decimal(free_cores) + " cores to give, " + one_decimal(request.cores) + " are needed"});

  auto const free_memory = reservable_memory_bytes(server, policy) - server.memory_reserved_bytes;
  checks.push_back({CheckKind::kMemory, free_memory >= request.memory_bytes,
                    "has " + gibibytes(free_memory) + " of memory free, " + gibibytes(request.memory_bytes) +
                        " are needed"});

  // A server that never reported its disk is not refused for it.
  auto const free_disk = server.disk_total_bytes - server.disk_used_bytes;
  auto const disk_ok = server.disk_total_bytes == 0 || free_disk >= policy.disk_minimum_bytes;
  checks.push_back({CheckKind::kDisk, disk_ok,
                    server.disk_total_bytes == 0 ? std::string("has not reported its disk")
                                                 : "has " + gibibytes(free_disk) + " of disk free, " +
                                                       gibibytes(policy.disk_minimum_bytes) + " are needed"});

  checks.push_back({CheckKind::kSlots, server.sessions < policy.slots,
                    "runs " + std::to_string(server.sessions) + " of at most " +
                        std::to_string(policy.slots) + " sessions"});
  return result;
}

double share_left(PlacementRequest const& request, ServerCapacity const& server,
                  PlacementPolicy const& policy) {
  auto const cores = reservable_cores(server, policy);
  auto const memory = static_cast<double>(reservable_memory_bytes(server, policy));
  auto const cores_share = cores <= 0 ? 0 : (cores - server.cores_reserved - request.cores) / cores;
  auto const memory_share =
      memory <= 0
          ? 0
          : (memory - static_cast<double>(server.memory_reserved_bytes + request.memory_bytes)) / memory;
  return std::min(cores_share, memory_share);
}

constexpr std::array<std::string_view, 3> kAgentStates = {"online", "suspect", "unreachable"};
constexpr std::array<std::string_view, 4> kPresences = {"present", "pulling", "failed", "absent"};
constexpr std::array<std::string_view, 9> kChecks = {"enabled", "reachable", "image", "cores", "memory",
                                                     "disk",    "zone",      "label", "slots"};

}  // namespace

std::string_view text(AgentState state) { return kAgentStates[static_cast<std::size_t>(state)]; }

std::optional<AgentState> parse_agent_state(std::string_view text) {
  for (std::size_t i = 0; i < kAgentStates.size(); ++i) {
    if (kAgentStates[i] == text) return static_cast<AgentState>(i);
  }
  return std::nullopt;
}

std::string_view text(ImagePresence presence) { return kPresences[static_cast<std::size_t>(presence)]; }

std::optional<ImagePresence> parse_image_presence(std::string_view text) {
  for (std::size_t i = 0; i < kPresences.size(); ++i) {
    if (kPresences[i] == text) return static_cast<ImagePresence>(i);
  }
  return std::nullopt;
}

std::string_view text(CheckKind check) { return kChecks[static_cast<std::size_t>(check)]; }

bool ServerChecks::fits() const {
  return std::ranges::all_of(checks, [](PlacementCheck const& check) { return check.ok; });
}

std::string PlacementDecision::summary() const {
  if (agent) return "A server was found.";
  if (servers.empty()) return "No server has joined this installation yet.";
  std::string why;
  std::size_t told = 0;
  for (auto const& server : servers) {
    for (auto const& check : server.checks) {
      if (check.ok) continue;
      // Three servers are enough to read; the placement table holds the rest.
      if (told == 3) {
        why += "; and others";
        return "No server can start this workspace now: " + why + ".";
      }
      why += (told == 0 ? "" : "; ") + server.server + " " + check.message;
      ++told;
      break;
    }
  }
  return "No server can start this workspace now: " + why + ".";
}

double reservable_cores(ServerCapacity const& server, PlacementPolicy const& policy) {
  return server.cores_total * policy.cores_overcommit;
}

std::int64_t reservable_memory_bytes(ServerCapacity const& server, PlacementPolicy const& policy) {
  return server.memory_total_bytes - policy.memory_kept_bytes;
}

PlacementDecision place(PlacementRequest const& request, std::span<ServerCapacity const> servers,
                        PlacementPolicy const& policy) {
  PlacementDecision decision;
  ServerCapacity const* best = nullptr;
  double best_share = 0;
  for (auto const& server : servers) {
    auto checks = check_server(request, server, policy);
    if (checks.fits()) {
      auto const share = share_left(request, server, policy);
      // Larger share first; then fewer sessions, then the lower id, so that equal servers are chosen alike
      // everywhere.
      if (!best || std::tuple(-share, server.sessions, server.id) <
                       std::tuple(-best_share, best->sessions, best->id)) {
        best = &server;
        best_share = share;
      }
    }
    decision.servers.push_back(std::move(checks));
  }
  if (best) decision.agent = best->id;
  return decision;
}

}  // namespace oriel::domain
