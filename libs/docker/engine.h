#pragma once

#include <chrono>
#include <cstdint>
#include <functional>
#include <map>
#include <memory>
#include <optional>
#include <string>
#include <vector>

#include "libs/async/async.h"
#include "libs/base/clock.h"
#include "libs/base/json.h"
#include "libs/base/limits.h"
#include "libs/base/result.h"

namespace oriel::docker {

using Labels = std::map<std::string, std::string>;

/// The API versions that this client was tested with; it speaks the newest that both sides know.
inline constexpr std::string_view kOldestApi = "1.41";  // Debian 12's 20.10
inline constexpr std::string_view kNewestApi = "1.51";

struct Version {
  std::string engine;      ///< `20.10.24`
  std::string api;         ///< the newest the engine knows
  std::string oldest_api;  ///< the oldest it accepts
  std::string spoken;      ///< what this client uses
  std::string operating_system, architecture, kernel;
};

struct Info {
  std::string name, engine_version, operating_system, kernel, storage_driver, cgroup_version, cgroup_driver;
  std::string root_directory;
  std::int64_t cores = 0;
  std::int64_t memory_bytes = 0;
  std::int64_t containers_running = 0;
  bool live_restore = false;
  std::vector<std::string>
      security_options{};  ///< `name=seccomp,profile=default`, `name=apparmor`, `name=userns` …
  std::vector<std::string> runtimes{};
  json::Object raw{};
};

struct ContainerState {
  std::string status;  ///< created, running, paused, restarting, removing, exited, dead
  bool running = false, paused = false, oom_killed = false, dead = false;
  std::int64_t exit_code = 0;
  std::int64_t process = 0;  ///< pid on the host, 0 when not running
  std::string error;
  std::optional<WallTime> started_at{}, finished_at{};
};

struct Container {
  std::string id, name, image_id, image_reference;
  Labels labels{};
  ContainerState state{};
  std::optional<WallTime> created_at{};
  std::int64_t restart_count = 0;
  std::map<std::string, std::string> addresses{};  ///< network name → IPv4
  json::Object raw{};                              ///< the whole answer of inspect
};

struct ContainerSummary {
  std::string id, name, image_id, image_reference, state, status;
  Labels labels{};
  std::optional<WallTime> created_at{};
};

struct Network {
  std::string id, name, driver;
  Labels labels{};
  std::string subnet, gateway;  ///< of the first IPv4 pool
  std::map<std::string, std::string> options{};
  bool internal = false;
};

struct Volume {
  std::string name, driver, mount_point;
  Labels labels{};
};

struct Image {
  std::string id;
  std::vector<std::string> tags{}, digests{};
  std::int64_t size_bytes = 0;
  Labels labels{};
  std::optional<WallTime> created_at{};
  json::Object configuration{};  ///< Config of inspect: Env, User, Entrypoint … empty in lists
};

struct RegistryCredentials {
  std::string server, username, password;
};

struct PullProgress {
  std::string layer, status;
  std::int64_t current = 0, total = 0;  ///< bytes of this layer; total 0 = unknown
};

struct Usage {
  double cpu_seconds = 0;         ///< since the container's start; two readings make a rate
  std::int64_t memory_bytes = 0;  ///< without page cache that can be given back
  std::int64_t memory_limit_bytes = 0;
  std::int64_t processes = 0;
  std::int64_t received_bytes = 0, sent_bytes = 0;
  WallTime read_at{};
};

struct Event {
  std::string type;    ///< container, network, image …
  std::string action;  ///< start, die, destroy, oom …
  std::string id;
  std::map<std::string, std::string> attributes{};  ///< labels, and name, image, exitCode
  WallTime time{};
};

/// The Docker Engine API over its unix socket: typed calls for what Oriel needs. Belongs to one executor.
///
/// Errors: kNotFound 404, kConflict 409, kInvalid 400, kUnavailable when the daemon cannot be reached or
/// answers 503, kTimeout after the deadline: the work may have been done, look again. Removing what is
/// absent, starting what runs and stopping what is stopped succeed.
class Engine {
 public:
  /// `socket_path` as /var/run/docker.sock. The version is negotiated at the first call and after every
  /// reconnect.
  Engine(Executor executor, std::string socket_path);
  ~Engine();
  Engine(Engine const&) = delete;
  Engine& operator=(Engine const&) = delete;

  [[nodiscard]] Async<Result<Version>> version();
  [[nodiscard]] Async<Result<Info>> info();
  [[nodiscard]] Async<Result<>> ping();

  /// `specification` is the body of POST /containers/create, as the API has it. Returns the id. kConflict:
  /// the name exists.
  [[nodiscard]] Async<Result<std::string>> create_container(std::string name, json::Object specification);
  [[nodiscard]] Async<Result<>> start_container(std::string id);
  /// SIGTERM (or the image's stop signal), then SIGKILL after `grace`.
  [[nodiscard]] Async<Result<>> stop_container(std::string id, std::chrono::seconds grace);
  [[nodiscard]] Async<Result<>> kill_container(std::string id, std::string signal = "SIGKILL");
  /// `policy` is Docker's word: always, no, …
  [[nodiscard]] Async<Result<>> set_restart_policy(std::string id, std::string policy);
  [[nodiscard]] Async<Result<>> pause_container(std::string id);
  [[nodiscard]] Async<Result<>> unpause_container(std::string id);
  /// Kills it if need be, and removes its anonymous volumes.
  [[nodiscard]] Async<Result<>> remove_container(std::string id);
  [[nodiscard]] Async<Result<Container>> inspect_container(std::string id_or_name);
  /// Stopped ones included. Labels: all must match; an empty value matches any.
  [[nodiscard]] Async<Result<std::vector<ContainerSummary>>> list_containers(Labels labels);
  /// The last lines of stdout and stderr together, at most limits::kDockerLogBytes from the end.
  [[nodiscard]] Async<Result<std::string>> logs(std::string id, std::size_t lines);
  /// Resumes with the exit code when it has ended.
  [[nodiscard]] Async<Result<std::int64_t>> wait_container(std::string id);
  /// One shot, no second sample: cheap.
  [[nodiscard]] Async<Result<Usage>> usage(std::string id);

  /// `specification` is the body of POST /networks/create; CheckDuplicate is set. An existing name is
  /// kConflict.
  [[nodiscard]] Async<Result<std::string>> create_network(json::Object specification);
  [[nodiscard]] Async<Result<Network>> inspect_network(std::string id_or_name);
  [[nodiscard]] Async<Result<std::vector<Network>>> list_networks(Labels labels = {});
  [[nodiscard]] Async<Result<>> remove_network(std::string id);
  [[nodiscard]] Async<Result<>> connect_network(std::string network, std::string container,
                                                json::Object endpoint = {});

  [[nodiscard]] Async<Result<std::vector<Volume>>> list_volumes(Labels labels);
  [[nodiscard]] Async<Result<>> remove_volume(std::string name);

  [[nodiscard]] Async<Result<Image>> inspect_image(std::string reference);
  [[nodiscard]] Async<Result<std::vector<Image>>> list_images(Labels labels = {});
  [[nodiscard]] Async<Result<>> tag_image(std::string reference, std::string repository, std::string tag);
  [[nodiscard]] Async<Result<>> remove_image(std::string reference);
  /// `reference` with tag or digest. Errors inside the 200 stream become Errors: kNotFound, kForbidden,
  /// kUnavailable.
  [[nodiscard]] Async<Result<>> pull_image(std::string reference,
                                           std::optional<RegistryCredentials> credentials,
                                           std::function<void(PullProgress const&)> on_progress);

  /// Calls `on_event` for each event until the stream breaks (kUnavailable) or the caller is cancelled.
  /// `on_open` is called once it listens: list again then, what came before was missed.
  [[nodiscard]] Async<Result<>> events(Labels labels, std::vector<std::string> types,
                                       std::function<void()> on_open,
                                       std::function<void(Event const&)> on_event);

  /// Any other call: the path without its version. 2xx → the parsed body.
  [[nodiscard]] Async<Result<json::Value>> call(
      std::string method, std::string path, std::optional<json::Value> body = std::nullopt,
      std::chrono::steady_clock::duration deadline = limits::kDockerCall);

 private:
  struct State;
  std::unique_ptr<State> state_;
};

}  // namespace oriel::docker
