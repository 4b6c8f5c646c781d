#include "libs/domain/session_limits.h"

#include <limits>

#include "libs/domain/session_expiry.h"

namespace oriel::domain {
namespace {

std::optional<int> winning(std::span<GroupLimit const> groups, std::optional<int> GroupLimit::* member) {
  std::optional<int> value;
  auto best = std::numeric_limits<int>::max();
  for (auto const& group : groups) {
    if (!(group.*member) || group.priority >= best) continue;
    best = group.priority;
    value = group.*member;
  }
  return value;
}

std::string sessions(int count) { return std::to_string(count) + (count == 1 ? " session" : " sessions"); }

}  // namespace

int session_limit(std::span<GroupLimit const> groups) {
  return winning(groups, &GroupLimit::session_limit).value_or(kDefaultSessionLimit);
}

int keepalive_seconds(std::span<GroupLimit const> groups) {
  return winning(groups, &GroupLimit::keepalive_seconds)
      .value_or(static_cast<int>(kDefaultKeepalive.count()));
}

LimitVerdict check_session_limit(int live, int limit, int live_of_image, std::optional<int> image_limit) {
  if (live >= limit) {
    return {false, "You have " + sessions(live) + " and may have " + std::to_string(limit) +
                       " at a time. End one of them, then start this one."};
  }
  if (image_limit && live_of_image >= *image_limit) {
    return {false, "You have " + sessions(live_of_image) + " of this workspace and may have " +
                       std::to_string(*image_limit) + " at a time. End one of them, then start this one."};
  }
  return {true, {}};
}

}  // namespace oriel::domain
