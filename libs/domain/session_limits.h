#pragma once

#include <optional>
#include <span>
#include <string>
#include <vector>

/// How many sessions one person may have at a time. Pure; the counting is done by the store under a lock.
namespace oriel::domain {

inline constexpr int kDefaultSessionLimit = 5;

/// What one of a user's groups says. The group with the lowest priority number that says something wins.
struct GroupLimit {
  int priority = 100;
  std::optional<int> session_limit{};
  std::optional<int> keepalive_seconds{};
};

[[nodiscard]] int session_limit(std::span<GroupLimit const> groups);
[[nodiscard]] int keepalive_seconds(std::span<GroupLimit const> groups);

struct LimitVerdict {
  bool allowed;
  std::string message;  ///< for the user, when not allowed: which limit, how many, what to do
};
/// `live` counts the user's sessions before the new one; `live_of_image` those of the same workspace.
[[nodiscard]] LimitVerdict check_session_limit(int live, int limit, int live_of_image,
                                               std::optional<int> image_limit);

}  // namespace oriel::domain
