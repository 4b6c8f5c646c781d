#pragma once

#include <chrono>
#include <optional>

#include "libs/base/clock.h"

/// When a session ends by itself. Pure.
namespace oriel::domain {

/// How long a session lives after the last sign of interest, when no group says otherwise.
inline constexpr std::chrono::seconds kDefaultKeepalive{3600};

struct ExpiryRule {
  std::chrono::seconds keepalive = kDefaultKeepalive;
  std::optional<std::chrono::seconds> time_limit{};  ///< from the session's creation, whatever happens
};

/// The earlier of: last keepalive + keepalive, creation + time limit.
[[nodiscard]] WallTime expires_at(WallTime created, WallTime last_keepalive, ExpiryRule const& rule);

}  // namespace oriel::domain
