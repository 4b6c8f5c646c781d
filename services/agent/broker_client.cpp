#include "services/agent/broker_client.h"

#include <optional>
#include <utility>

#include "libs/base/json.h"

namespace oriel::agent {
namespace {

namespace wire = protocol::broker;
using namespace std::chrono_literals;

// The broker's own calls to the engine end at kDockerStart; it needs a little longer to answer.
constexpr auto kEngineCall = limits::kDockerStart + 5s;

std::string path_of(SessionId session) { return "/v1/sessions/" + session.text(); }

template <typename T>
Result<T> read_answer(Result<json::Value> answer, std::string_view doing) {
  if (!answer) return answer.error().within(doing);
  auto read = json::read<T>(*answer, json::Unknown::kIgnore);
  if (!read) return read.error().within(doing);
  return read;
}

}  // namespace

bool may_pass(Error const& error) {
  switch (error.code) {
    case Code::kUnavailable:
    case Code::kNoCapacity:
    case Code::kTimeout:
    case Code::kRetry:
    case Code::kRateLimited:
    case Code::kInternal:
      return true;
    default:
      return false;
  }
}

BrokerClient::BrokerClient(Executor executor, Endpoint endpoint)
    : calls_(std::move(executor), std::move(endpoint)) {}

Async<Result<wire::Host>> BrokerClient::host() {
  auto answer = co_await calls_.call("GET", "/v1/host");
  co_return read_answer<wire::Host>(std::move(answer), "ask the broker about this host");
}

Async<Result<std::vector<wire::SessionContainer>>> BrokerClient::sessions() {
  auto answer = co_await calls_.call("GET", "/v1/sessions");
  auto list = read_answer<wire::SessionList>(std::move(answer), "list the session containers");
  if (!list) co_return list.error();
  co_return std::move(list->sessions);
}

Async<Result<wire::SessionContainer>> BrokerClient::find(SessionId session) {
  auto answer = co_await calls_.call("GET", path_of(session));
  co_return read_answer<wire::SessionContainer>(std::move(answer), "look for the session's container");
}

Async<Result<>> BrokerClient::make_control(SessionId session) {
  auto answer = co_await calls_.call("POST", path_of(session) + "/control");
  if (!answer) co_return answer.error().within("make the control directory");
  co_return Result<>();
}

Async<Result<wire::SessionContainer>> BrokerClient::create(SessionId session, wire::CreateSession wanted) {
  std::optional<json::Value> body = json::write(wanted);
  auto answer = co_await calls_.call("POST", path_of(session), std::move(body), kEngineCall);
  co_return read_answer<wire::SessionContainer>(std::move(answer), "create the session's container");
}

Async<Result<>> BrokerClient::remove(SessionId session) {
  auto const target = path_of(session) + "?grace=" + std::to_string(limits::kEndGrace.count());
  auto answer = co_await calls_.call("DELETE", target, std::nullopt, kEngineCall);
  if (!answer && answer.error().code != Code::kNotFound)
    co_return answer.error().within("remove the container");
  co_return Result<>();
}

Async<Result<std::string>> BrokerClient::log(SessionId session) {
  auto answer =
      co_await calls_.call("GET", path_of(session) + "/log?lines=50", std::nullopt, limits::kFailureLog);
  auto log = read_answer<wire::SessionLog>(std::move(answer), "read the container's log");
  if (!log) co_return log.error();
  co_return std::move(log->log);
}

Async<Result<wire::SessionUsage>> BrokerClient::usage(SessionId session) {
  auto answer = co_await calls_.call("GET", path_of(session) + "/usage", std::nullopt, limits::kFailureLog);
  co_return read_answer<wire::SessionUsage>(std::move(answer), "read the container's usage");
}

Async<Result<std::vector<wire::Image>>> BrokerClient::images() {
  auto answer = co_await calls_.call("GET", "/v1/images");
  auto list = read_answer<wire::ImageList>(std::move(answer), "list the images");
  if (!list) co_return list.error();
  co_return std::move(list->images);
}

Async<Result<std::string>> BrokerClient::pull(wire::PullImage wanted,
                                              std::function<void(wire::PullLine const&)> on_progress) {
  http::ClientRequest request;
  request.method = "POST";
  request.target = "/v1/images/pull";
  request.headers.set("Content-Type", "application/json");
  request.body = json::write_text(wanted);
  request.deadline = limits::kDockerCall;
  request.silence = limits::kDockerPullSilence;

  std::optional<Result<std::string>> outcome;
  std::function<Async<Result<>>(std::string)> on_line = [&](std::string text) -> Async<Result<>> {
    if (text.empty()) co_return Result<>();
    auto line = json::parse_as<wire::PullLine>(text, json::Unknown::kIgnore);
    if (!line) co_return line.error();
    if (line->error) {
      outcome.emplace(fail(Code::kUnavailable, *line->error));
    } else if (line->done) {
      outcome.emplace(line->id.value_or(std::string()));
    } else {
      on_progress(*line);
    }
    co_return Result<>();
  };
  auto answer = co_await calls_.stream_lines(std::move(request), std::move(on_line));
  if (!answer) co_return answer.error().within("pull " + wanted.reference);
  if (answer->status / 100 != 2) co_return http::error_of(*answer).within("pull " + wanted.reference);
  if (!outcome)
    co_return fail(Code::kUnavailable, "pull " + wanted.reference + ": the broker ended without a result");
  if (!*outcome) co_return outcome->error().within("pull " + wanted.reference);
  co_return std::move(*outcome);
}

Async<Result<>> BrokerClient::events(std::function<void(wire::Event const&)> on_event) {
  http::ClientRequest request;
  request.target = "/v1/events";
  std::function<Async<Result<>>(std::string)> on_line = [&](std::string text) -> Async<Result<>> {
    if (text.empty()) co_return Result<>();
    auto event = json::parse_as<wire::Event>(text, json::Unknown::kIgnore);
    if (!event) co_return event.error();
    on_event(*event);
    co_return Result<>();
  };
  auto answer = co_await calls_.stream_lines(std::move(request), std::move(on_line));
  if (!answer) co_return answer.error().within("follow the broker's events");
  if (answer->status / 100 != 2) co_return http::error_of(*answer).within("follow the broker's events");
  co_return Result<>();
}

}  // namespace oriel::agent
