#pragma once

#include <cstdint>
#include <string>
#include <string_view>
#include <vector>

#include <boost/describe/class.hpp>

/// What is looked at to see whether an installation is well: by `oriel doctor` on the host, and by the API
/// for its page. Pure.
namespace oriel::domain {

struct Finding {
  std::string check{};
  std::string state{};  ///< ok, warning, problem
  std::string message{};
  std::string mend{};  ///< what to do; empty when ok
};
BOOST_DESCRIBE_STRUCT(Finding, (), (check, state, message, mend))

/// The host's findings as `oriel up` and `oriel doctor` leave them beside the API's socket, for its page.
struct HostFindings {
  static constexpr bool kAbsentKeepsDefault = true;
  std::string checked_at{};  ///< RFC 3339
  std::vector<Finding> findings{};
};
BOOST_DESCRIBE_STRUCT(HostFindings, (), (checked_at, findings))
inline constexpr std::string_view kHostFindingsFile = "run/api/host-findings.json";

/// A disk below 10 % or 5 GiB is tight, below 1 GiB full.
[[nodiscard]] Finding judge_disk(std::string const& what, std::int64_t free_bytes, std::int64_t total_bytes);
/// Browsers' certificate: 21 days are left to renew it.
[[nodiscard]] Finding judge_certificate(long days_left);
/// Two clocks of the installation: sign-ins, deadlines and the audit compare their times.
[[nodiscard]] Finding judge_clock(std::string const& whose, std::int64_t milliseconds_apart);

/// Why a check matters, as a person reads it; empty for one that is not known.
[[nodiscard]] std::string_view meaning_of(std::string_view check);

}  // namespace oriel::domain
