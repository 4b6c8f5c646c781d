#include "services/broker/container_spec.h"

#include <cmath>
#include <cstdio>

#include "libs/base/text.h"

namespace oriel::broker {
namespace {

constexpr std::int64_t kStopSeconds = 3;
constexpr std::int64_t kOutOfMemoryScore =
    300;  // when the host's memory ends, a session ends before a service does
constexpr char kTmpOptions[] = "rw,nosuid,nodev,exec,mode=1777";
constexpr char kRunOptions[] = "rw,nosuid,nodev,noexec,mode=755";
constexpr char kUserRunOptions[] = "rw,nosuid,nodev,noexec,uid=1000,gid=1000,mode=700";
constexpr char kDisplayRunOptions[] = "rw,nosuid,nodev,noexec,uid=64010,gid=64010,mode=700";

json::Object read_only_bind(std::string const& source, char const* target) {
  return {{"Type", "bind"},
          {"Source", source},
          {"Target", target},
          {"ReadOnly", true},
          {"BindOptions", json::Object{{"Propagation", "rprivate"}}}};
}

json::Array environment_of(SessionId session, protocol::broker::CreateSession const& request,
                           ContainerFacts const& facts) {
  json::Array environment;
  for (auto const& [name, value] : request.environment) environment.emplace_back(name + "=" + value);
  environment.emplace_back("ORIEL_SESSION=" + session.text());
  environment.emplace_back("ORIEL_RUNTIME=" + facts.runtime);
  environment.emplace_back("ORIEL_WIDTH=" + std::to_string(request.width));
  environment.emplace_back("ORIEL_HEIGHT=" + std::to_string(request.height));
  return environment;
}

json::Object host_config(protocol::broker::CreateSession const& request, ContainerFacts const& facts,
                         json::Object const& labels) {
  json::Object const home{{"Type", "volume"},
                          {"Target", facts.image_home},
                          {"VolumeOptions", json::Object{{"NoCopy", false}, {"Labels", labels}}}};
  json::Object host;
  host["NetworkMode"] = facts.network;
  host["CapDrop"] = json::Array{"ALL"};
  host["CapAdd"] =
      json::Array{"SETUID", "SETGID", "KILL"};  // for PID 1 alone: our init drops them for its children
  host["SecurityOpt"] = json::Array{"no-new-privileges", "seccomp=" + facts.seccomp_profile};
  host["Privileged"] = false;
  host["ReadonlyRootfs"] = true;
  host["Tmpfs"] = json::Object{{"/tmp", kTmpOptions},
                               {"/run", kRunOptions},
                               {"/run/user/1000", kUserRunOptions},
                               {"/run/oriel-display", kDisplayRunOptions}};
  host["Mounts"] = json::Array{read_only_bind(facts.runtime_tree, "/opt/oriel"),
                               read_only_bind(facts.control_directory, "/run/oriel"), home};
  host["Memory"] = request.memory_bytes;
  host["MemorySwap"] = request.memory_bytes;
  host["NanoCpus"] = static_cast<std::int64_t>(std::llround(request.cores * 100.0)) * 10'000'000;
  host["PidsLimit"] = request.pids;
  host["OomScoreAdj"] = kOutOfMemoryScore;
  host["ShmSize"] = request.shm_bytes > 0 ? request.shm_bytes : 64LL * 1024 * 1024;
  host["IpcMode"] = "private";
  host["CgroupnsMode"] = "private";  // with cgroup v1 the default is the host's
  host["RestartPolicy"] = json::Object{{"Name", "no"}};
  host["AutoRemove"] = false;
  host["PublishAllPorts"] = false;
  host["Init"] = false;
  host["LogConfig"] =
      json::Object{{"Type", "local"},
                   {"Config", json::Object{{"max-size", "1m"}, {"max-file", "1"}, {"compress", "false"}}}};
  return host;
}

std::string mac_address(std::array<std::uint8_t, 3> prefix) {
  auto const tail = random_bytes(3);
  std::array<char, 18> text{};
  std::snprintf(text.data(), text.size(), "%02x:%02x:%02x:%02x:%02x:%02x", prefix[0], prefix[1], prefix[2],
                tail[0], tail[1], tail[2]);
  return text.data();
}

}  // namespace

std::string container_name(std::string const& instance, SessionId session, std::int64_t attempt) {
  return instance + "-session-" + session.text() + "-" + std::to_string(attempt);
}

json::Object container_spec(SessionId session, protocol::broker::CreateSession const& request,
                            ContainerFacts const& facts) {
  json::Object const labels{{"oriel.instance", facts.instance},
                            {"oriel.agent", facts.agent},
                            {"oriel.session", session.text()},
                            {"oriel.attempt", std::to_string(request.attempt)},
                            {"oriel.generation", std::to_string(request.generation)},
                            {"oriel.runtime", facts.runtime}};
  json::Object spec;
  spec["Image"] = facts.image_id;
  spec["Entrypoint"] = json::Array{"/opt/oriel/bin/oriel-init"};
  spec["Cmd"] = json::Array{};
  spec["User"] = "0:0";
  spec["WorkingDir"] = "/";
  spec["Hostname"] = request.hostname.empty() ? "session" : request.hostname;
  spec["Env"] = environment_of(session, request, facts);
  spec["Labels"] = labels;
  spec["StopSignal"] = "SIGTERM";
  spec["StopTimeout"] = kStopSeconds;
  spec["Healthcheck"] = json::Object{{"Test", json::Array{"NONE"}}};
  spec["HostConfig"] = host_config(request, facts, labels);
  if (!facts.mac_address.empty()) {
    if (facts.mac_in_endpoint) {
      spec["NetworkingConfig"] =
          json::Object{{"EndpointsConfig",
                        json::Object{{facts.network, json::Object{{"MacAddress", facts.mac_address}}}}}};
    } else {
      spec["MacAddress"] = facts.mac_address;
    }
  }
  return spec;
}

Result<std::string> home_of_manifest(std::string const& manifest) {
  std::string home = "/home/user";
  if (!manifest.empty()) {
    auto const parsed = json::parse(manifest);
    if (!parsed || !parsed->is_object())
      return fail(Code::kInvalid, "the image's label oriel.manifest is not JSON");
    if (auto const* named = parsed->get_object().if_contains("home");
        named != nullptr && named->is_string()) {
      home = std::string(named->get_string());
    }
  }
  bool const plain = home.find("..") == std::string::npos && home.find("//") == std::string::npos &&
                     home.find(':') == std::string::npos && home.size() <= 128;
  if (!home.starts_with("/home/") || home.size() < 7 || !plain) {
    return fail(Code::kForbidden, "the image's home is outside /home: " + home);
  }
  return home;
}

std::string random_mac_address() { return mac_address({0x02, 0x6f, 0x72}); }
std::string random_peer_mac_address() { return mac_address({0x02, 0x6f, 0x6e}); }

}  // namespace oriel::broker
