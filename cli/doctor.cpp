#include <algorithm>
#include <cstdio>

#include <arpa/inet.h>
#include <boost/describe/class.hpp>
#include <netinet/in.h>
#include <sys/socket.h>
#include <sys/statvfs.h>
#include <sys/timex.h>
#include <unistd.h>

#include "cli/commands.h"
#include "cli/engine_work.h"
#include "cli/host_findings.h"
#include "cli/secrets.h"
#include "cli/status.h"
#include "libs/base/file.h"
#include "libs/base/file_descriptor.h"
#include "libs/base/json.h"
#include "libs/base/text.h"
#include "libs/domain/health.h"

namespace oriel::cli {
namespace {

using domain::Finding;

struct Findings {
  bool healthy = true;
  std::vector<Finding> findings{};

  void add(Finding finding) {
    healthy = healthy && finding.state != "problem";
    findings.push_back(std::move(finding));
  }
  void ok(std::string check, std::string message) {
    findings.push_back({std::move(check), "ok", std::move(message), ""});
  }
  void warning(std::string check, std::string message, std::string mend) {
    findings.push_back({std::move(check), "warning", std::move(message), std::move(mend)});
  }
  void problem(std::string check, std::string message, std::string mend) {
    healthy = false;
    findings.push_back({std::move(check), "problem", std::move(message), std::move(mend)});
  }
};
BOOST_DESCRIBE_STRUCT(Findings, (), (healthy, findings))

void look_at_engine(docker::Info const& info, Findings& findings) {
  findings.ok("docker", info.engine_version + ", " + info.storage_driver + ", cgroup " + info.cgroup_version);
  if (info.live_restore) {
    findings.ok("live-restore", "sessions outlive a restart of Docker");
  } else {
    findings.warning("live-restore", "off: a restart or upgrade of Docker ends every session and service",
                     "put {\"live-restore\": true} into /etc/docker/daemon.json and send dockerd SIGHUP");
  }
  bool const seccomp = std::ranges::any_of(
      info.security_options, [](auto const& one) { return one.find("name=seccomp") != std::string::npos; });
  if (seccomp) {
    findings.ok("seccomp", "sessions are filtered");
  } else {
    findings.problem("seccomp", "the engine knows no seccomp: sessions reach the whole kernel",
                     "use a kernel and an engine with seccomp");
  }
  auto const& raw = info.raw;
  for (auto const* limit : {"MemoryLimit", "PidsLimit", "CpuCfsQuota"}) {
    auto const* value = raw.if_contains(limit);
    if (value != nullptr && value->is_bool() && !value->get_bool()) {
      findings.problem(
          "cgroup", std::string(limit) + " is not enforced: one session can take the host",
          "enable that controller of the kernel (boot parameters cgroup_enable=memory, or cgroup v2)");
    }
  }
}

void look_at_disk(std::string const& what, std::string const& path, Findings& findings) {
  struct statvfs disk{};
  if (::statvfs(path.c_str(), &disk) != 0) {
    findings.problem("disk", "cannot look at " + path, "is it mounted?");
    return;
  }
  auto const total = static_cast<std::int64_t>(disk.f_blocks) * static_cast<std::int64_t>(disk.f_frsize);
  auto const free = static_cast<std::int64_t>(disk.f_bavail) * static_cast<std::int64_t>(disk.f_frsize);
  findings.add(domain::judge_disk(what + " (" + path + ")", free, total));
}

void look_at_kernel(Findings& findings) {
  auto const number = [](char const* path, std::int64_t otherwise) {
    auto const text = read_file(path);
    return text ? parse_integer(trim(*text)).value_or(otherwise) : otherwise;
  };
  bool const allowed = number("/proc/sys/user/max_user_namespaces", 0) > 0 &&
                       number("/proc/sys/kernel/unprivileged_userns_clone", 1) != 0 &&
                       number("/proc/sys/kernel/apparmor_restrict_unprivileged_userns", 0) == 0;
  if (allowed) {
    findings.ok("user namespaces", "browsers in sessions have their full sandbox");
  } else {
    findings.warning("user namespaces",
                     "off: Chromium cannot start in sessions, Firefox has less of its sandbox",
                     "sysctl -w user.max_user_namespaces=15000 kernel.unprivileged_userns_clone=1; on Ubuntu "
                     "kernel.apparmor_restrict_unprivileged_userns=0");
  }
  timex clock{};
  int const state = ::adjtimex(&clock);
  if (state == TIME_ERROR || (clock.status & STA_UNSYNC) != 0) {
    findings.warning(
        "clock", "is not kept by a time service: sign-in codes, certificates and audit need the right time",
        "apt-get install chrony (or enable systemd-timesyncd)");
  } else {
    findings.ok("clock", "is kept by a time service");
  }
  auto const bbr = read_file("/proc/sys/net/ipv4/tcp_available_congestion_control");
  if (bbr && bbr->find("bbr") != std::string::npos) {
    findings.ok("bbr", "streams use it");
  } else {
    findings.warning("bbr", "this kernel has not loaded it: streams over lossy links are slower",
                     "modprobe tcp_bbr");
  }
}

void look_at_port(Installation const& installation, Findings& findings) {
  FileDescriptor const probe(::socket(AF_INET, SOCK_STREAM | SOCK_CLOEXEC, 0));
  sockaddr_in address{};
  address.sin_family = AF_INET;
  address.sin_port = htons(static_cast<std::uint16_t>(installation.port));
  address.sin_addr.s_addr = htonl(INADDR_LOOPBACK);
  if (::connect(probe.get(), reinterpret_cast<sockaddr const*>(&address), sizeof address) == 0) {
    findings.ok("port", std::to_string(installation.port) + " answers");
  } else {
    findings.problem("port", "nobody listens on " + std::to_string(installation.port),
                     "oriel up; then oriel logs proxy");
  }
}

void look_at_certificate(Installation const& installation, Findings& findings) {
  auto const days = certificate_days_left(installation);
  if (!days) {
    findings.problem("certificate", days.error().message, "oriel up makes a new one");
  } else {
    findings.add(domain::judge_certificate(*days));
  }
}

Async<> look_at_firewall(docker::Engine& engine, Installation installation, std::string image_id,
                         Findings& findings) {
  HostFacts facts;
  facts.services_image_id = std::move(image_id);
  auto const table = "oriel_" + replace_all(installation.instance, "-", "_");
  for (auto const* family : {"inet", "bridge"}) {
    auto specification = nft_spec(installation, facts, {"list", "table", family, table});
    auto const listed =
        co_await run_one_shot(engine, installation.container("doctor"), std::move(specification));
    if (!listed) {
      findings.problem("firewall",
                       std::string("the table ") + family + " " + table +
                           " is not there: sessions with a network are refused",
                       "docker restart " + installation.container("broker"));
      co_return;
    }
  }
  findings.ok("firewall", "tables " + table + " stand in both families");
}

void print(Findings const& findings) {
  for (auto const& one : findings.findings) {
    std::printf("%-8s %-16s %s\n", one.state.c_str(), one.check.c_str(), one.message.c_str());
    if (!one.mend.empty()) std::printf("         %-16s → %s\n", "", one.mend.c_str());
  }
  std::printf("%s\n", findings.healthy ? "nothing needs mending" : "something needs mending");
}

Async<Findings> look_at_all(Executor executor, Installation installation) {
  Findings findings;
  docker::Engine engine(executor, installation.docker_socket);
  auto const info = co_await engine.info();
  if (!info) {
    findings.problem("docker", info.error().message,
                     "start it: systemctl start docker, or ./up of the source tree");
  } else {
    look_at_engine(*info, findings);
    look_at_disk("images and sessions", info->root_directory, findings);
  }
  look_at_disk("home", installation.home, findings);
  look_at_kernel(findings);
  look_at_port(installation, findings);
  look_at_certificate(installation, findings);
  if (info) {
    auto const image = co_await engine.inspect_image(installation.services_image);
    if (image) {
      co_await look_at_firewall(engine, installation, image->id, findings);
    } else {
      findings.problem("image", "the service image " + installation.services_image + " is gone",
                       "./up of the source tree");
    }
    auto const status = co_await installation_status(executor, engine, installation);
    for (auto const& one : status.services) {
      if (one.state == "ready") {
        findings.ok(one.name, "ready");
      } else {
        findings.problem(one.name, one.state + (one.detail.empty() ? "" : ": " + one.detail),
                         "oriel up; then oriel logs " + one.name.substr(installation.instance.size() + 1));
      }
    }
    for (auto const& one : status.agents) {
      if (one.state == "online" || one.state == "disabled") {
        findings.ok("server", one.hostname + " is " + one.state);
      } else {
        findings.problem("server", one.hostname + " is " + one.state, "oriel logs agent on that host");
      }
    }
    if (status.agents.empty())
      findings.problem("server", "no agent has ever checked in", "oriel up; then oriel logs agent");
  }
  co_return findings;
}

/// Left for the administrators' page, which cannot look at the host itself. Replaced whole; a page without it
/// says so.
void leave_for_the_page(Installation const& installation, Findings const& findings) {
  domain::HostFindings const left{rfc3339(SystemClock().now()), findings.findings};
  (void)write_file(installation.path(std::string(domain::kHostFindingsFile)), json::write_text(left),
                   {0644, 0, 0});
}

Async<Result<int>> run_doctor(Executor executor, Installation installation, DoctorOptions const& options) {
  auto const findings = co_await look_at_all(executor, installation);
  leave_for_the_page(installation, findings);
  if (options.json) {
    std::printf("%s\n", json::write_text(findings).c_str());
  } else {
    print(findings);
  }
  co_return findings.healthy ? 0 : 1;
}

}  // namespace

Async<> leave_host_findings(Executor executor, Installation installation) {
  auto const findings = co_await look_at_all(executor, installation);
  leave_for_the_page(installation, findings);
}

Result<int> doctor(DoctorOptions const& options) {
  if (::geteuid() != 0) return fail(Code::kForbidden, "oriel doctor needs root");
  auto const installation = read_installation(options.home);
  if (!installation) return installation.error();
  return run_to_end([&](Executor executor) { return run_doctor(executor, *installation, options); });
}

}  // namespace oriel::cli
