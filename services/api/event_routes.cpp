#include "services/api/event_routes.h"

#include "libs/base/json.h"
#include "libs/store/session_list.h"
#include "services/api/respond.h"
#include "services/api/views.h"

namespace oriel::api {
namespace {

/// Pages of an administrator's list; beyond it the page reads on by itself.
constexpr int kFirstSessions = 500;

/// What lives now. A change between this reading and the first event is told twice rather than never.
Async<Result<std::string>> snapshot(postgres::Database& database, Subscription const& subscription) {
  std::vector<store::Session> sessions;
  if (subscription.everything) {
    store::SessionFilter filter;
    filter.limit = kFirstSessions;
    auto page = co_await store::list_sessions(database, std::move(filter));
    if (!page) co_return page.error();
    sessions = std::move(page->sessions);
  } else {
    auto own = co_await store::list_sessions_of_user(database, subscription.user);
    if (!own) co_return own.error();
    sessions = std::move(*own);
  }
  std::string text;
  for (auto const& session : sessions) {
    if (subscription.only_session && session.id != *subscription.only_session) continue;
    auto const view = subscription.everything ? admin_session_view(session) : session_view(session);
    text += http::server_sent_event("session", json::text(view));
  }
  text += http::server_sent_event("ready", "{}");
  co_return text;
}

Async<> write_events(http::BodyWriter& writer, std::string first,
                     std::shared_ptr<Subscription> subscription) {
  bool going = co_await writer.write(std::move(first));
  while (going) {
    auto event = co_await subscription->events.receive();
    if (!event) break;
    // What waits already goes out together.
    auto text = std::move(*event);
    while (text.size() < 64 * 1024) {
      auto more = subscription->events.try_receive();
      if (!more) break;
      text += *more;
    }
    going = co_await writer.write(std::move(text));
  }
}

}  // namespace

EventRoutes::EventRoutes(postgres::Database& database, EventHub& hub) : database_(database), hub_(hub) {}

void EventRoutes::declare(Routes& router) {
  router.declare({"GET", "/api/v1/events", "subscribe_own_events"}, answering(this, &EventRoutes::events));
}

Async<Result<http::Response>> EventRoutes::events(http::Request request) {
  auto const& identity = identity_of(request);
  auto const scope = request.query_value("scope").value_or("own");
  if (scope != "own" && scope != "admin") {
    co_return Error{Code::kInvalid, "The scope is own or admin.", {{"/scope", "own or admin"}}};
  }
  auto const everything = scope == "admin";
  if (everything) {
    auto allowed = require(request, domain::Action::kSubscribeAllEvents, {}, "stream");
    if (!allowed) co_return allowed.error();
  }
  // Subscribed before the reading: no change can fall between them.
  auto subscription = hub_.subscribe(identity.subject.user, everything, identity.subject.bound_session,
                                     identity.sign_in->token_hash);
  if (!subscription)
    co_return fail(Code::kUnavailable, "Too many event streams are open. Try again shortly.");
  auto first = co_await snapshot(database_, *subscription);
  if (!first) co_return first.error();

  http::Response response;
  response.headers.set("Content-Type", "text/event-stream");
  response.headers.set("Cache-Control", "no-store");
  response.headers.set("X-Accel-Buffering", "no");
  // Called once: the first events are not kept for as long as the stream lasts.
  response.stream = [text = std::move(*first), subscription](http::BodyWriter& writer) mutable {
    return write_events(writer, std::move(text), std::move(subscription));
  };
  co_return response;
}

}  // namespace oriel::api
