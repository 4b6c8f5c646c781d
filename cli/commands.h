#pragma once

#include <optional>
#include <string>
#include <vector>

#include "libs/base/result.h"

/// The operator's commands. Each returns the process's exit code.
namespace oriel::cli {

struct UpOptions {
  std::string instance = "oriel";
  std::string home{};
  std::optional<long> port{};
  std::optional<std::vector<std::string>> public_urls{};
  std::optional<std::vector<std::string>> trusted_proxies{};
  std::vector<std::string> scale{};  ///< `api=2`; a service that is not named keeps its number
  std::string certificate{}, key{};
  std::string services_image{};  ///< tag or id; empty: as last time
  std::string runtime{};         ///< hash of the newest runtime tree; empty: as last time
  std::string images{};          ///< JSON lines of images/build.sh; empty: as last time
  std::string docker_socket{};
};
/// Starts, or brings up to date, the installation; recreates only containers whose specification changed.
[[nodiscard]] Result<int> up(UpOptions const& options);

struct DownOptions {
  std::string home{};
  bool sessions = false;  ///< ends sessions, too
  bool purge = false;     ///< removes containers, networks, volumes, firewall tables and the home
};
[[nodiscard]] Result<int> down(DownOptions const& options);

struct StatusOptions {
  std::string home{};
  bool json = false;
};
/// 0 only when every service is ready.
[[nodiscard]] Result<int> status(StatusOptions const& options);

struct LogsOptions {
  std::string home{};
  std::string service{};  ///< empty: all
  bool follow = false;
  long lines = 100;
};
[[nodiscard]] Result<int> logs(LogsOptions const& options);

struct DoctorOptions {
  std::string home{};
  bool json = false;
};
/// 0 when nothing needs mending.
[[nodiscard]] Result<int> doctor(DoctorOptions const& options);

}  // namespace oriel::cli
