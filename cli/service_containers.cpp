#include "cli/service_containers.h"

#include "cli/proxy_configuration.h"
#include "libs/async/failpoint.h"
#include "libs/crypto/crypto.h"

namespace oriel::cli {
namespace {

constexpr int kFirstUnprivilegedPort = 1024;
constexpr std::int64_t kStopSeconds = 15;
constexpr std::int64_t kMebibyte = 1024 * 1024;
constexpr std::int64_t kPids = 256;

json::Array array_of(std::vector<std::string> const& texts) {
  json::Array array;
  for (auto const& text : texts) array.emplace_back(text);
  return array;
}

/// Builds one specification; what every container of ours has is in the constructor.
class Spec {
 public:
  Spec(Installation const& installation, HostFacts const& facts, std::string const& service)
      : installation_(installation) {
    labels_ = {{"oriel.instance", installation.instance}, {"oriel.service", service}};
    spec_["Image"] = facts.services_image_id;
    spec_["WorkingDir"] = "/";
    spec_["StopTimeout"] = kStopSeconds;
    host_["NetworkMode"] = "none";
    host_["ReadonlyRootfs"] = true;
    host_["CapDrop"] = json::Array{"ALL"};
    host_["SecurityOpt"] = json::Array{"no-new-privileges"};
    host_["Tmpfs"] = json::Object{{"/tmp", "rw,nosuid,nodev,noexec,mode=1777,size=256m"}};
    host_["RestartPolicy"] = json::Object{{"Name", kRestartPolicy}};
    host_["LogConfig"] =
        json::Object{{"Type", "local"}, {"Config", json::Object{{"max-size", "10m"}, {"max-file", "3"}}}};
    host_["PidsLimit"] = kPids;
    host_["Init"] = false;
  }

  Spec& user(uid_t user, std::vector<gid_t> const& groups = {}) {
    spec_["User"] = std::to_string(user) + ":" + std::to_string(user);
    json::Array added;
    for (auto const group : groups) added.emplace_back(std::to_string(group));
    if (!added.empty()) host_["GroupAdd"] = std::move(added);
    return *this;
  }
  Spec& command(std::vector<std::string> const& words) {
    spec_["Entrypoint"] = json::Array{words.front()};
    spec_["Cmd"] = array_of({words.begin() + 1, words.end()});
    return *this;
  }
  Spec& reads(std::string const& below) { return mount(installation_.path(below), true, {}); }
  Spec& writes(std::string const& below) { return mount(installation_.path(below), false, {}); }
  Spec& mount(std::string const& path, bool read_only, json::Object options) {
    mounts_.emplace_back(
        json::Object{{"Type", "bind"}, {"Source", path}, {"Target", path}, {"ReadOnly", read_only}});
    if (!options.empty()) mounts_.back().as_object()["BindOptions"] = std::move(options);
    return *this;
  }
  Spec& volume(std::string const& name, char const* target) {
    mounts_.emplace_back(
        json::Object{{"Type", "volume"},
                     {"Source", name},
                     {"Target", target},
                     {"VolumeOptions",
                      json::Object{{"Labels", json::Object{{"oriel.instance", installation_.instance}}}}}});
    return *this;
  }
  Spec& host_network() {
    host_["NetworkMode"] = "host";
    return *this;
  }
  Spec& capabilities(std::vector<std::string> const& names) {
    host_["CapAdd"] = array_of(names);
    return *this;
  }
  Spec& memory(std::int64_t bytes) {
    host_["Memory"] = bytes;
    host_["MemorySwap"] = bytes;
    return *this;
  }
  Spec& set(char const* name, json::Value value) {
    spec_[name] = std::move(value);
    return *this;
  }
  Spec& set_host(char const* name, json::Value value) {
    host_[name] = std::move(value);
    return *this;
  }
  /// Starts the container anew whenever this changes.
  Spec& depends_on(std::string const& content) {
    depends_ += content + "\n";
    return *this;
  }

  [[nodiscard]] json::Object finish(std::string* hash = nullptr) {
    host_["Mounts"] = mounts_;
    spec_["HostConfig"] = host_;
    spec_["Labels"] = labels_;
    auto const spec_hash = crypto::sha256_hex(json::text(spec_) + depends_).substr(0, 16);
    labels_["oriel.spec"] = spec_hash;
    spec_["Labels"] = labels_;
    if (hash != nullptr) *hash = spec_hash;
    return spec_;
  }

 private:
  Installation const& installation_;
  std::string depends_;
  json::Object spec_;
  json::Object host_;
  json::Object labels_;
  json::Array mounts_;
};

/// `kind` names the program, `service` the instance of it.
Spec program(std::string const& kind, std::string const& service, Installation const& installation,
             HostFacts const& facts) {
  Spec spec(installation, facts, service);
  spec.command({"/usr/bin/oriel-" + kind, "--config", installation.config_path()});
  spec.reads("config.json").depends_on(facts.config_hash).memory(768 * kMebibyte);
#if defined(ORIEL_FAILPOINTS)
  spec.writes("failpoints")
      .set("Env",
           json::Array{boost::json::string(kFailpointDirectory + ("=" + installation.path("failpoints")))});
#endif
  return spec;
}

Spec database(Installation const& installation, HostFacts const& facts) {
  Spec spec(installation, facts, "db");
  spec.set("Image", boost::json::string(facts.data_image_id))
      .user(users::kDatabase)
      .command({"/usr/lib/oriel/database", installation.path("run/db"),
                installation.path("secrets/database/database.password")})
      .reads("secrets/database")
      .writes("run/db")
      .volume(installation.instance + "-db", "/data/pg")
      .memory(1024 * kMebibyte)
      .set("StopSignal", "SIGINT")  // ends connections, keeps the data clean
      .set("StopTimeout", 30)
      .set_host("ShmSize", 128 * kMebibyte);
  return spec;
}

Spec redis(Installation const& installation, HostFacts const& facts) {
  Spec spec(installation, facts, "redis");
  spec.set("Image", boost::json::string(facts.data_image_id))
      .user(users::kRedis)
      .command({"/usr/lib/oriel/redis", installation.path("run/redis/redis.sock"),
                installation.path("secrets/redis/users.acl")})
      .reads("secrets/redis")
      .writes("run/redis")
      .memory(192 * kMebibyte);
  return spec;
}

Spec broker(Installation const& installation, HostFacts const& facts) {
  auto spec = program("broker", "broker", installation, facts);
  // Starts as root, and keeps NET_ADMIN alone: services/broker/privileges.h.
  spec.user(0)
      .host_network()
      .capabilities({"NET_ADMIN", "SETUID", "SETGID"})
      .mount(installation.home, true,
             {})  // policy.json is replaced by whoever edits it: a mount of the file would be stale
      .writes("run/broker")
      .writes("run/ctl")
      .mount(installation.docker_socket, false, {});
  // Its file system is measured; nothing below is seen.
  if (!facts.docker_root.empty())
    spec.mount(facts.docker_root, true, {{"NonRecursive", true}, {"Propagation", "rslave"}});
  if (facts.has_resolved) spec.mount("/run/systemd/resolve", true, {});
  return spec;
}

Spec agent(Installation const& installation, HostFacts const& facts) {
  auto spec = program("agent", "agent", installation, facts);
  spec.command({"/usr/bin/oriel-agent", "--config", installation.config_path(), "--enrolment-token-file",
                installation.path("agent/enrolment.token")})
      .user(users::kAgent, {users::kEdge, users::kDisplay})
      .set("Hostname", boost::json::string(facts.hostname))
      .writes("agent")
      .reads("run/manager")
      .reads("run/broker")
      .writes("run/agent")
      .writes("run/ctl")
      .writes("run/pub");
  return spec;
}

Spec proxy(Installation const& installation, HostFacts const& facts) {
  Spec spec(installation, facts, "proxy");
  std::vector<std::string> command{"/usr/bin/proxy-listen"};
  for (auto const& address : listen_addresses(installation)) {
    command.emplace_back("--listen");
    command.push_back(address);
  }
  bool const privileged_port = installation.port < kFirstUnprivilegedPort;
  if (privileged_port) {
    command.emplace_back("--user");
    command.push_back(std::to_string(users::kEdge));
    spec.user(0).capabilities({"NET_BIND_SERVICE", "SETUID", "SETGID"});
  } else {
    spec.user(users::kEdge);
  }
  command.insert(command.end(),
                 {"--", "/usr/sbin/nginx", "-e", "stderr", "-c", installation.path("proxy/nginx.conf")});
  spec.command(command)
      .host_network()
      .reads("proxy")
      .reads("tls")
      .reads("run/api")
      .reads("run/manager")
      .reads("run/pub")
      .memory(512 * kMebibyte)
      .set("StopSignal", "SIGTERM");
  return spec;
}

Spec spec_of(std::string const& service, Installation const& installation, HostFacts const& facts) {
  if (service == "db") return database(installation, facts);
  if (service == "redis") return redis(installation, facts);
  if (service == "broker") return broker(installation, facts);
  if (service == "agent") return agent(installation, facts);
  if (service == "proxy") return proxy(installation, facts);
  auto const kind = std::string(kind_of_service(service));
  auto spec = program(kind, service, installation, facts);
  if (kind == "manager") {
    spec.user(users::kManager, {users::kEdge})
        .reads("secrets/manager")
        .reads("ca")
        .reads("run/db")
        .writes("run/manager");
  } else {
    spec.user(users::kApi, {users::kEdge})
        .reads("secrets/api")
        .reads("run/db")
        .reads("run/redis")
        .writes("run/api")
        .set_host("PidsLimit", 512);
    // Further instances differ in nothing but their socket.
    if (service != kind) {
      spec.command({"/usr/bin/oriel-api", "--config", installation.config_path(), "--socket",
                    "unix:" + installation.path("run/api/" + service + ".sock")});
    }
  }
  return spec;
}

}  // namespace

std::vector<std::string> service_names(Installation const& installation) {
  std::vector<std::string> names{"db", "redis", "manager", "broker", "agent", "api"};
  for (std::int64_t number = 2; number <= installation.scale.api; ++number)
    names.push_back("api-" + std::to_string(number));
  names.emplace_back("proxy");
  return names;
}

std::string_view kind_of_service(std::string_view service) { return service.substr(0, service.find('-')); }

std::vector<std::string> api_sockets(Installation const& installation) {
  std::vector<std::string> sockets;
  for (auto const& service : service_names(installation)) {
    if (kind_of_service(service) == "api")
      sockets.push_back(installation.path("run/api/" + service + ".sock"));
  }
  return sockets;
}

ServiceContainer service_container(std::string const& service, Installation const& installation,
                                   HostFacts const& facts) {
  ServiceContainer container;
  container.service = service;
  container.name = installation.container(service);
  container.spec = spec_of(service, installation, facts).finish(&container.spec_hash);
  auto const kind = std::string(kind_of_service(service));
  if (kind == "manager" || kind == "broker" || kind == "agent" || kind == "api") {
    container.ready_socket = installation.path("run/" + kind + "/" + service + ".sock");
  }
  return container;
}

json::Object one_shot_spec(Installation const& installation, HostFacts const& facts,
                           std::vector<std::string> const& command) {
  Spec spec(installation, facts, "setup");
  spec.user(0)
      .command(command)
      .capabilities({"DAC_OVERRIDE", "CHOWN", "FOWNER"})
      .mount(installation.home, false, {})
      .set_host("RestartPolicy", json::Object{{"Name", "no"}});
  return spec.finish();
}

json::Object nginx_check_spec(Installation const& installation, HostFacts const& facts,
                              std::string const& configuration) {
  Spec spec(installation, facts, "setup");
  spec.user(users::kEdge)
      .command({"/usr/sbin/nginx", "-t", "-q", "-e", "stderr", "-c", configuration})
      .reads("proxy")
      .reads("tls")
      .set_host("RestartPolicy", json::Object{{"Name", "no"}});
  // Ports below 1024 are not bound by the check: the namespace is its own, so they may be.
  spec.set_host("Sysctls", json::Object{{"net.ipv4.ip_unprivileged_port_start", "0"}});
  return spec.finish();
}

json::Object nft_spec(Installation const& installation, HostFacts const& facts,
                      std::vector<std::string> const& arguments) {
  Spec spec(installation, facts, "setup");
  std::vector<std::string> command{"/usr/sbin/nft"};
  command.insert(command.end(), arguments.begin(), arguments.end());
  spec.user(0)
      .command(command)
      .host_network()
      .capabilities({"NET_ADMIN"})
      .set_host("RestartPolicy", json::Object{{"Name", "no"}});
  return spec.finish();
}

}  // namespace oriel::cli
