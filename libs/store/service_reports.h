#pragma once

#include <cstdint>
#include <string>
#include <vector>

#include "libs/base/clock.h"
#include "libs/postgres/database.h"

/// What services say of themselves, so that one page can show them all.
namespace oriel::store {

/// A service that was silent for so long is not running.
inline constexpr std::chrono::seconds kServiceSilent{60};
inline constexpr std::chrono::seconds kServiceReports{15};

struct ServiceReport {
  std::string service{};  ///< api, manager
  std::string process{};  ///< differs between those that run side by side
  std::string version{};
  bool ready = false;
  std::string detail{};  ///< what is missing
  std::int64_t memory_bytes = 0;
  WallTime reported_at{};  ///< by the database's clock; set by list_service_reports()
};

/// Replaces the process's last report, and forgets those of a day ago.
[[nodiscard]] Async<Result<>> report_service(postgres::Database& database, ServiceReport report);
/// Of those that were heard within the last day, by name.
[[nodiscard]] Async<Result<std::vector<ServiceReport>>> list_service_reports(postgres::Database& database);

}  // namespace oriel::store
