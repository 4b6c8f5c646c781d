#pragma once

#include <chrono>
#include <cstdint>
#include <map>
#include <optional>
#include <string>
#include <vector>

#include "libs/base/clock.h"
#include "libs/base/id.h"
#include "libs/base/json.h"
#include "libs/domain/placement.h"
#include "libs/domain/session_state.h"
#include "libs/postgres/database.h"
#include "libs/store/audit.h"

namespace oriel::store {

/// One session with what is shown of its workspace, owner and server.
struct Session {
  SessionId id{};
  UserId user{};
  std::string username{};
  ImageId image{};
  std::string image_name{};
  std::string image_reference{};  ///< as of launch
  std::string friendly_name{};
  int hue = 0;
  domain::DesiredState desired = domain::DesiredState::kRunning;
  domain::SessionState state = domain::SessionState::kRequested;
  std::int64_t generation = 1;  ///< grows with every change of state or desire
  int attempt = 0;
  std::optional<WallTime> deadline{};
  std::optional<std::string> reason_code{};
  std::optional<std::string> reason{};
  std::string step{};
  int progress = 0;                        ///< 0–100
  std::optional<json::Value> placement{};  ///< `{"servers":[{"server","checks":[{"check","ok","message"}]}]}`
  std::optional<std::string> log_tail{};
  std::optional<AgentId> agent{};
  std::optional<std::string> server{};  ///< the agent's hostname
  std::optional<std::string> zone{};    ///< the name of the agent's zone
  double cores = 0;
  std::int64_t memory_bytes = 0;
  std::optional<std::string> container_id{};
  std::optional<std::string> runtime{};
  int client_protocol = 1;
  int width = 0;
  int height = 0;
  std::string locale{};
  std::string timezone{};
  std::optional<std::string> open_url{};
  std::map<std::string, std::string> environment{};  ///< the request's own variables
  json::Object launch{};                             ///< see Launch
  int viewers = 0;
  std::optional<WallTime> last_input_at{};
  double cpu = 0;
  std::int64_t memory_used_bytes = 0;
  std::optional<std::string> share_id{};
  int keepalive_seconds = 0;
  std::optional<int> time_limit_seconds{};
  WallTime created_at{};
  std::optional<WallTime> placed_at{};
  std::optional<WallTime> started_at{};
  std::optional<WallTime> ended_at{};
  std::optional<WallTime> released_at{};
  WallTime keepalive_at{};
  std::optional<WallTime> expires_at{};
  WallTime changed_at{};  ///< of the row, by the database's clock
  /// `{"messages":[{"id","from","text","sent_at"}],"watchers":[{"name","since"}]}`: what is unread, who looks
  /// on.
  json::Object notices{};
};

/// The workspace as it was at launch: what an agent needs and an administrator's later edit must not change.
struct Launch {
  std::string name{};  ///< friendly name
  std::string image_reference{};
  std::optional<std::string> image_id{};  ///< the engine's id
  std::optional<std::string> image_digest{};
  std::int64_t shm_bytes = 0;
  int pids = 0;
  std::string network{};
  std::map<std::string, std::string> environment{};  ///< the workspace's, then the request's
  std::string hostname{};
};
BOOST_DESCRIBE_STRUCT(Launch, (),
                      (name, image_reference, image_id, image_digest, shm_bytes, pids, network, environment,
                       hostname))
/// Session::launch as a struct.
[[nodiscard]] Result<Launch> launch_of(Session const& session);

// The API's side: writes of desire.

struct SessionRequest {
  UserId user{};
  ImageId image{};
  int width = 1920;
  int height = 1080;
  std::string locale = "en_US.UTF-8";
  std::string timezone = "UTC";
  std::optional<std::string> open_url{};
  std::map<std::string, std::string> environment{};
  std::optional<std::string> request_key{};  ///< the same key of the same user gives the same session again
  std::optional<std::string> share_id{};
  int client_protocol = 1;
  Actor actor{};
};

/// One transaction: locks the user's row, checks that the workspace is granted and enabled (kNotFound),
/// counts live sessions against the limits (kConflict, with words for the user), inserts the row in
/// `requested`, audits.
[[nodiscard]] Async<Result<Session>> request_session(postgres::Database& database, SessionRequest request);

/// Why somebody else ended a session.
struct EndReason {
  std::string code = "ended_by_user";
  std::optional<std::string> words{};  ///< as its user reads it
};
/// desired = ended; a session that was never placed is `ended` at once. Ending it again changes nothing.
/// kNotFound when absent.
[[nodiscard]] Async<Result<Session>> desire_end(postgres::Database& database, SessionId session, Actor actor,
                                                EndReason reason = {});

/// The same inside a transaction, with its audit line.
[[nodiscard]] Async<Result<Session>> desire_end_as_part(postgres::Queryable& transaction, SessionId session,
                                                        Actor actor);

/// Moves the expiry on: now + the session's keepalive, at most its time limit. kNotFound when absent or not
/// live.
[[nodiscard]] Async<Result<Session>> keep_session_alive(postgres::Database& database, SessionId session);

[[nodiscard]] Async<Result<std::optional<Session>>> find_session(postgres::Database& database,
                                                                 SessionId session);
/// The user's sessions, newest first: live ones, and ended or failed ones for `after_end` more.
[[nodiscard]] Async<Result<std::vector<Session>>> list_sessions_of_user(
    postgres::Database& database, UserId user, std::chrono::seconds after_end = std::chrono::minutes(5));

/// Sessions whose row changed after `since` (database time), oldest change first, at most 1000: the truth
/// behind the notifications. A transaction may commit a little after its stamp, so ask again from a few
/// seconds before the last one seen.
[[nodiscard]] Async<Result<std::vector<Session>>> list_changed_sessions(postgres::Database& database,
                                                                        WallTime since);
/// The database's clock.
[[nodiscard]] Async<Result<WallTime>> database_time(postgres::Database& database);

// The Manager's side: making desire real.

/// Ids of sessions in `requested`, oldest first, at most `limit`.
[[nodiscard]] Async<Result<std::vector<SessionId>>> list_requested_sessions(postgres::Database& database,
                                                                            int limit = 100);

struct Placed {
  Session session{};
  domain::PlacementDecision decision{};
};
/// One transaction under the rows' locks: reads the servers with what is reserved, decides by domain::place,
/// and moves the session to `placed` (agent, attempt + 1) or to `failed` (reason_code `no_capacity`,
/// placement). Empty when it is not `requested` any more. A session that should be ended becomes `ended`.
[[nodiscard]] Async<Result<std::optional<Placed>>> place_session(postgres::Database& database,
                                                                 SessionId session,
                                                                 domain::PlacementPolicy policy = {});

/// What changes; absent members stay.
struct SessionPatch {
  std::optional<domain::SessionState> state{};
  std::optional<std::string> step{};
  std::optional<int> progress{};
  std::optional<std::string> reason_code{};
  std::optional<std::string> reason{};
  std::optional<std::string> log_tail{};
  std::optional<std::string> container_id{};
  std::optional<std::string> runtime{};
  std::optional<int> client_protocol{};
  bool released = false;  ///< nothing of it is left on its server
};
/// Compare-and-set: empty when the row's generation is not `from_generation`, kConflict when the state
/// machine forbids the move. A new state brings its deadline, its times (started_at, ended_at), step and
/// progress (unless given) and generation + 1; a patch without a new state leaves the generation. `running`
/// clears an earlier reason; `ended` releases what was reserved.
[[nodiscard]] Async<Result<std::optional<Session>>> advance_session(postgres::Database& database,
                                                                    SessionId session,
                                                                    std::int64_t from_generation,
                                                                    domain::Cause cause, SessionPatch patch,
                                                                    Actor actor = {});

/// Numbers of a session that is seen running: no change of state. A viewer's presence keeps the session
/// alive, at most once a minute.
struct SessionUsage {
  int viewers = 0;
  std::optional<WallTime> last_input_at{};
  double cpu = 0;  ///< cores
  std::int64_t memory_bytes = 0;
};
[[nodiscard]] Async<Result<>> record_session_usage(postgres::Database& database, SessionId session,
                                                   int attempt, SessionUsage usage);

/// The agent confirmed that nothing of this attempt is left: its reservation ends. For sessions that failed.
[[nodiscard]] Async<Result<>> release_session(postgres::Database& database, SessionId session, int attempt);

/// Sessions that this agent has to know: everything placed on it that may still hold something there.
[[nodiscard]] Async<Result<std::vector<Session>>> list_sessions_of_agent(postgres::Database& database,
                                                                         AgentId agent);

/// Sessions with desired = ended that are not yet `ending` or final, at most `limit`.
[[nodiscard]] Async<Result<std::vector<Session>>> list_sessions_to_end(postgres::Database& database,
                                                                       int limit = 100);

/// Sets desired = ended (reason_code `keepalive_expired` or `session_time_limit`) where expires_at has
/// passed; gives them.
[[nodiscard]] Async<Result<std::vector<SessionId>>> expire_sessions(postgres::Database& database,
                                                                    int limit = 100);

/// Sessions whose state has outlived its deadline, at most `limit`: see domain::overdue_exit.
[[nodiscard]] Async<Result<std::vector<Session>>> list_overdue_sessions(postgres::Database& database,
                                                                        int limit = 100);
/// Gives an overdue `ending` a new deadline and its reason: it will be asked again. Empty when the generation
/// has moved on.
[[nodiscard]] Async<Result<std::optional<Session>>> rearm_deadline(postgres::Database& database,
                                                                   SessionId session,
                                                                   std::int64_t from_generation);

/// Deletes ended and failed sessions that ended longer ago than that and hold nothing; gives how many.
[[nodiscard]] Async<Result<std::size_t>> forget_sessions(postgres::Database& database,
                                                         std::chrono::hours older_than);

}  // namespace oriel::store
