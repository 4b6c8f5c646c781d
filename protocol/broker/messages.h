#pragma once

#include <cstdint>
#include <map>
#include <optional>
#include <string>
#include <vector>

#include <boost/describe/class.hpp>
#include <boost/json/value.hpp>

/// The bodies of agent → broker, one struct each; README.md beside this file says what they mean. A member
/// that is absent keeps its default; an optional is null or absent. Sizes are bytes, times are RFC 3339 text.
namespace oriel::protocol::broker {

using Environment = std::map<std::string, std::string>;

/// One runtime tree of the host (`$HOME_DIR/runtime/<hash>`).
struct Runtime {
  static constexpr bool kAbsentKeepsDefault = true;
  std::string hash{};
  std::int64_t protocol = 1;
  bool newest = false;
};
BOOST_DESCRIBE_STRUCT(Runtime, (), (hash, protocol, newest))

/// Answer of GET /v1/host.
struct Host {
  static constexpr bool kAbsentKeepsDefault = true;
  std::string docker_version{};
  std::string api_version{};
  bool live_restore = false;
  std::string kernel{};
  std::string operating_system{};
  std::string cgroup{};  ///< "v1" or "v2"
  double cores = 0;
  std::int64_t memory_bytes = 0;
  std::int64_t disk_total_bytes = 0;  ///< of the engine's data root
  std::int64_t disk_used_bytes = 0;
  std::string storage_driver{};
  std::vector<std::string> security{};
  std::vector<std::string> gpus{};
  bool user_namespaces = false;
  std::vector<std::string> networks{};
  std::vector<Runtime> runtimes{};
};
BOOST_DESCRIBE_STRUCT(Host, (),
                      (docker_version, api_version, live_restore, kernel, operating_system, cgroup, cores,
                       memory_bytes, disk_total_bytes, disk_used_bytes, storage_driver, security, gpus,
                       user_namespaces, networks, runtimes))

/// Body of POST /v1/sessions/{id}.
struct CreateSession {
  static constexpr bool kAbsentKeepsDefault = true;
  std::int64_t attempt = 0;
  std::int64_t generation = 0;
  std::string image{};  ///< what the engine knows: a docker id, `reference@digest` or a reference
  double cores = 1;
  std::int64_t memory_bytes = 0;
  std::int64_t shm_bytes = 0;
  std::int64_t pids = 0;
  std::string network{};  ///< none, internet, lan, name:<network>
  Environment environment{};
  std::string hostname{};
  std::optional<std::string> runtime{};  ///< null: the newest; the answer says which
  std::int64_t width = 1920;
  std::int64_t height = 1080;
  std::string home = "fresh";
};
BOOST_DESCRIBE_STRUCT(CreateSession, (),
                      (attempt, generation, image, cores, memory_bytes, shm_bytes, pids, network, environment,
                       hostname, runtime, width, height, home))

/// One container of ours, as the engine shows it.
struct SessionContainer {
  static constexpr bool kAbsentKeepsDefault = true;
  std::string session{};  ///< 32 hex
  std::int64_t attempt = 0;
  std::int64_t generation = 0;
  std::string container_id{};
  std::string state{};  ///< created, running, paused, exited, dead
  std::int64_t exit_code = 0;
  bool oom_killed = false;
  std::optional<std::string> started_at{};
  std::optional<std::string> finished_at{};
  std::string image_id{};
  std::string runtime{};
  std::string error{};  ///< the engine's own words when a start failed
};
BOOST_DESCRIBE_STRUCT(SessionContainer, (),
                      (session, attempt, generation, container_id, state, exit_code, oom_killed, started_at,
                       finished_at, image_id, runtime, error))

/// Answer of GET /v1/sessions.
struct SessionList {
  static constexpr bool kAbsentKeepsDefault = true;
  std::vector<SessionContainer> sessions{};
};
BOOST_DESCRIBE_STRUCT(SessionList, (), (sessions))

/// Answer of GET /v1/sessions/{id}/log.
struct SessionLog {
  static constexpr bool kAbsentKeepsDefault = true;
  std::string log{};
};
BOOST_DESCRIBE_STRUCT(SessionLog, (), (log))

/// Answer of GET /v1/sessions/{id}/usage.
struct SessionUsage {
  static constexpr bool kAbsentKeepsDefault = true;
  double cpu = 0;  ///< cores in use
  std::int64_t memory_bytes = 0;
};
BOOST_DESCRIBE_STRUCT(SessionUsage, (), (cpu, memory_bytes))

struct Image {
  static constexpr bool kAbsentKeepsDefault = true;
  std::vector<std::string> references{};
  std::string id{};
  std::vector<std::string> digests{};
  std::int64_t size_bytes = 0;
  boost::json::value manifest{};  ///< the image's oriel.manifest label as an object, or null
};
BOOST_DESCRIBE_STRUCT(Image, (), (references, id, digests, size_bytes, manifest))

/// Answer of GET /v1/images.
struct ImageList {
  static constexpr bool kAbsentKeepsDefault = true;
  std::vector<Image> images{};
};
BOOST_DESCRIBE_STRUCT(ImageList, (), (images))

/// Who to be at a registry.
struct RegistryAccess {
  static constexpr bool kAbsentKeepsDefault = true;
  std::string server{};
  std::string username{};
  std::string password{};
};
BOOST_DESCRIBE_STRUCT(RegistryAccess, (), (server, username, password))

/// Body of POST /v1/images/pull.
struct PullImage {
  static constexpr bool kAbsentKeepsDefault = true;
  std::string reference{};
  std::optional<std::string> digest{};
  std::optional<RegistryAccess> registry{};
};
BOOST_DESCRIBE_STRUCT(PullImage, (), (reference, digest, registry))

/// One line of the answer of POST /v1/images/pull. The last has `done` and `id`, or `error`.
struct PullLine {
  static constexpr bool kAbsentKeepsDefault = true;
  std::int64_t progress = 0;  ///< percent
  std::string message{};
  bool done = false;
  std::optional<std::string> id{};
  std::optional<std::string> error{};
};
BOOST_DESCRIBE_STRUCT(PullLine, (), (progress, message, done, id, error))

/// One line of GET /v1/events. `resynchronise` (no session) follows a gap: list again.
struct Event {
  static constexpr bool kAbsentKeepsDefault = true;
  std::string event{};  ///< started, died, removed, resynchronise
  std::string session{};
  std::int64_t attempt = 0;
  std::int64_t exit_code = 0;
  bool oom_killed = false;
  std::string time{};
};
BOOST_DESCRIBE_STRUCT(Event, (), (event, session, attempt, exit_code, oom_killed, time))

}  // namespace oriel::protocol::broker
