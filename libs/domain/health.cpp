#include "libs/domain/health.h"

#include <array>
#include <cstdio>
#include <cstdlib>

namespace oriel::domain {
namespace {

constexpr double kLeastDiskFree = 0.10;
constexpr std::int64_t kLeastDiskBytes = 5LL * 1024 * 1024 * 1024;
constexpr long kCertificateDays = 21;
constexpr std::int64_t kClockApart = 2000;  // milliseconds

struct Meaning {
  std::string_view check;
  std::string_view text;
};
constexpr Meaning kMeanings[] = {
    {"database",
     "Everything that must not be lost is in it. Without it nobody signs in and no session starts; those "
     "that run stay."},
    {"redis", "The API's instances share their count of sign-in attempts through it."},
    {"manager", "It places sessions, keeps their deadlines and hears the servers."},
    {"agents", "A silent server starts no session; those on it run on."},
    {"clock", "Sign-ins, deadlines and the audit compare times of several machines."},
    {"disk", "A full disk stops launches, images and the database."},
    {"certificate", "Browsers refuse an address whose certificate has ended."},
    {"web app", "The pages that browsers load."},
    {"host", "What only the host can see: Docker, the firewall, the kernel, the port."},
    {"docker", "Every session is one of its containers."},
    {"live-restore", "Without it an upgrade of Docker ends every session."},
    {"seccomp", "It keeps sessions from most of the kernel."},
    {"cgroup", "It keeps one session from taking the whole host."},
    {"user namespaces", "Browsers in sessions need them for their own sandbox."},
    {"bbr", "It keeps streams quick over lossy networks."},
    {"port", "Where browsers come."},
    {"firewall", "It keeps sessions from the host, from one another and from private networks."},
    {"image", "All services are started from it."},
    {"server", "A machine that runs sessions."},
};

std::string gibibytes(std::int64_t bytes) {
  std::array<char, 32> text{};
  std::snprintf(text.data(), text.size(), "%.1f GiB",
                static_cast<double>(bytes) / (1024.0 * 1024.0 * 1024.0));
  return text.data();
}

}  // namespace

Finding judge_disk(std::string const& what, std::int64_t free_bytes, std::int64_t total_bytes) {
  auto message = what + ": " + gibibytes(free_bytes) + " of " + gibibytes(total_bytes) + " free";
  std::string const mend = "Remove images that nobody uses (docker image prune), or enlarge the disk.";
  bool const tight = free_bytes < kLeastDiskBytes ||
                     static_cast<double>(free_bytes) < kLeastDiskFree * static_cast<double>(total_bytes);
  if (free_bytes < kLeastDiskBytes / 5) return {"disk", "problem", std::move(message), mend};
  if (tight) return {"disk", "warning", std::move(message), mend};
  return {"disk", "ok", std::move(message), ""};
}

Finding judge_certificate(long days_left) {
  std::string const mend = "oriel up makes a new one; a given one: oriel up --cert FILE --key FILE";
  if (days_left < 0)
    return {"certificate", "problem", "ended " + std::to_string(-days_left) + " days ago", mend};
  if (days_left < kCertificateDays)
    return {"certificate", "warning", "ends in " + std::to_string(days_left) + " days", mend};
  return {"certificate", "ok", "valid for " + std::to_string(days_left) + " days", ""};
}

Finding judge_clock(std::string const& whose, std::int64_t milliseconds_apart) {
  auto const apart = std::abs(milliseconds_apart);
  auto message = whose + ": " + std::to_string(apart) + " ms apart";
  if (apart < kClockApart) return {"clock", "ok", std::move(message), ""};
  return {"clock", "warning", std::move(message),
          "Let a time service keep both clocks: apt-get install chrony (or enable systemd-timesyncd)."};
}

std::string_view meaning_of(std::string_view check) {
  for (auto const& one : kMeanings) {
    if (one.check == check) return one.text;
  }
  return {};
}

}  // namespace oriel::domain
