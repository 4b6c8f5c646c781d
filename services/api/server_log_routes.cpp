#include "services/api/server_log_routes.h"

#include "libs/async/deadline.h"
#include "libs/base/limits.h"
#include "libs/base/text.h"
#include "libs/http/message.h"
#include "libs/store/agent_log.h"
#include "libs/store/agents.h"
#include "services/api/respond.h"

namespace oriel::api {
namespace {

using namespace std::chrono_literals;

constexpr auto kPoll = 500ms;
constexpr auto kRenew = 10s;  // also how often the reader's right is asked for, and the line kept alive
constexpr std::size_t kFields = 32;

/// Counts the open ones, also when the stream is cancelled.
class Place {
 public:
  explicit Place(std::shared_ptr<std::size_t> open) : open_(std::move(open)) { ++*open_; }
  ~Place() { --*open_; }
  Place(Place const&) = delete;
  Place& operator=(Place const&) = delete;

 private:
  std::shared_ptr<std::size_t> open_;
};

/// False when the log should be read no longer.
Async<Result<bool>> renew(postgres::Database& database, AgentId agent, std::string const& token_hash) {
  auto sign_in = co_await store::find_sign_in(database, token_hash, store::SignInUse::kLook);
  if (!sign_in) co_return sign_in.error();
  if (!*sign_in || !(*sign_in)->account.permissions.is_administrator()) co_return false;
  auto wanted = co_await store::want_agent_log(database, agent);
  if (!wanted && wanted.error().code == Code::kNotFound) co_return false;
  if (!wanted) co_return wanted.error();
  co_return true;
}

Async<> follow(http::BodyWriter& writer, postgres::Database& database, AgentId agent, std::string token_hash,
               Event& stopping, std::shared_ptr<Place> place) {
  (void)place;
  std::int64_t last = 0;
  bool told_connected = false;
  bool connected = false;
  auto next_renewal = std::chrono::steady_clock::now();
  while (!stopping.is_set()) {
    if (std::chrono::steady_clock::now() >= next_renewal) {
      next_renewal = std::chrono::steady_clock::now() + kRenew;
      // A database that is away ends no page: its next answer decides.
      auto goes_on = co_await renew(database, agent, token_hash);
      if (goes_on && !*goes_on) co_return;
      auto found = co_await store::find_agent(database, agent);
      bool const now_connected = found && *found && (*found)->state == domain::AgentState::kOnline;
      auto text = std::string(": still here\n\n");
      if (!told_connected || now_connected != connected) {
        text = http::server_sent_event("state", json::text(json::Object{{"connected", now_connected}}));
      }
      told_connected = true;
      connected = now_connected;
      bool const written = co_await writer.write(std::move(text));
      if (!written) co_return;
    }
    auto lines = co_await store::list_agent_log(database, agent, last);
    if (lines && !lines->empty()) {
      std::string text;
      for (auto const& line : *lines) {
        text += http::server_sent_event("line", json::text(log_line_view(line.line)));
        last = line.id;
      }
      bool const written = co_await writer.write(std::move(text));
      if (!written) co_return;
    }
    auto stop = stopping.wait();
    (void)co_await with_deadline(std::move(stop), kPoll, "more of the log");
  }
}

}  // namespace

json::Object log_line_view(std::string_view line) {
  json::Object view{{"at", nullptr}, {"level", "info"}, {"message", ""}, {"fields", json::Object()}};
  auto const text = to_utf8(line, limits::kLogRingLineBytes);
  auto const value = json::parse(text);
  if (!value || !value->is_object()) {
    view["message"] = text;
    return view;
  }
  json::Object fields;
  for (auto const& entry : value->get_object()) {
    auto const name = to_utf8(std::string_view(entry.key()), 64);
    auto words = entry.value().is_string() ? std::string(std::string_view(entry.value().get_string()))
                                           : json::text(entry.value());
    if (name == "time") {
      if (parse_rfc3339(words)) view["at"] = words;
    } else if (name == "level") {
      if (words == "debug" || words == "warning" || words == "error") view["level"] = words;
    } else if (name == "message") {
      view["message"] = std::move(words);
    } else if (name != "service" && fields.size() < kFields) {
      fields[name] = std::move(words);
    }
  }
  view["fields"] = std::move(fields);
  return view;
}

ServerLogRoutes::ServerLogRoutes(Executor executor, postgres::Database& database)
    : database_(database), stopping_(executor) {}

void ServerLogRoutes::declare(Routes& router) {
  router.declare({"GET", "/api/v1/admin/servers/{id}/log", "read_server_log"},
                 answering(this, &ServerLogRoutes::log));
}

Async<Result<http::Response>> ServerLogRoutes::log(http::Request request) {
  auto const id = AgentId::parse(request.parameter("id"));
  if (!id) co_return fail(Code::kNotFound, "There is no such server.");
  if (*open_ >= limits::kLogStreams) {
    co_return fail(Code::kUnavailable, "Too many server logs are open. Close one and try again.");
  }
  auto const place = std::make_shared<Place>(open_);
  auto wanted = co_await store::want_agent_log(database_, *id);
  if (!wanted) co_return wanted.error();
  http::Response response;
  response.headers.set("Content-Type", "text/event-stream");
  response.headers.set("Cache-Control", "no-store");
  response.headers.set("X-Accel-Buffering", "no");
  response.stream = [this, agent = *id, token_hash = identity_of(request).sign_in->token_hash,
                     place](http::BodyWriter& writer) {
    return follow(writer, database_, agent, token_hash, stopping_, place);
  };
  co_return response;
}

}  // namespace oriel::api
