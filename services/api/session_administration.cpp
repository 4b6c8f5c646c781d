#include "services/api/session_administration.h"

#include <algorithm>

#include <boost/describe/class.hpp>

#include "libs/base/text.h"
#include "libs/http/json_body.h"
#include "libs/store/session_list.h"
#include "libs/store/session_notices.h"
#include "services/api/respond.h"
#include "services/api/views.h"

namespace oriel::api {
namespace {

/// The query as a filter; unknown names and values are refused, each with its pointer.
Result<store::SessionFilter> filter_of(http::Request const& request) {
  store::SessionFilter filter;
  std::vector<FieldError> faults;
  auto const id = [&faults](std::string const& name, std::string const& value, auto& into) {
    using IdType = std::remove_cvref_t<decltype(*into)>;
    into = IdType::parse(value);
    if (!into) faults.push_back({"/" + name, "an id of 32 hex digits"});
  };
  for (auto const& [name, value] : request.query) {
    if (value.empty()) continue;
    if (name == "state") {
      for (auto const word : split(value, ',')) {
        auto const state = domain::parse_session_state(word);
        if (state) filter.states.push_back(*state);
        if (!state) faults.push_back({"/state", "not a state: " + shown_text(word, 32)});
      }
    } else if (name == "user") {
      // An id, or the whole of a user name: what a person can write into an address.
      filter.user = UserId::parse(value);
      if (!filter.user) filter.username = to_utf8(value, 256);
    } else if (name == "workspace") {
      id(name, value, filter.image);
    } else if (name == "server") {
      filter.agent = AgentId::parse(value);
      if (!filter.agent) filter.server = to_utf8(value, 253);
    } else if (name == "q") {
      filter.text = to_utf8(value, 128);
    } else if (name == "order") {
      filter.reversed = value.starts_with('-');
      auto const order = store::parse_session_order(std::string_view(value).substr(filter.reversed ? 1 : 0));
      if (order)
        filter.order = *order;
      else
        faults.push_back(
            {"/order",
             "age, ended, workspace, user, state, server, cpu, memory or viewers; - turns it round"});
    } else if (name == "limit") {
      auto const limit = parse_integer(value);
      if (limit && *limit >= 1 && *limit <= 500)
        filter.limit = static_cast<int>(*limit);
      else
        faults.push_back({"/limit", "from 1 to 500"});
    } else if (name == "cursor") {
      filter.cursor = value;
    } else {
      faults.push_back({"/" + shown_text(name, 32), "unknown"});
    }
  }
  if (!faults.empty()) return Error{Code::kInvalid, "The filter cannot be read.", std::move(faults)};
  return filter;
}

struct MessageBody {
  std::vector<SessionId> sessions{};
  std::string text{};
};
BOOST_DESCRIBE_STRUCT(MessageBody, (), (sessions, text))

struct EndBody {
  std::vector<SessionId> sessions{};
  std::optional<std::string> reason{};
};
BOOST_DESCRIBE_STRUCT(EndBody, (), (sessions, reason))

struct WatchBody {
  std::string viewer{};
  bool ended = false;
};
BOOST_DESCRIBE_STRUCT(WatchBody, (), (viewer, ended))

Result<> check_sessions(std::vector<SessionId> const& sessions) {
  if (!sessions.empty() && sessions.size() <= limits::kBulkSessions) return {};
  return Error{Code::kInvalid,
               "Name the sessions.",
               {{"/sessions", "1 to " + std::to_string(limits::kBulkSessions) + " ids"}}};
}

/// What became of each session of a request about many.
class Outcomes {
 public:
  void add(SessionId session, Result<> const& outcome) {
    json::Value message(nullptr);
    if (!outcome) message = outcome.error().message;
    list_.push_back(
        json::Object{{"id", session.text()}, {"ok", outcome.has_value()}, {"message", std::move(message)}});
  }
  [[nodiscard]] http::Response response() {
    return http::json_response(json::Object{{"results", std::move(list_)}});
  }

 private:
  json::Array list_{};
};

/// A fault of ours or of the database concerns them all: the rest is not tried.
bool concerns_all(Error const& error) {
  return error.code != Code::kNotFound && error.code != Code::kConflict;
}

std::size_t characters(std::string const& text) {
  return static_cast<std::size_t>(std::ranges::count_if(text, [](char c) { return (c & 0xC0) != 0x80; }));
}

}  // namespace

SessionAdministration::SessionAdministration(postgres::Database& database) : database_(database) {}

void SessionAdministration::declare(Routes& router) {
  router.declare({"GET", "/api/v1/admin/sessions", "list_all_sessions"},
                 answering(this, &SessionAdministration::list));
  router.declare({"GET", "/api/v1/admin/sessions/{id}", "read_any_session"},
                 answering(this, &SessionAdministration::read));
  router.declare({"POST", "/api/v1/admin/sessions/message", "message_session"},
                 answering(this, &SessionAdministration::message));
  router.declare({"POST", "/api/v1/admin/sessions/end", "end_any_session"},
                 answering(this, &SessionAdministration::end));
  router.declare({"POST", "/api/v1/admin/sessions/{id}/watch", "watch_session"},
                 answering(this, &SessionAdministration::watch));
}

Async<Result<http::Response>> SessionAdministration::list(http::Request request) {
  auto filter = filter_of(request);
  if (!filter) co_return filter.error();
  auto page = co_await store::list_sessions(database_, *filter);
  if (!page) co_return page.error();
  json::Array views;
  for (auto const& session : page->sessions) views.push_back(admin_session_view(session));
  json::Value cursor(nullptr);
  if (page->next_cursor) cursor = *page->next_cursor;
  json::Object body{{"sessions", std::move(views)}, {"cursor", std::move(cursor)}, {"total", nullptr}};
  // Counted once, with the first page; the pages after it know.
  if (!filter->cursor) {
    auto total = co_await store::count_sessions(database_, *filter);
    if (!total) co_return total.error();
    body["total"] = *total;
  }
  co_return http::json_response(body);
}

Async<Result<http::Response>> SessionAdministration::read(http::Request request) {
  auto const id = SessionId::parse(request.parameter("id"));
  if (!id) co_return fail(Code::kNotFound, "There is no such session.");
  auto session = co_await store::find_session(database_, *id);
  if (!session) co_return session.error();
  if (!*session) co_return fail(Code::kNotFound, "There is no such session.");
  auto messages = co_await store::list_session_messages(database_, *id);
  if (!messages) co_return messages.error();
  co_return http::json_response(session_details_view(**session, *messages));
}

Async<Result<http::Response>> SessionAdministration::message(http::Request request) {
  auto const& identity = identity_of(request);
  auto body = http::read_json_body<MessageBody>(request);
  if (!body) co_return body.error();
  auto named = check_sessions(body->sessions);
  if (!named) co_return named.error();
  auto const text = std::string(trim(body->text));
  if (text.empty() || characters(text) > limits::kMessageCharacters) {
    co_return Error{Code::kInvalid,
                    "The message cannot be sent.",
                    {{"/text", "1 to " + std::to_string(limits::kMessageCharacters) + " characters"}}};
  }
  Outcomes outcomes;
  for (auto const& session : body->sessions) {
    store::NewSessionMessage message{session, identity.subject.user,
                                     display_name(identity.sign_in->account.user), text, identity.actor()};
    auto sent = co_await store::send_session_message(database_, std::move(message));
    if (!sent && concerns_all(sent.error())) co_return sent.error();
    outcomes.add(session, sent);
  }
  co_return outcomes.response();
}

Async<Result<http::Response>> SessionAdministration::end(http::Request request) {
  auto const& identity = identity_of(request);
  auto body = http::read_json_body<EndBody>(request);
  if (!body) co_return body.error();
  auto named = check_sessions(body->sessions);
  if (!named) co_return named.error();
  auto const words = std::string(trim(body->reason.value_or("")));
  if (words.size() > limits::kEndReasonBytes) {
    co_return Error{Code::kInvalid,
                    "The reason is too long.",
                    {{"/reason", "at most " + std::to_string(limits::kEndReasonBytes) + " bytes"}}};
  }
  store::EndReason reason{"ended_by_administrator", "An administrator ended it."};
  if (!words.empty()) reason.words = "An administrator ended it: " + words;
  Outcomes outcomes;
  for (auto const& session : body->sessions) {
    auto ended = co_await store::desire_end(database_, session, identity.actor(), reason);
    if (!ended && concerns_all(ended.error())) co_return ended.error();
    outcomes.add(session, ended ? Result<>() : Result<>(ended.error()));
  }
  co_return outcomes.response();
}

Async<Result<http::Response>> SessionAdministration::watch(http::Request request) {
  auto const& identity = identity_of(request);
  auto const session = SessionId::parse(request.parameter("id"));
  if (!session) co_return fail(Code::kNotFound, "There is no such session.");
  auto body = http::read_json_body<WatchBody>(request);
  if (!body) co_return body.error();
  if (!ViewerId::parse(body->viewer)) {
    co_return Error{Code::kInvalid, "The view cannot be found.", {{"/viewer", "32 hex digits"}}};
  }
  if (body->ended) {
    auto closed = co_await store::close_watch(database_, *session, body->viewer, identity.subject.user,
                                              identity.actor());
    if (!closed) co_return closed.error();
  } else {
    auto renewed = co_await store::renew_watch(database_, *session, body->viewer, identity.subject.user);
    if (!renewed) co_return renewed.error();
  }
  http::Response response;
  response.status = 204;
  co_return response;
}

}  // namespace oriel::api
