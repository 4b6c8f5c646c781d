#pragma once

#include <chrono>

/// How fast somebody may guess. Pure: counting is done where the counters live.
namespace oriel::domain {

/// After `free_attempts` failures each further attempt waits twice as long as the one before it, up to
/// `longest`. Counters forget after `window` without a failure, so nobody, the last administrator included,
/// is locked out for good.
struct ThrottlePolicy {
  int free_attempts;
  std::chrono::seconds first_delay;
  std::chrono::seconds longest;
  std::chrono::seconds window;

  /// How long the next attempt must wait after so many failures; zero while they are free.
  [[nodiscard]] std::chrono::seconds delay_after(int failures) const;
};

/// Guesses at one account, from wherever they come.
inline constexpr ThrottlePolicy kAccountThrottle{5, std::chrono::seconds(2), std::chrono::seconds(300),
                                                 std::chrono::seconds(1800)};
/// So long an address is remembered from which somebody signed in to an account.
inline constexpr std::chrono::hours kKnownPlace{24 * 30};
/// Guesses from one address, at whatever accounts: higher, since many people may share an address.
inline constexpr ThrottlePolicy kAddressThrottle{30, std::chrono::seconds(2), std::chrono::seconds(900),
                                                 std::chrono::seconds(3600)};

}  // namespace oriel::domain
