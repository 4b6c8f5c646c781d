#include "libs/base/resident_memory.h"

#include <string>
#include <string_view>

#include "libs/base/file.h"
#include "libs/base/text.h"

namespace oriel {
namespace {

/// The number after a word at the beginning of a line.
std::int64_t number_after(std::string const& text, std::string_view word) {
  for (auto const line : split(text, '\n')) {
    if (!line.starts_with(word)) continue;
    auto rest = trim(line.substr(word.size()));
    return parse_integer(rest.substr(0, rest.find(' '))).value_or(0);
  }
  return 0;
}

std::int64_t of_cgroup(std::string const& cgroups) {
  for (auto const line : split(cgroups, '\n')) {
    auto const parts = split(line, ':', 3);
    if (parts.size() != 3) continue;
    if (parts[1] == "memory") {
      auto const text = read_file("/sys/fs/cgroup/memory" + std::string(parts[2]) + "/memory.stat");
      if (text) return number_after(*text, "total_rss ");
    } else if (parts[0] == "0" && parts[1].empty() && parts[2] != "/") {
      auto const text = read_file("/sys/fs/cgroup" + std::string(parts[2]) + "/memory.stat");
      if (text) return number_after(*text, "anon ");
    }
  }
  return 0;
}

}  // namespace

std::int64_t resident_bytes(std::int64_t process) {
  auto const directory = "/proc/" + std::to_string(process);
  auto const cgroups = read_file(directory + "/cgroup");
  if (!cgroups) return 0;
  if (auto const bytes = of_cgroup(*cgroups); bytes > 0) return bytes;
  auto const status = read_file(directory + "/status");
  return status ? number_after(*status, "VmRSS:") * 1024 : 0;
}

}  // namespace oriel
