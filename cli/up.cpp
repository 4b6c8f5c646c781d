#include <algorithm>
#include <array>
#include <cstdio>
#include <filesystem>
#include <thread>

#include <signal.h>
#include <sys/stat.h>
#include <unistd.h>

#include "cli/commands.h"
#include "cli/engine_work.h"
#include "cli/host_findings.h"
#include "cli/progress.h"
#include "cli/proxy_configuration.h"
#include "cli/secrets.h"
#include "libs/async/sleep.h"
#include "libs/base/file.h"
#include "libs/base/json.h"
#include "libs/base/text.h"
#include "libs/crypto/crypto.h"

namespace oriel::cli {
namespace {

constexpr std::chrono::seconds kReadyDeadline{60};
constexpr std::chrono::milliseconds kLookEvery{100};
constexpr std::chrono::seconds kSurplusGrace{20};
constexpr std::size_t kImagesBytes = 8 * 1024 * 1024;

struct PolicyFile {
  std::string agent;
  std::vector<std::string> images;
  double cores;
  std::int64_t memory_bytes, shm_bytes, pids, sessions;
  std::vector<std::string> networks, environment;
};
BOOST_DESCRIBE_STRUCT(PolicyFile, (),
                      (agent, images, cores, memory_bytes, shm_bytes, pids, sessions, networks, environment))

/// What was, changed by what was asked for.
Result<Installation> merged(UpOptions const& options) {
  Installation installation;
  auto const home = options.home.empty() ? default_home(options.instance) : options.home;
  auto const before = read_installation(home);
  if (before) {
    installation = *before;
    if (installation.instance != options.instance) {
      return fail(Code::kConflict, home + " is the home of the instance " + installation.instance +
                                       ": give --instance " + installation.instance + ", or another --home");
    }
  } else if (before.error().code != Code::kNotFound) {
    return before.error();
  }
  installation.instance = options.instance;
  installation.home = home;
  if (options.port) installation.port = *options.port;
  if (options.public_urls) installation.public_urls = *options.public_urls;
  if (options.trusted_proxies) installation.trusted_proxies = *options.trusted_proxies;
  for (auto const& words : options.scale) {
    auto const set = set_scale(installation.scale, words);
    if (!set) return set.error();
  }
  if (!options.services_image.empty()) installation.services_image = options.services_image;
  if (!options.docker_socket.empty()) installation.docker_socket = options.docker_socket;
  if (installation.services_image.empty()) {
    return fail(Code::kInvalid,
                "no service image is known yet: run ./up of the source tree, or give --services-image");
  }
  auto const good = check(installation);
  if (!good) return good.error();
  settle(installation);
  return installation;
}

Result<> write_policy(Installation const& installation, docker::Info const& info) {
  auto const path = installation.path("policy.json");
  if (std::filesystem::exists(path)) return {};  // it is the operator's from then on
  PolicyFile policy;
  policy.agent = installation.instance;
  policy.images = {"*"};
  policy.cores = static_cast<double>(info.cores);
  policy.memory_bytes = info.memory_bytes;
  policy.shm_bytes = info.memory_bytes / 4;
  policy.pids = 4096;
  policy.sessions = 200;
  policy.networks = {"none", "internet", "lan"};
  policy.environment = {"*"};
  return write_file(path, json::write_text(policy) + "\n", {0644, 0, 0});
}

Result<> set_runtime(Installation const& installation, std::string const& hash) {
  auto const newest = installation.path("runtime/newest");
  if (hash.empty()) {
    if (std::filesystem::exists(newest)) return {};
    return fail(Code::kInvalid,
                "no runtime tree is known yet: run ./up of the source tree, or give --runtime");
  }
  if (!std::filesystem::exists(installation.path("runtime/" + hash + "/bin/oriel-init"))) {
    return fail(Code::kNotFound, "there is no runtime tree " + installation.path("runtime/" + hash));
  }
  auto const before = read_file(newest);
  if (before && trim(*before) == hash) return {};
  return write_file(newest, hash + "\n", {0644, 0, 0});
}

/// Everything about one `up`, step by step.
class Up {
 public:
  Up(Executor executor, Installation installation, UpOptions const& options, Progress& progress)
      : executor_(executor),
        installation_(std::move(installation)),
        options_(options),
        progress_(progress),
        engine_(executor, installation_.docker_socket) {}

  [[nodiscard]] Async<Result<int>> run() {
    auto const prepared = co_await prepare();
    if (!prepared) co_return prepared.error();
    auto const configured = co_await configure_proxy();
    if (!configured) co_return configured.error();
    auto const data = co_await start_data();
    if (!data) co_return data.error();
    auto const setup = co_await run_setup();
    if (!setup) co_return setup.error();
    auto const services = co_await start_services();
    if (!services) co_return services.error();
    co_await leave_host_findings(executor_, installation_);
    co_return finish();
  }

 private:
  [[nodiscard]] Async<Result<>> prepare() {
    auto const info = co_await engine_.info();
    if (!info) co_return info.error().within("reach Docker at " + installation_.docker_socket);
    auto const image = co_await engine_.inspect_image(installation_.services_image);
    if (!image) co_return image.error().within("find the service image " + installation_.services_image);

    auto const data_label = image->labels.find("oriel.data");
    if (data_label == image->labels.end())
      co_return fail(Code::kInvalid, installation_.services_image + " is not a service image of Oriel");
    auto const data_image = co_await engine_.inspect_image(data_label->second);
    if (!data_image) co_return data_image.error().within("find the image of the data services");

    auto const layout = make_layout(installation_);
    if (!layout) co_return layout.error();
    auto const secrets = make_secrets(installation_);
    if (!secrets) co_return secrets.error();
    auto const credentials = make_credentials(installation_);
    if (!credentials) co_return credentials.error();
    credentials_ = *credentials;
    auto const authority = make_authority(installation_);
    if (!authority) co_return authority.error();
    auto const certificate = make_server_certificate(installation_, options_.certificate, options_.key);
    if (!certificate) co_return certificate.error();
    certificate_changed_ = *certificate;
    auto const policy = write_policy(installation_, *info);
    if (!policy) co_return policy.error();
    auto const runtime = set_runtime(installation_, options_.runtime);
    if (!runtime) co_return runtime.error();
    if (!options_.images.empty()) {
      auto const images = read_file(options_.images, kImagesBytes);
      if (!images) co_return images.error().within("read --images");
      auto const written = write_file(installation_.path("images.json"), *images, {0644, 0, 0});
      if (!written) co_return written.error();
    }
    auto const written = write_installation(installation_);
    if (!written) co_return written.error();

    std::array<char, 256> hostname{};
    ::gethostname(hostname.data(), hostname.size() - 1);
    facts_.hostname = hostname.data();
    facts_.services_image_id = image->id;
    facts_.data_image_id = data_image->id;
    facts_.docker_root = info->root_directory;
    facts_.has_resolved = std::filesystem::exists("/run/systemd/resolve");
    // How many there are is nothing that a service reads: the others run on when it changes.
    auto read_by_services = installation_;
    read_by_services.scale = {};
    facts_.config_hash = crypto::sha256_hex(json::write_text(read_by_services));
    progress_.say("home " + installation_.home + ": configuration, secrets, certificates");
    co_return Result<>{};
  }

  /// Checked in a container of its own before it is put in place: a bad file never takes the proxy down.
  [[nodiscard]] Async<Result<>> configure_proxy() {
    auto const workers = std::max(1U, std::min(4U, std::thread::hardware_concurrency()));
    auto const wanted = proxy_configuration(installation_, workers);
    auto const path = installation_.path("proxy/nginx.conf");
    auto const before = read_file(path);
    if (before && *before == wanted && !certificate_changed_) co_return Result<>{};
    auto const candidate = installation_.path("proxy/nginx.conf.new");
    auto const written = write_file(candidate, wanted, {0644, 0, 0});
    if (!written) co_return written.error();
    auto const checked = co_await run_one_shot(engine_, installation_.container("nginx-check"),
                                               nginx_check_spec(installation_, facts_, candidate));
    if (!checked) co_return checked.error().within("check the proxy's configuration");
    auto const placed = put_in_place(candidate, path);
    if (!placed) co_return placed.error();
    proxy_changed_ = true;
    progress_.say("proxy configuration checked");
    co_return Result<>{};
  }

  [[nodiscard]] Async<Result<Change>> ensure(std::string service) {
    auto const wanted = service_container(service, installation_, facts_);
    auto change = co_await ensure_container(engine_, wanted);
    if (change && *change != Change::kKept) changed_ += (changed_.empty() ? "" : ", ") + wanted.name;
    co_return change;
  }

  [[nodiscard]] Async<Result<>> start_data() {
    for (auto const* service : {"db", "redis"}) {
      auto const change = co_await ensure(service);
      if (!change) co_return change.error();
    }
    auto const database = installation_.path("run/db/.s.PGSQL.5432");
    auto const there = co_await until(
        [database] {
          struct stat status{};
          return ::stat(database.c_str(), &status) == 0 && S_ISSOCK(status.st_mode);
        },
        installation_.container("db"));
    if (!there) co_return there.error();
    progress_.say("PostgreSQL and Redis run");
    co_return Result<>{};
  }

  [[nodiscard]] Async<Result<>> setup(std::vector<std::string> arguments) {
    std::vector<std::string> command{"/usr/bin/oriel-setup"};
    command.insert(command.end(), arguments.begin(), arguments.end());
    command.insert(command.end(), {"--config", installation_.config_path()});
    auto const done = co_await run_one_shot(engine_, installation_.container("setup"),
                                            one_shot_spec(installation_, facts_, command));
    if (!done) co_return done.error().within("oriel-setup " + arguments.front());
    co_return Result<>{};
  }

  [[nodiscard]] Async<Result<>> run_setup() {
    std::vector<std::string> const make_database{"database"};
    auto const database = co_await setup(make_database);
    if (!database) co_return database.error();
    std::vector<std::string> const make_users{"first-users", "--credentials",
                                              installation_.credentials_path()};
    auto const users = co_await setup(make_users);
    if (!users) co_return users.error();
    if (std::filesystem::exists(installation_.path("images.json"))) {
      std::vector<std::string> const register_images{"images", "--file", installation_.path("images.json")};
      auto const images = co_await setup(register_images);
      if (!images) co_return images.error();
    }
    if (!std::filesystem::exists(installation_.path("agent/agent.crt"))) {
      auto const token = installation_.path("agent/enrolment.token");
      std::vector<std::string> const make_token{"enrolment-token", "--output", token};
      auto const made = co_await setup(make_token);
      if (!made) co_return made.error();
      if (::chown(token.c_str(), users::kAgent, users::kAgent) != 0 || ::chmod(token.c_str(), 0400) != 0) {
        co_return fail_errno("give the agent " + token, errno);
      }
    }
    progress_.say("database schema, users and workspaces are up to date");
    co_return Result<>{};
  }

  [[nodiscard]] Async<Result<>> start_services() {
    for (auto const& service : service_names(installation_)) {
      if (service == "db" || service == "redis") continue;  // they run
      auto const change = co_await ensure(service);
      if (!change) co_return change.error();
      if (service == "proxy" && *change == Change::kKept && (proxy_changed_ || certificate_changed_)) {
        auto const reloaded = co_await reload_proxy();
        if (!reloaded) co_return reloaded.error().within("reload the proxy");
      }
    }
    for (auto const& service : service_names(installation_)) {
      auto const container = service_container(service, installation_, facts_);
      if (container.ready_socket.empty()) continue;
      auto const ready = co_await until_ready(container);
      if (!ready) co_return ready.error();
    }
    auto const proxy = co_await proxy_runs();
    if (!proxy) co_return proxy.error();
    auto const ended = co_await end_surplus();
    if (!ended) co_return ended.error();
    progress_.say(changed_.empty() ? "all services were ready already" : "ready; started: " + changed_);
    co_return Result<>{};
  }

  /// Instances above the number that is wanted now. The proxy has been told already: nobody is sent to them.
  [[nodiscard]] Async<Result<>> end_surplus() {
    auto const wanted = service_names(installation_);
    docker::Labels labels{{"oriel.instance", installation_.instance}, {"oriel.service", ""}};
    auto const present = co_await engine_.list_containers(std::move(labels));
    if (!present) co_return present.error();
    for (auto const& one : *present) {
      auto const label = one.labels.find("oriel.service");
      if (label == one.labels.end() || kind_of_service(label->second) == label->second) continue;
      if (std::ranges::find(wanted, label->second) != wanted.end()) continue;
      auto const stopped = co_await engine_.stop_container(one.id, kSurplusGrace);
      if (!stopped && stopped.error().code != Code::kNotFound)
        co_return stopped.error().within("stop " + one.name);
      auto const removed = co_await engine_.remove_container(one.id);
      if (!removed && removed.error().code != Code::kNotFound)
        co_return removed.error().within("remove " + one.name);
      progress_.say("ended " + one.name);
    }
    co_return Result<>{};
  }

  /// By the host's pid: any signal through the engine counts as "stopped by hand", and the engine would never
  /// restart it again.
  [[nodiscard]] Async<Result<>> reload_proxy() {
    auto const proxy = co_await engine_.inspect_container(installation_.container("proxy"));
    if (!proxy) co_return proxy.error();
    auto const process = static_cast<pid_t>(proxy->state.process);
    if (process > 0 && ::kill(process, SIGHUP) != 0) co_return fail_errno("signal nginx", errno);
    co_return Result<>{};
  }

  [[nodiscard]] Async<Result<>> until_ready(ServiceContainer container) {
    auto const end = std::chrono::steady_clock::now() + kReadyDeadline;
    Readiness last;
    while (std::chrono::steady_clock::now() < end) {
      last = co_await readiness(executor_, container.ready_socket);
      if (last.ready) co_return Result<>{};
      co_await sleep_for(kLookEvery);
    }
    auto const log = co_await engine_.logs(container.name, 20);
    co_return fail(Code::kTimeout,
                   container.name + " is not ready: " + last.missing + "\n" + (log ? *log : std::string()));
  }

  /// The proxy has no ready route: it must run on for a moment (a taken port ends it at once).
  [[nodiscard]] Async<Result<>> proxy_runs() {
    auto const name = installation_.container("proxy");
    for (int look = 0; look < 5; ++look) {
      auto const container = co_await engine_.inspect_container(name);
      if (!container) co_return container.error();
      bool const started_long_ago =
          container->state.running && container->state.started_at &&
          SystemClock().now() - *container->state.started_at > std::chrono::seconds(2);
      if (started_long_ago && container->state.status == "running") co_return Result<>{};
      if (!container->state.running || container->state.status == "restarting") {
        auto const log = co_await engine_.logs(name, 5);
        co_return fail(Code::kConflict, name + " cannot listen on port " +
                                            std::to_string(installation_.port) + ":\n" +
                                            (log ? *log : std::string()));
      }
      co_await sleep_for(std::chrono::milliseconds(200));
    }
    co_return Result<>{};
  }

  [[nodiscard]] Async<Result<>> until(std::function<bool()> condition, std::string container) {
    auto const end = std::chrono::steady_clock::now() + kReadyDeadline;
    while (!condition()) {
      if (std::chrono::steady_clock::now() > end) {
        auto const log = co_await engine_.logs(container, 20);
        co_return fail(Code::kTimeout, container + " does not start:\n" + (log ? *log : std::string()));
      }
      co_await sleep_for(kLookEvery);
    }
    co_return Result<>{};
  }

  [[nodiscard]] int finish() const {
    std::printf("\nOriel is ready: %s\n", installation_.local_url().c_str());
    for (auto const& url : installation_.public_urls) std::printf("  public address  %s\n", url.c_str());
    std::printf("  administrator   %s   %s\n", credentials_.admin.username.c_str(),
                credentials_.admin.password.c_str());
    std::printf("  user            %s   %s\n", credentials_.user.username.c_str(),
                credentials_.user.password.c_str());
    std::printf("  all of it, with the API key: %s\n", installation_.credentials_path().c_str());
    return 0;
  }

  Executor executor_;
  Installation installation_;
  UpOptions const& options_;
  Progress& progress_;
  docker::Engine engine_;
  HostFacts facts_;
  Credentials credentials_;
  std::string changed_;
  bool certificate_changed_ = false;
  bool proxy_changed_ = false;
};

Async<Result<int>> run_up(Executor executor, Installation installation, UpOptions const& options,
                          Progress& progress) {
  Up work(executor, std::move(installation), options, progress);
  auto outcome = co_await work.run();
  co_return outcome;
}

}  // namespace

Result<int> up(UpOptions const& options) {
  if (::geteuid() != 0) return fail(Code::kForbidden, "oriel up needs root");
  auto const installation = merged(options);
  if (!installation) return installation.error();
  ::umask(0022);
  Progress progress;
  return run_to_end([&](Executor executor) { return run_up(executor, *installation, options, progress); });
}

}  // namespace oriel::cli
