#include "libs/domain/session_expiry.h"

#include <algorithm>

namespace oriel::domain {

WallTime expires_at(WallTime created, WallTime last_keepalive, ExpiryRule const& rule) {
  auto const by_keepalive = last_keepalive + rule.keepalive;
  if (!rule.time_limit) return by_keepalive;
  return std::min(by_keepalive, created + *rule.time_limit);
}

ExpiryReason expiry_reason(WallTime created, WallTime last_keepalive, ExpiryRule const& rule) {
  if (rule.time_limit && created + *rule.time_limit <= last_keepalive + rule.keepalive)
    return ExpiryReason::kTimeLimit;
  return ExpiryReason::kKeepaliveExpired;
}

}  // namespace oriel::domain
