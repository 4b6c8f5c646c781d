#pragma once

#include <cstdint>
#include <string>

#include "protocol/agent/messages.h"
#include "protocol/broker/messages.h"
#include "services/agent/options.h"

namespace oriel::agent {

/// Reads what the kernel says of this host: /proc/stat, /proc/meminfo, /proc/loadavg, statfs. Cheap; blocks
/// no longer than reading procfs does.
class HostResources {
 public:
  explicit HostResources(Options const& options, std::string proc = "/proc");

  /// CPU is the average since the last call. What only the engine knows comes from `host`.
  [[nodiscard]] protocol::agent::Resources read(protocol::broker::Host const& host, std::int64_t sessions);

 private:
  struct Ticks {
    std::uint64_t busy = 0;
    std::uint64_t all = 0;
  };
  [[nodiscard]] Ticks read_ticks() const;

  Options const& options_;
  std::string proc_;
  Ticks last_;
};

}  // namespace oriel::agent
