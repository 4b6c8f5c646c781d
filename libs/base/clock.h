#pragma once

#include <chrono>
#include <optional>
#include <string>
#include <string_view>

namespace oriel {

/// A point in civil time, microseconds since 1970-01-01 UTC: what a timestamptz holds.
using WallTime = std::chrono::time_point<std::chrono::system_clock, std::chrono::microseconds>;
/// A point on the monotonic clock; never goes backwards.
using SteadyTime = std::chrono::steady_clock::time_point;

/// Where time comes from. Parts that decide by time take a Clock&, so that tests own it.
class Clock {
 public:
  virtual ~Clock() = default;
  [[nodiscard]] virtual WallTime now() const = 0;
  [[nodiscard]] virtual SteadyTime steady_now() const = 0;
};

/// The machine's clocks.
class SystemClock final : public Clock {
 public:
  [[nodiscard]] WallTime now() const override;
  [[nodiscard]] SteadyTime steady_now() const override;
};

/// A clock that only a test moves. Starts at 2026-01-01T00:00:00Z.
class ManualClock final : public Clock {
 public:
  ManualClock();
  [[nodiscard]] WallTime now() const override { return now_; }
  [[nodiscard]] SteadyTime steady_now() const override { return steady_; }
  /// Moves both clocks.
  void advance(std::chrono::microseconds by);
  /// Sets civil time alone, as an administrator or NTP would.
  void set(WallTime now) { now_ = now; }

 private:
  WallTime now_;
  SteadyTime steady_;
};

/// `2026-11-24T18:33:15.239Z` (RFC 3339, milliseconds, UTC).
[[nodiscard]] std::string rfc3339(WallTime time);
/// Any RFC 3339 instant with an offset or Z and up to nine digits of a second; nullopt for anything else.
[[nodiscard]] std::optional<WallTime> parse_rfc3339(std::string_view text);

/// `2020-11-11 18:33:15.239391`: UTC without a zone, as the compatible public API writes instants.
[[nodiscard]] std::string plain_datetime(WallTime time);
/// Reads `2020-11-11 18:33:15[.digits]` as UTC; nullopt for anything else.
[[nodiscard]] std::optional<WallTime> parse_plain_datetime(std::string_view text);

/// Seconds since 1970 with fraction, and back.
[[nodiscard]] double epoch_seconds(WallTime time);
[[nodiscard]] WallTime from_epoch_seconds(double seconds);

}  // namespace oriel
