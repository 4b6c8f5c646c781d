#include "libs/base/clock.h"

#include <cmath>
#include <cstdint>
#include <cstdio>

namespace oriel {

namespace {

using std::chrono::microseconds;

struct Civil {
  int year;
  unsigned month, day, hour, minute, second, micro;
};

Civil civil(WallTime time) {
  auto const day = std::chrono::floor<std::chrono::days>(time);
  std::chrono::year_month_day const date(day);
  auto const rest = static_cast<std::uint64_t>((time - day).count());
  auto const seconds = rest / 1'000'000;
  return {static_cast<int>(date.year()),
          static_cast<unsigned>(date.month()),
          static_cast<unsigned>(date.day()),
          static_cast<unsigned>(seconds / 3600),
          static_cast<unsigned>(seconds / 60 % 60),
          static_cast<unsigned>(seconds % 60),
          static_cast<unsigned>(rest % 1'000'000)};
}

/// Takes characters from the front of a text.
class Scanner {
 public:
  explicit Scanner(std::string_view text) : rest_(text) {}

  bool digits(std::size_t count, unsigned& value) {
    if (rest_.size() < count) return false;
    value = 0;
    for (std::size_t i = 0; i < count; ++i) {
      if (rest_[i] < '0' || rest_[i] > '9') return false;
      value = value * 10 + static_cast<unsigned>(rest_[i] - '0');
    }
    rest_.remove_prefix(count);
    return true;
  }
  bool one_of(std::string_view characters, char& taken) {
    if (rest_.empty() || characters.find(rest_.front()) == std::string_view::npos) return false;
    taken = rest_.front();
    rest_.remove_prefix(1);
    return true;
  }
  bool one_of(std::string_view characters) {
    char ignored = 0;
    return one_of(characters, ignored);
  }
  /// `.` and one to nine digits, as microseconds; what is absent is zero.
  bool fraction(unsigned& micro) {
    micro = 0;
    if (!one_of(".")) return true;
    unsigned scale = 100'000;
    int count = 0;
    while (!rest_.empty() && rest_.front() >= '0' && rest_.front() <= '9') {
      if (++count > 9) return false;
      micro += static_cast<unsigned>(rest_.front() - '0') * scale;
      scale /= 10;
      rest_.remove_prefix(1);
    }
    return count > 0;
  }
  bool at_end() const { return rest_.empty(); }

 private:
  std::string_view rest_;
};

/// `2026-11-24<separator>18:33:15[.fraction]`.
std::optional<WallTime> scan_datetime(Scanner& scan, std::string_view separators) {
  unsigned year = 0, month = 0, day = 0, hour = 0, minute = 0, second = 0, micro = 0;
  bool const good = scan.digits(4, year) && scan.one_of("-") && scan.digits(2, month) && scan.one_of("-") &&
                    scan.digits(2, day) && scan.one_of(separators) && scan.digits(2, hour) &&
                    scan.one_of(":") && scan.digits(2, minute) && scan.one_of(":") &&
                    scan.digits(2, second) && scan.fraction(micro);
  if (!good || hour > 23 || minute > 59 || second > 60) return std::nullopt;
  std::chrono::year_month_day const date(std::chrono::year(static_cast<int>(year)), std::chrono::month(month),
                                         std::chrono::day(day));
  if (!date.ok()) return std::nullopt;
  return WallTime(std::chrono::sys_days(date)) + std::chrono::hours(hour) + std::chrono::minutes(minute) +
         std::chrono::seconds(second) + microseconds(micro);
}

/// Within the years that have four digits: an offset or a leap second must not lead out of them, for nobody
/// could read what is written of it.
bool has_four_digits(WallTime time) {
  using std::chrono::year;
  return time >= std::chrono::sys_days(year(0) / 1 / 1) && time < std::chrono::sys_days(year(10'000) / 1 / 1);
}

}  // namespace

WallTime SystemClock::now() const {
  return std::chrono::time_point_cast<microseconds>(std::chrono::system_clock::now());
}

SteadyTime SystemClock::steady_now() const { return std::chrono::steady_clock::now(); }

ManualClock::ManualClock() : now_(std::chrono::seconds(1'767'225'600)), steady_(std::chrono::hours(1)) {}

void ManualClock::advance(microseconds by) {
  now_ += by;
  steady_ += by;
}

std::string rfc3339(WallTime time) {
  auto const c = civil(time);
  char text[40];
  std::snprintf(text, sizeof text, "%04d-%02u-%02uT%02u:%02u:%02u.%03uZ", c.year, c.month, c.day, c.hour,
                c.minute, c.second, c.micro / 1000);
  return text;
}

std::optional<WallTime> parse_rfc3339(std::string_view text) {
  Scanner scan(text);
  auto time = scan_datetime(scan, "Tt ");
  if (!time) return std::nullopt;
  char sign = 0;
  if (!scan.one_of("Zz+-", sign)) return std::nullopt;
  if (sign == '+' || sign == '-') {
    unsigned hours = 0, minutes = 0;
    if (!scan.digits(2, hours) || !scan.one_of(":") || !scan.digits(2, minutes)) return std::nullopt;
    if (hours > 23 || minutes > 59) return std::nullopt;
    auto const offset = std::chrono::hours(hours) + std::chrono::minutes(minutes);
    *time -= sign == '+' ? offset : -offset;
  }
  if (!scan.at_end() || !has_four_digits(*time)) return std::nullopt;
  return time;
}

std::string plain_datetime(WallTime time) {
  auto const c = civil(time);
  char text[40];
  std::snprintf(text, sizeof text, "%04d-%02u-%02u %02u:%02u:%02u.%06u", c.year, c.month, c.day, c.hour,
                c.minute, c.second, c.micro);
  return text;
}

std::optional<WallTime> parse_plain_datetime(std::string_view text) {
  Scanner scan(text);
  auto const time = scan_datetime(scan, " T");
  if (!time || !scan.at_end()) return std::nullopt;
  return time;
}

double epoch_seconds(WallTime time) { return static_cast<double>(time.time_since_epoch().count()) / 1e6; }

WallTime from_epoch_seconds(double seconds) {
  return WallTime(microseconds(static_cast<std::int64_t>(std::llround(seconds * 1e6))));
}

}  // namespace oriel
