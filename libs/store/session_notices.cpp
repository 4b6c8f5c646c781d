#include "libs/store/session_notices.h"

#include "libs/base/text.h"
#include "libs/store/session_rows.h"

namespace oriel::store {
namespace {

Async<Result<>> send_in(postgres::Queryable& transaction, NewSessionMessage const& message) {
  // The session's lock makes the count hold.
  auto session = co_await lock_session(transaction, message.session);
  if (!session) co_return session.error();
  if (!domain::is_live(session->state)) {
    co_return fail(Code::kConflict, "The session is over: nobody would read the message.");
  }
  postgres::Parameters of_session(message.session);
  auto unread = co_await transaction.query(
      "select count(*) as count from session_messages where session_id = $1 and read_at is null",
      std::move(of_session));
  if (!unread) co_return unread.error();
  if (unread->front().integer("count") >= static_cast<std::int64_t>(limits::kUnreadMessages)) {
    co_return fail(Code::kConflict, "The session has " + std::to_string(limits::kUnreadMessages) +
                                        " unread messages. Wait until its user has read some.");
  }
  auto const id = MessageId::random();
  postgres::Parameters values(id, message.session, message.sender, message.sender_name, message.text);
  auto inserted = co_await transaction.query(
      "insert into session_messages (id, session_id, sender_id, sender, text) values ($1, $2, $3, $4, $5)",
      std::move(values));
  if (!inserted) co_return inserted.error();
  auto entry = session_audit(message.actor, "session.message", message.session,
                             {{"message", id.text()}, {"text", message.text}});
  auto recorded = co_await record_audit(transaction, std::move(entry));
  co_return recorded;
}

Async<Result<>> acknowledge_in(postgres::Queryable& transaction, SessionId session, MessageId message,
                               Actor const& actor) {
  postgres::Parameters values(message, session);
  auto rows = co_await transaction.query(
      "with found as (select id, read_at from session_messages where id = $1 and session_id = $2) "
      "update session_messages m set read_at = coalesce(m.read_at, now()) from found where m.id = found.id "
      "returning found.read_at is null as first",
      std::move(values));
  if (!rows) co_return rows.error();
  if (rows->empty()) co_return fail(Code::kNotFound, "There is no such message.");
  if (!rows->front().boolean("first")) co_return Result<>();
  auto entry = session_audit(actor, "session.message_read", session, {{"message", message.text()}});
  auto recorded = co_await record_audit(transaction, std::move(entry));
  co_return recorded;
}

Async<Result<>> open_in(postgres::Queryable& transaction, NewWatch const& watch) {
  auto session = co_await lock_session(transaction, watch.session);
  if (!session) co_return session.error();
  postgres::Parameters values(watch.session, watch.viewer, watch.watcher);
  auto renewed = co_await transaction.query(
      "update session_watches set renewed_at = now() where session_id = $1 and viewer = $2::uuid and "
      "watcher_id = $3",
      std::move(values));
  if (!renewed) co_return renewed.error();
  if (renewed->affected() > 0) co_return Result<>();
  postgres::Parameters fresh(watch.session, watch.viewer, watch.watcher, watch.name, limits::kWatchers);
  auto inserted = co_await transaction.query(
      "insert into session_watches (session_id, viewer, watcher_id, watcher) select $1, $2::uuid, $3, $4 "
      "where (select count(*) from session_watches where session_id = $1) < $5::bigint on conflict do "
      "nothing",
      std::move(fresh));
  if (!inserted) co_return inserted.error();
  if (inserted->affected() == 0) {
    co_return fail(Code::kConflict, "The session is viewed by " + std::to_string(limits::kWatchers) +
                                        " others already, or this view belongs to somebody else.");
  }
  auto entry = session_audit(watch.actor, "session.view", watch.session, {{"viewer", watch.viewer}});
  auto recorded = co_await record_audit(transaction, std::move(entry));
  co_return recorded;
}

Async<Result<>> close_in(postgres::Queryable& transaction, SessionId session, std::string const& viewer,
                         UserId watcher, Actor const& actor) {
  postgres::Parameters values(session, viewer, watcher);
  auto rows = co_await transaction.query(
      "delete from session_watches where session_id = $1 and viewer = $2::uuid and watcher_id = $3 "
      "returning extract(epoch from now() - started_at)::bigint as seconds",
      std::move(values));
  if (!rows) co_return rows.error();
  if (rows->empty()) co_return Result<>();
  auto entry = session_audit(actor, "session.view_end", session,
                             {{"viewer", viewer}, {"seconds", rows->front().integer("seconds")}});
  auto recorded = co_await record_audit(transaction, std::move(entry));
  co_return recorded;
}

}  // namespace

Async<Result<>> send_session_message(postgres::Database& database, NewSessionMessage message) {
  std::function<Async<Result<>>(postgres::Queryable&)> body = [&message](postgres::Queryable& transaction) {
    return send_in(transaction, message);
  };
  auto outcome = co_await database.transaction<void>(std::move(body));
  co_return outcome;
}

Async<Result<>> acknowledge_session_message(postgres::Database& database, SessionId session,
                                            MessageId message, Actor actor) {
  std::function<Async<Result<>>(postgres::Queryable&)> body = [&](postgres::Queryable& transaction) {
    return acknowledge_in(transaction, session, message, actor);
  };
  auto outcome = co_await database.transaction<void>(std::move(body));
  co_return outcome;
}

Async<Result<std::vector<SessionMessage>>> list_session_messages(postgres::Database& database,
                                                                 SessionId session) {
  postgres::Parameters values(session);
  auto rows = co_await database.query(
      "select id, sender, text, sent_at, read_at from session_messages where session_id = $1 "
      "order by sent_at desc, id limit 100",
      std::move(values));
  if (!rows) co_return rows.error().within("list the session's messages");
  std::vector<SessionMessage> messages;
  for (auto const row : *rows) {
    messages.push_back({row.id<MessageId>("id"), row.text("sender"), row.text("text"), row.time("sent_at"),
                        row.optional_time("read_at")});
  }
  co_return messages;
}

Async<Result<>> open_watch(postgres::Database& database, NewWatch watch) {
  std::function<Async<Result<>>(postgres::Queryable&)> body = [&watch](postgres::Queryable& transaction) {
    return open_in(transaction, watch);
  };
  auto outcome = co_await database.transaction<void>(std::move(body));
  co_return outcome;
}

Async<Result<>> renew_watch(postgres::Database& database, SessionId session, std::string viewer,
                            UserId watcher) {
  postgres::Parameters values(session, viewer, watcher);
  auto rows = co_await database.query(
      "update session_watches set renewed_at = now() where session_id = $1 and viewer = $2::uuid and "
      "watcher_id = $3",
      std::move(values));
  if (!rows) co_return rows.error().within("renew the view");
  if (rows->affected() == 0) co_return fail(Code::kNotFound, "This view is over. Open it again.");
  co_return Result<>();
}

Async<Result<>> close_watch(postgres::Database& database, SessionId session, std::string viewer,
                            UserId watcher, Actor actor) {
  std::function<Async<Result<>>(postgres::Queryable&)> body = [&](postgres::Queryable& transaction) {
    return close_in(transaction, session, viewer, watcher, actor);
  };
  auto outcome = co_await database.transaction<void>(std::move(body));
  co_return outcome;
}

Async<Result<std::vector<SessionWatcher>>> list_watchers(postgres::Database& database, SessionId session) {
  postgres::Parameters values(session);
  auto rows = co_await database.query(
      "select watcher_id, watcher, started_at from session_watches where session_id = $1 order by "
      "started_at, viewer",
      std::move(values));
  if (!rows) co_return rows.error().within("list who views the session");
  std::vector<SessionWatcher> watchers;
  for (auto const row : *rows) {
    watchers.push_back({row.id<UserId>("watcher_id"), row.text("watcher"), row.time("started_at")});
  }
  co_return watchers;
}

Async<Result<std::size_t>> close_lapsed_watches(postgres::Database& database,
                                                std::chrono::seconds unrenewed_for) {
  postgres::Parameters values(unrenewed_for.count());
  auto rows = co_await database.query(
      "delete from session_watches where renewed_at < now() - $1::bigint * interval '1 second'",
      std::move(values));
  if (!rows) co_return rows.error().within("end views that nobody renews");
  co_return rows->affected();
}

}  // namespace oriel::store
