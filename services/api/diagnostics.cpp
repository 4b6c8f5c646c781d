#include "services/api/diagnostics.h"

#include <chrono>
#include <map>

#include <sys/statvfs.h>
#include <unistd.h>

#include "libs/base/clock.h"
#include "libs/base/file.h"
#include "libs/base/resident_memory.h"
#include "libs/base/text.h"
#include "libs/base/version.h"
#include "libs/store/agents.h"
#include "libs/store/migrations.h"
#include "libs/store/service_reports.h"
#include "services/api/views.h"

namespace oriel::api {
namespace {

using domain::Finding;

/// The host's findings older than that say little about today.
constexpr std::chrono::hours kHostFindingsAge{24 * 7};
constexpr std::int64_t kServerDiskFull = 97;   // percent
constexpr std::int64_t kServerDiskTight = 90;  // percent

#ifdef ORIEL_FAILPOINTS
constexpr bool kIsTestBuild = true;
#else
constexpr bool kIsTestBuild = false;
#endif

json::Value time_or_null(std::optional<WallTime> const& time) {
  if (!time) return nullptr;
  return json::Value(rfc3339(*time));
}

std::string text_member(json::Object const& object, std::string_view name) {
  auto const* const value = object.if_contains(name);
  if (value == nullptr || !value->is_string()) return {};
  return std::string(std::string_view(value->get_string()));
}

json::Object service_view(std::string name, std::string_view state, std::string version,
                          std::optional<std::int64_t> memory, std::optional<WallTime> seen,
                          std::string detail) {
  json::Value bytes(nullptr);
  if (memory && *memory > 0) bytes = *memory;
  return {{"name", std::move(name)},       {"state", state},
          {"version", std::move(version)}, {"memory_bytes", std::move(bytes)},
          {"seen_at", time_or_null(seen)}, {"detail", std::move(detail)}};
}

}  // namespace

struct Diagnostics::Page {
  std::vector<Finding> checks{};
  json::Array services{};
  json::Array servers{};

  void ok(std::string check, std::string message) {
    checks.push_back({std::move(check), "ok", std::move(message), ""});
  }
  void warning(std::string check, std::string message, std::string mend) {
    checks.push_back({std::move(check), "warning", std::move(message), std::move(mend)});
  }
  void problem(std::string check, std::string message, std::string mend) {
    checks.push_back({std::move(check), "problem", std::move(message), std::move(mend)});
  }
  void unknown(std::string check, std::string message, std::string mend) {
    checks.push_back({std::move(check), "unknown", std::move(message), std::move(mend)});
  }
};

Diagnostics::Diagnostics(postgres::Database& database, redis::Redis& redis, Options const& options,
                         WebFiles const& files)
    : database_(database),
      redis_(redis),
      options_(options),
      files_(files),
      process_("api-" + ManagerId::random().text().substr(0, 12)) {}

Async<> Diagnostics::look_at_database(Page& page) {
  auto const begin = std::chrono::steady_clock::now();
  auto const before = SystemClock().now();
  auto rows = co_await database_.query(
      "select current_setting('server_version') as version, clock_timestamp() as now, "
      "pg_database_size(current_database()) as bytes");
  auto const took =
      std::chrono::duration_cast<std::chrono::milliseconds>(std::chrono::steady_clock::now() - begin);
  if (!rows) {
    page.problem("database", "does not answer: " + rows.error().message, "oriel status; oriel logs db");
    page.services.push_back(service_view("database", "unavailable", "", {}, {}, rows.error().message));
    co_return;
  }
  auto const row = rows->front();
  auto const megabytes = std::to_string(row.integer("bytes") / (1024 * 1024)) + " MiB";
  page.services.push_back(
      service_view("database", "ready", row.text("version"), {}, SystemClock().now(),
                   megabytes + " of data, answered in " + std::to_string(took.count()) + " ms"));
  // The answer's time lies between the question and now: the middle is the best guess.
  auto const apart =
      std::chrono::duration_cast<std::chrono::milliseconds>(row.time("now") - before - took / 2);
  page.checks.push_back(domain::judge_clock("the API and the database", apart.count()));

  auto version = co_await store::schema_version(database_);
  auto const newest = store::migrations().back().number;
  if (version && *version == newest) {
    page.ok("database", "answers; its schema is number " + std::to_string(newest));
  } else {
    page.problem("database", "its schema is not the one of this release", "oriel up brings it up to date");
  }
}

Async<> Diagnostics::look_at_redis(Page& page) {
  // Any allowed command will do: what counts is that it answers.
  auto answered = co_await redis_.command("PTTL", "oriel:" + options_.instance + ":throttle:diagnostics");
  if (answered) {
    page.ok("redis", "answers");
    page.services.push_back(service_view("redis", "ready", "", {}, SystemClock().now(), ""));
  } else {
    page.warning("redis", "does not answer: " + answered.error().message,
                 "oriel status; oriel logs redis. Until then each API counts sign-in attempts by itself.");
    page.services.push_back(service_view("redis", "unavailable", "", {}, {}, answered.error().message));
  }
}

Async<> Diagnostics::look_at_services(Page& page) {
  page.services.push_back(service_view("api", "ready", std::string(version()), resident_bytes(::getpid()),
                                       SystemClock().now(), "answers this page"));
  page.services.push_back(
      service_view("proxy", "ready", "", {}, SystemClock().now(), "this page came through it"));
  auto reports = co_await store::list_service_reports(database_);
  if (!reports) {
    page.unknown("manager", "the database does not tell", "Mend the database first.");
    co_return;
  }
  bool manager = false;
  auto const now = SystemClock().now();
  for (auto const& report : *reports) {
    if (report.process == process_) continue;
    auto const silent = now - report.reported_at > store::kServiceSilent;
    // A process that was replaced says nothing any more; only the last of a service is missed.
    if (silent && (report.service != "manager" || manager)) continue;
    auto const* const state = silent ? "unavailable" : report.ready ? "ready" : "degraded";
    page.services.push_back(service_view(report.service, state, report.version, report.memory_bytes,
                                         report.reported_at, report.detail));
    if (report.service != "manager" || manager) continue;
    manager = true;
    if (silent) {
      page.problem("manager", "has been silent since " + rfc3339(report.reported_at),
                   "oriel status; oriel logs manager");
    } else if (!report.ready) {
      page.problem("manager", "is not ready: " + report.detail, "oriel logs manager");
    } else {
      page.ok("manager", "reports and is ready");
    }
  }
  if (!manager) page.problem("manager", "has not reported yet", "oriel status; oriel logs manager");
}

Async<> Diagnostics::look_at_servers(Page& page) {
  auto agents = co_await store::list_agents(database_);
  if (!agents) {
    page.unknown("agents", "the database does not tell", "Mend the database first.");
    co_return;
  }
  if (agents->empty()) {
    page.problem("agents", "no server has ever checked in", "oriel up; then oriel logs agent");
    co_return;
  }
  std::size_t online = 0;
  for (auto const& agent : *agents) {
    auto const view = server_view(agent, {});  // what may be reserved is not asked for here
    auto const state = text_member(view, "state");
    auto const* const reported = agent.resources.if_contains("clock_difference_ms");
    auto const clock_difference = reported ? *reported : json::Value();
    page.servers.push_back(json::Object{{"hostname", agent.hostname},
                                        {"state", state},
                                        {"last_seen_at", view.at("last_seen_at")},
                                        {"version", agent.version},
                                        {"docker_version", view.at("docker_version")},
                                        {"kernel", view.at("kernel")},
                                        {"operating_system", view.at("operating_system")},
                                        {"clock_difference_ms", clock_difference}});
    if (state == "suspect" || state == "unreachable") {
      page.problem("agents", agent.hostname + " is " + state, "oriel logs agent, on that host");
      continue;
    }
    ++online;
    if (auto const* const apart = clock_difference.if_int64())
      page.checks.push_back(domain::judge_clock(agent.hostname + " and the database", *apart));
    if (agent.version != version()) {
      page.warning("agents",
                   agent.hostname + " runs version " + agent.version + ", this is " + std::string(version()),
                   "Bring that host up to date.");
    }
    if (!view.at("live_restore").as_bool()) {
      page.warning(
          "live-restore", agent.hostname + ": a restart of Docker ends every session",
          "Put {\"live-restore\": true} into /etc/docker/daemon.json there and send dockerd SIGHUP.");
    }
    if (!view.at("user_namespaces").as_bool()) {
      page.warning("user namespaces", agent.hostname + ": browsers in sessions have less of their sandbox",
                   "sysctl -w user.max_user_namespaces=15000 kernel.unprivileged_userns_clone=1, there");
    }
    auto const total = view.at("disk_total_bytes").as_int64();
    auto const used = view.at("disk_used_bytes").as_int64();
    auto const percent = total > 0 ? used * 100 / total : 0;
    if (percent >= kServerDiskTight) {
      page.checks.push_back(
          {"disk", percent >= kServerDiskFull ? "problem" : "warning",
           agent.hostname + ": " + std::to_string(percent) + " % of Docker's disk is used",
           "Remove images that nobody uses there (docker image prune), or enlarge the disk."});
    }
  }
  if (online > 0)
    page.ok("agents", std::to_string(online) + " of " + std::to_string(agents->size()) + " check in");
}

void Diagnostics::look_at_disk(Page& page) const {
  struct statvfs disk{};
  // The home itself is not mounted here; the directory of our socket lies on the same file system.
  auto const path = options_.home + "/run/api";
  if (::statvfs(path.c_str(), &disk) != 0) {
    page.unknown("disk", "the home's disk cannot be seen from here", "oriel doctor, on the host");
    return;
  }
  auto const block = static_cast<std::int64_t>(disk.f_frsize);
  page.checks.push_back(domain::judge_disk("the home", static_cast<std::int64_t>(disk.f_bavail) * block,
                                           static_cast<std::int64_t>(disk.f_blocks) * block));
}

void Diagnostics::look_at_host(Page& page) const {
  auto const text = read_file(options_.home + "/" + std::string(domain::kHostFindingsFile));
  if (!text) {
    page.unknown("host", "nobody has looked at the host yet", "oriel doctor, on the host");
    return;
  }
  auto const host = json::parse_as<domain::HostFindings>(*text, json::Unknown::kIgnore);
  auto const at = host ? parse_rfc3339(host->checked_at) : std::nullopt;
  if (!at) {
    page.unknown("host", "what was left by oriel doctor cannot be read", "oriel doctor, on the host");
    return;
  }
  if (SystemClock().now() - *at > kHostFindingsAge) {
    page.warning("host", "was last looked at on " + host->checked_at, "oriel doctor, on the host");
  } else {
    page.ok("host", "was looked at on " + host->checked_at);
  }
  for (auto finding : host->findings) {
    // Services and servers are seen here as they are now.
    auto const is_service = finding.check.starts_with(options_.instance + "-");
    if (is_service || finding.check == "server" || domain::meaning_of(finding.check).empty()) continue;
    if (finding.state != "ok" && finding.state != "warning" && finding.state != "problem") continue;
    finding.message = to_utf8(finding.message, 512);
    finding.mend = to_utf8(finding.mend, 512);
    page.checks.push_back(std::move(finding));
  }
}

Async<json::Object> Diagnostics::look() {
  Page page;
  co_await look_at_database(page);
  co_await look_at_redis(page);
  co_await look_at_services(page);
  co_await look_at_servers(page);
  look_at_disk(page);
  if (files_.has("/index.html")) {
    page.ok("web app", "its pages are there");
  } else {
    page.problem("web app", "no index.html in " + options_.web_root, "./up of the source tree");
  }
  look_at_host(page);

  json::Array checks;
  for (auto const& state : {"problem", "warning", "unknown", "ok"}) {
    for (auto const& finding : page.checks) {
      if (finding.state != state) continue;
      checks.push_back(json::Object{{"check", finding.check},
                                    {"state", finding.state},
                                    {"message", finding.message},
                                    {"meaning", domain::meaning_of(finding.check)},
                                    {"mend", finding.mend}});
    }
  }
  json::Object view{{"checked_at", rfc3339(SystemClock().now())},
                    {"version", std::string(version()) + " (" + std::string(commit()) + ")"},
                    {"test_build", kIsTestBuild},
                    {"checks", std::move(checks)},
                    {"services", std::move(page.services)},
                    {"servers", std::move(page.servers)}};
  view["text"] = text_of_diagnostics(view);
  co_return view;
}

Async<Result<>> Diagnostics::report() {
  store::ServiceReport report{"api",
                              process_,
                              std::string(version()),
                              files_.has("/index.html"),
                              redis_.connected() ? "" : "redis does not answer",
                              resident_bytes(::getpid()),
                              {}};
  auto reported = co_await store::report_service(database_, std::move(report));
  co_return reported;
}

std::string text_of_diagnostics(json::Object const& page) {
  auto const member = [](json::Object const& object, std::string_view name) {
    return text_member(object, name);
  };
  std::string text = "Oriel " + member(page, "version") + ", looked at " + member(page, "checked_at") + "\n";
  if (page.at("test_build").as_bool()) text += "This is a test build.\n";
  text += "\nChecks\n";
  for (auto const& one : page.at("checks").as_array()) {
    auto const& check = one.as_object();
    text += "  " + member(check, "state") + "  " + member(check, "check") + ": " + member(check, "message") +
            "\n";
    if (!member(check, "mend").empty()) text += "      -> " + member(check, "mend") + "\n";
  }
  text += "\nServices\n";
  for (auto const& one : page.at("services").as_array()) {
    auto const& service = one.as_object();
    text +=
        "  " + member(service, "name") + "  " + member(service, "state") + "  " + member(service, "version");
    if (service.at("memory_bytes").is_int64()) {
      text += "  " + std::to_string(service.at("memory_bytes").get_int64() / (1024 * 1024)) + " MiB";
    }
    if (!member(service, "detail").empty()) text += "  " + member(service, "detail");
    text += "\n";
  }
  text += "\nServers\n";
  for (auto const& one : page.at("servers").as_array()) {
    auto const& server = one.as_object();
    text += "  " + member(server, "hostname") + "  " + member(server, "state") + "  last seen " +
            member(server, "last_seen_at") + "  version " + member(server, "version") + ", Docker " +
            member(server, "docker_version") + ", kernel " + member(server, "kernel") + ", " +
            member(server, "operating_system") + "\n";
  }
  return text;
}

}  // namespace oriel::api
