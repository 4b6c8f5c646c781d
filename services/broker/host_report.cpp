#include "services/broker/host_report.h"

#include <algorithm>
#include <filesystem>
#include <optional>

#include <sys/statvfs.h>

#include "libs/base/file.h"
#include "libs/base/text.h"

namespace oriel::broker {
namespace {

std::optional<std::int64_t> kernel_number(char const* path) {
  auto const text = read_file(path);
  if (!text) return std::nullopt;
  return parse_integer(trim(*text));
}

std::vector<std::string> render_nodes() {
  std::vector<std::string> found;
  std::error_code problem;
  for (auto const& entry : std::filesystem::directory_iterator("/sys/class/drm", problem)) {
    auto const name = entry.path().filename().string();
    if (!name.starts_with("renderD")) continue;
    auto const vendor = read_file(entry.path() / "device/vendor");
    auto const device = read_file(entry.path() / "device/device");
    found.push_back(
        name + (vendor && device ? " " + std::string(trim(*vendor)) + ":" + std::string(trim(*device)) : ""));
  }
  std::ranges::sort(found);
  return found;
}

}  // namespace

bool user_namespaces_allowed() {
  return kernel_number("/proc/sys/user/max_user_namespaces").value_or(0) > 0 &&
         kernel_number("/proc/sys/kernel/unprivileged_userns_clone").value_or(1) != 0 &&
         kernel_number("/proc/sys/kernel/apparmor_restrict_unprivileged_userns").value_or(0) == 0;
}

Async<Result<protocol::broker::Host>> host_report(docker::Engine& engine, Runtimes const& runtimes,
                                                  Policy policy) {
  auto const version = co_await engine.version();
  if (!version) co_return version.error().within("ask the engine for its version");
  auto const info = co_await engine.info();
  if (!info) co_return info.error().within("ask the engine about the host");

  protocol::broker::Host host;
  host.docker_version = version->engine;
  host.api_version = version->spoken;
  host.live_restore = info->live_restore;
  host.kernel = info->kernel;
  host.operating_system = info->operating_system;
  host.cgroup = info->cgroup_version == "2" ? "v2" : "v1";
  host.cores = static_cast<double>(info->cores);
  host.memory_bytes = info->memory_bytes;
  host.storage_driver = info->storage_driver;
  host.security = info->security_options;
  host.gpus = render_nodes();
  host.user_namespaces = user_namespaces_allowed();
  host.networks = policy.networks;
  host.runtimes = runtimes.list();
  struct statvfs disk{};
  if (::statvfs(info->root_directory.c_str(), &disk) == 0) {
    auto const block = static_cast<std::int64_t>(disk.f_frsize);
    host.disk_total_bytes = static_cast<std::int64_t>(disk.f_blocks) * block;
    host.disk_used_bytes = static_cast<std::int64_t>(disk.f_blocks - disk.f_bavail) * block;
  }
  co_return host;
}

}  // namespace oriel::broker
