#include "services/agent/host_resources.h"

#include <algorithm>
#include <fstream>
#include <sstream>
#include <vector>

#include <sys/statvfs.h>
#include <sys/utsname.h>
#include <unistd.h>

#include "libs/base/version.h"

namespace oriel::agent {
namespace {

std::int64_t meminfo_bytes(std::string const& proc, std::string const& name) {
  std::ifstream file(proc + "/meminfo");
  std::string key;
  std::int64_t kibibytes = 0;
  std::string unit;
  std::string line;
  while (std::getline(file, line)) {
    std::istringstream words(line);
    if (words >> key >> kibibytes && key == name + ":") return kibibytes * 1024;
  }
  return 0;
}

}  // namespace

HostResources::HostResources(Options const& options, std::string proc)
    : options_(options), proc_(std::move(proc)), last_(read_ticks()) {}

HostResources::Ticks HostResources::read_ticks() const {
  std::ifstream file(proc_ + "/stat");
  std::string cpu;
  file >> cpu;
  Ticks ticks;
  std::uint64_t value = 0;
  // user nice system idle iowait irq softirq steal; guest time is in user already (proc(5)).
  for (int column = 0; column < 8 && file >> value; ++column) {
    ticks.all += value;
    if (column != 3 && column != 4) ticks.busy += value;
  }
  return ticks;
}

protocol::agent::Resources HostResources::read(protocol::broker::Host const& host, std::int64_t sessions) {
  protocol::agent::Resources resources;
  resources.hostname = options_.hostname;
  resources.address = options_.address;
  resources.sessions = sessions;
  resources.version = std::string(version());

  resources.cores_total = host.cores > 0 ? host.cores : static_cast<double>(::sysconf(_SC_NPROCESSORS_ONLN));
  auto const ticks = read_ticks();
  if (ticks.all > last_.all) {
    auto const busy = static_cast<double>(ticks.busy - std::min(last_.busy, ticks.busy));
    resources.cpu_percent = std::clamp(100.0 * busy / static_cast<double>(ticks.all - last_.all), 0.0, 100.0);
  }
  last_ = ticks;
  std::ifstream load(proc_ + "/loadavg");
  load >> resources.load_1;

  resources.memory_total_bytes = meminfo_bytes(proc_, "MemTotal");
  resources.memory_used_bytes = resources.memory_total_bytes - meminfo_bytes(proc_, "MemAvailable");
  resources.disk_total_bytes = host.disk_total_bytes;
  resources.disk_used_bytes = host.disk_used_bytes;
  struct statvfs disk{};
  if (resources.disk_total_bytes == 0 && ::statvfs(options_.disk_path.c_str(), &disk) == 0) {
    auto const block = static_cast<std::int64_t>(disk.f_frsize);
    resources.disk_total_bytes = static_cast<std::int64_t>(disk.f_blocks) * block;
    resources.disk_used_bytes = resources.disk_total_bytes - static_cast<std::int64_t>(disk.f_bavail) * block;
  }

  resources.gpus = host.gpus;
  resources.docker_version = host.docker_version;
  resources.api_version = host.api_version;
  resources.kernel = host.kernel;
  resources.operating_system = host.operating_system;
  resources.cgroup = host.cgroup;
  resources.live_restore = host.live_restore;
  resources.user_namespaces = host.user_namespaces;
  if (resources.kernel.empty()) {
    struct utsname names{};
    if (::uname(&names) == 0) resources.kernel = names.release;
  }
  return resources;
}

}  // namespace oriel::agent
