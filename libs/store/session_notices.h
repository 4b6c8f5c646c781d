#pragma once

#include <chrono>
#include <optional>
#include <string>
#include <vector>

#include "libs/base/clock.h"
#include "libs/base/id.h"
#include "libs/base/limits.h"
#include "libs/postgres/database.h"
#include "libs/store/audit.h"

/// What a session's owner is told by administrators: messages, and that somebody looks on. Each write shows
/// in Session::notices in the same transaction.
namespace oriel::store {

struct SessionMessage {
  MessageId id{};
  std::string sender{};  ///< the name as it is shown
  std::string text{};
  WallTime sent_at{};
  std::optional<WallTime> read_at{};
};

struct NewSessionMessage {
  SessionId session{};
  UserId sender{};
  std::string sender_name{};
  std::string text{};  ///< 1 to limits::kMessageCharacters characters
  Actor actor{};
};
/// One transaction with its audit line. kNotFound when there is no such session, kConflict when it is over or
/// has limits::kUnreadMessages unread ones.
[[nodiscard]] Async<Result<>> send_session_message(postgres::Database& database, NewSessionMessage message);

/// The owner has read it; again changes nothing. kNotFound when it is not a message of this session.
[[nodiscard]] Async<Result<>> acknowledge_session_message(postgres::Database& database, SessionId session,
                                                          MessageId message, Actor actor);

/// All of one session, newest first, at most 100.
[[nodiscard]] Async<Result<std::vector<SessionMessage>>> list_session_messages(postgres::Database& database,
                                                                               SessionId session);

struct SessionWatcher {
  UserId user{};
  std::string name{};
  WallTime since{};
};
struct NewWatch {
  SessionId session{};
  std::string viewer{};  ///< 32 hex digits, as in the stream's address
  UserId watcher{};
  std::string name{};
  Actor actor{};
};
/// The owner's notice is there before the view begins. A viewer that watches already is renewed; a new one is
/// audited. kConflict when limits::kWatchers look on already or the viewer's id is somebody else's.
[[nodiscard]] Async<Result<>> open_watch(postgres::Database& database, NewWatch watch);

/// kNotFound when it has lapsed or never was: the view must be opened anew.
[[nodiscard]] Async<Result<>> renew_watch(postgres::Database& database, SessionId session, std::string viewer,
                                          UserId watcher);
/// The view is over; its stream is closed if it still is open. Nothing happens when there is none.
[[nodiscard]] Async<Result<>> close_watch(postgres::Database& database, SessionId session, std::string viewer,
                                          UserId watcher, Actor actor);
/// Those who look on now.
[[nodiscard]] Async<Result<std::vector<SessionWatcher>>> list_watchers(postgres::Database& database,
                                                                       SessionId session);
/// Ends views that were not renewed for so long; gives how many. Their streams are closed by the
/// notification.
[[nodiscard]] Async<Result<std::size_t>> close_lapsed_watches(
    postgres::Database& database, std::chrono::seconds unrenewed_for = limits::kWatchLife);

}  // namespace oriel::store
