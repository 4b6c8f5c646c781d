#include "libs/domain/session_expiry.h"

#include <algorithm>

namespace oriel::domain {

WallTime expires_at(WallTime created, WallTime last_keepalive, ExpiryRule const& rule) {
  auto const by_keepalive = last_keepalive + rule.keepalive;
  if (!rule.time_limit) return by_keepalive;
  return std::min(by_keepalive, created + *rule.time_limit);
}

}  // namespace oriel::domain
