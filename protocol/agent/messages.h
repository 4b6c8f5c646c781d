#pragma once

#include <cstddef>
#include <cstdint>
#include <map>
#include <optional>
#include <string>
#include <vector>

#include <boost/describe/class.hpp>
#include <boost/json/value.hpp>

#include "libs/base/clock.h"
#include "libs/base/id.h"

/// Messages of agent ⇄ manager; README.md beside this file says what they mean. A member that is absent keeps
/// its default; an optional is null or absent. Ids are 32 hex digits, sizes bytes, times RFC 3339 text.
namespace oriel::protocol::agent {

inline constexpr std::int64_t kProtocol = 1;
/// Keeps a message below 1 MiB with every environment and log tail at its bound.
inline constexpr std::size_t kSessionsPerMessage = 16;
/// What an agent signs before the nonce's bytes, so that the signature is good for nothing else.
inline constexpr char const* kSignaturePrefix = "oriel-agent-v1";

/// WebSocket close codes of the channel.
inline constexpr std::uint16_t kCloseRefused = 4003;   ///< hello was not believed, or the agent is disabled
inline constexpr std::uint16_t kCloseReplaced = 4009;  ///< a newer channel of the same agent took over
inline constexpr std::uint16_t kCloseProtocol = 4400;  ///< a message that the contract does not know

using Environment = std::map<std::string, std::string>;

// enrolment (HTTP)

struct EnrolRequest {
  static constexpr bool kAbsentKeepsDefault = true;
  std::string token{};
  std::string hostname{};
  std::string public_key_pem{};  ///< Ed25519 SubjectPublicKeyInfo, PEM
};
BOOST_DESCRIBE_STRUCT(EnrolRequest, (), (token, hostname, public_key_pem))

struct EnrolAnswer {
  static constexpr bool kAbsentKeepsDefault = true;
  AgentId agent_id{};
  std::string certificate_pem{};
  std::string ca_pem{};
};
BOOST_DESCRIBE_STRUCT(EnrolAnswer, (), (agent_id, certificate_pem, ca_pem))

// both directions: the member that names the message

struct Envelope {
  static constexpr bool kAbsentKeepsDefault = true;
  std::string type{};
};
BOOST_DESCRIBE_STRUCT(Envelope, (), (type))

// manager → agent

struct Challenge {
  static constexpr bool kAbsentKeepsDefault = true;
  std::string type = "challenge";
  std::string nonce{};  ///< base64
};
BOOST_DESCRIBE_STRUCT(Challenge, (), (type, nonce))

struct Welcome {
  static constexpr bool kAbsentKeepsDefault = true;
  std::string type = "welcome";
  std::int64_t heartbeat_seconds = 5;
};
BOOST_DESCRIBE_STRUCT(Welcome, (), (type, heartbeat_seconds))

/// What belongs to the user, handed to the display server on the control socket.
struct Begin {
  static constexpr bool kAbsentKeepsDefault = true;
  std::string name{};
  std::string locale{};
  std::string timezone{};
  Environment environment{};
  std::optional<std::string> open_url{};
  std::int64_t width = 1920;
  std::int64_t height = 1080;
  std::string wallpaper = "default";
  bool clipboard_in = true;
  bool clipboard_out = true;
};
BOOST_DESCRIBE_STRUCT(Begin, (),
                      (name, locale, timezone, environment, open_url, width, height, wallpaper, clipboard_in,
                       clipboard_out))

struct DesiredSession {
  static constexpr bool kAbsentKeepsDefault = true;
  SessionId id{};
  std::int64_t attempt = 0;
  std::int64_t generation = 0;
  std::string desired = "running";  ///< running, ended
  std::string image_reference{};
  std::optional<std::string> image_id{};  ///< docker id that the image is pinned to
  std::optional<std::string> image_digest{};
  double cores = 1;
  std::int64_t memory_bytes = 0;
  std::int64_t shm_bytes = 0;
  std::int64_t pids = 0;
  std::string network = "none";  ///< none, internet, lan, name:<network>
  Environment environment{};     ///< the workspace's own variables; nothing secret
  std::string hostname{};
  std::string home = "fresh";
  std::optional<std::string> runtime{};  ///< null: the agent's newest
  Begin begin{};
  std::int64_t start_deadline_seconds = 60;
  std::vector<std::string> revoked_viewers{};
  std::optional<std::string> end_reason{};  ///< with `ended`: what viewers read
};
BOOST_DESCRIBE_STRUCT(DesiredSession, (),
                      (id, attempt, generation, desired, image_reference, image_id, image_digest, cores,
                       memory_bytes, shm_bytes, pids, network, environment, hostname, home, runtime, begin,
                       start_deadline_seconds, revoked_viewers, end_reason))

struct RegistryAccess {
  static constexpr bool kAbsentKeepsDefault = true;
  std::string server{};
  std::string username{};
  std::string password{};
};
BOOST_DESCRIBE_STRUCT(RegistryAccess, (), (server, username, password))

struct DesiredImage {
  static constexpr bool kAbsentKeepsDefault = true;
  std::string reference{};
  std::optional<std::string> digest{};
  std::optional<RegistryAccess> registry{};
  bool enabled = true;
};
BOOST_DESCRIBE_STRUCT(DesiredImage, (), (reference, digest, registry, enabled))

/// `full`: sessions that are not named are not known to the manager. Otherwise only what changed. A full list
/// comes in parts of at most kSessionsPerMessage, all but the last with `more`. `images`, when present, is
/// the whole list.
struct Desired {
  static constexpr bool kAbsentKeepsDefault = true;
  std::string type = "desired";
  bool full = false;
  bool more = false;
  std::int64_t revision = 0;
  std::vector<DesiredSession> sessions{};
  std::vector<SessionId> removed_sessions{};
  std::optional<std::vector<DesiredImage>> images{};
};
BOOST_DESCRIBE_STRUCT(Desired, (), (type, full, more, revision, sessions, removed_sessions, images))

struct CloseViewer {
  static constexpr bool kAbsentKeepsDefault = true;
  std::string type = "close_viewer";
  std::optional<SessionId> session{};  ///< null: any of this agent's
  std::vector<std::string> viewers{};  ///< viewers' ids, or the grants by which they came
  std::string reason{};
};
BOOST_DESCRIBE_STRUCT(CloseViewer, (), (type, session, viewers, reason))

/// An administrator reads the agent's own log, or nobody does any more. `wanted` begins anew with everything
/// that the agent still keeps.
struct LogFollow {
  static constexpr bool kAbsentKeepsDefault = true;
  std::string type = "log_follow";
  bool wanted = false;
};
BOOST_DESCRIBE_STRUCT(LogFollow, (), (type, wanted))

// agent → manager

/// Lines of the agent's own log, oldest first, each as it was written (JSON), at most
/// limits::kLogLinesPerMessage.
struct LogLines {
  static constexpr bool kAbsentKeepsDefault = true;
  std::string type = "log_lines";
  std::vector<std::string> lines{};
};
BOOST_DESCRIBE_STRUCT(LogLines, (), (type, lines))

struct Hello {
  static constexpr bool kAbsentKeepsDefault = true;
  std::string type = "hello";
  AgentId agent_id{};
  std::string certificate_pem{};
  std::string signature{};  ///< base64
  std::string version{};
  std::int64_t protocol = kProtocol;
};
BOOST_DESCRIBE_STRUCT(Hello, (), (type, agent_id, certificate_pem, signature, version, protocol))

struct Resources {
  static constexpr bool kAbsentKeepsDefault = true;
  std::string hostname{};
  double cores_total = 0;
  double cpu_percent = 0;
  double load_1 = 0;
  std::int64_t memory_total_bytes = 0;
  std::int64_t memory_used_bytes = 0;
  std::int64_t disk_total_bytes = 0;
  std::int64_t disk_used_bytes = 0;
  std::vector<std::string> gpus{};
  std::string docker_version{};
  std::string api_version{};
  std::string kernel{};
  std::string operating_system{};
  std::string cgroup{};
  bool live_restore = false;
  bool user_namespaces = false;
  std::string address{};
  std::int64_t sessions = 0;
  std::string version{};
};
BOOST_DESCRIBE_STRUCT(Resources, (),
                      (hostname, cores_total, cpu_percent, load_1, memory_total_bytes, memory_used_bytes,
                       disk_total_bytes, disk_used_bytes, gpus, docker_version, api_version, kernel,
                       operating_system, cgroup, live_restore, user_namespaces, address, sessions, version))

struct Heartbeat {
  static constexpr bool kAbsentKeepsDefault = true;
  std::string type = "heartbeat";
  std::optional<WallTime> sent_at{};  ///< by the agent's clock
  Resources resources{};
};
BOOST_DESCRIBE_STRUCT(Heartbeat, (), (type, sent_at, resources))

struct InventoryImage {
  static constexpr bool kAbsentKeepsDefault = true;
  std::string reference{};
  std::string id{};
  std::vector<std::string> digests{};
  std::int64_t size_bytes = 0;
  std::string state{};  ///< present, pulling, absent, failed
  std::int64_t progress = 0;
  std::string message{};
  boost::json::value manifest{};
};
BOOST_DESCRIBE_STRUCT(InventoryImage, (),
                      (reference, id, digests, size_bytes, state, progress, message, manifest))

struct Inventory {
  static constexpr bool kAbsentKeepsDefault = true;
  std::string type = "inventory";
  std::vector<InventoryImage> images{};
  std::vector<std::string> networks{};
};
BOOST_DESCRIBE_STRUCT(Inventory, (), (type, images, networks))

struct ObservedSession {
  static constexpr bool kAbsentKeepsDefault = true;
  SessionId id{};
  std::int64_t attempt = 0;
  std::int64_t generation = 0;
  std::string state{};  ///< absent, creating, starting, running, ending, gone, failed
  std::string step{};
  std::int64_t progress = 0;  ///< percent
  std::optional<std::string> reason_code{};
  std::optional<std::string> reason{};
  std::optional<std::string> log_tail{};
  std::optional<std::string> container_id{};
  std::optional<std::string> started_at{};
  std::optional<std::string> runtime{};
  std::optional<std::int64_t> protocol{};
  std::int64_t viewers = 0;
  std::optional<std::string> last_input_at{};
  double cpu = 0;  ///< cores in use
  std::int64_t memory_bytes = 0;
};
BOOST_DESCRIBE_STRUCT(ObservedSession, (),
                      (id, attempt, generation, state, step, progress, reason_code, reason, log_tail,
                       container_id, started_at, runtime, protocol, viewers, last_input_at, cpu,
                       memory_bytes))

struct Observed {
  static constexpr bool kAbsentKeepsDefault = true;
  std::string type = "observed";
  bool full = false;
  bool more = false;
  std::vector<ObservedSession> sessions{};
};
BOOST_DESCRIBE_STRUCT(Observed, (), (type, full, more, sessions))

}  // namespace oriel::protocol::agent
