#include "services/agent/manager_channel.h"

#include <algorithm>
#include <optional>
#include <utility>

#include "libs/async/backoff.h"
#include "libs/async/deadline.h"
#include "libs/async/failpoint.h"
#include "libs/async/first_result.h"
#include "libs/base/clock.h"
#include "libs/base/json.h"
#include "libs/base/limits.h"
#include "libs/base/log.h"
#include "libs/base/text.h"
#include "libs/base/version.h"
#include "libs/http/client.h"
#include "protocol/agent/messages.h"

namespace oriel::agent {
namespace {

namespace wire = protocol::agent;
using namespace std::chrono_literals;

template <typename T>
Result<T> read_as(http::WebSocketMessage const& message, std::string const& type) {
  auto value = json::parse(message.data);
  if (!value) return value.error();
  auto read = json::read<T>(*value, json::Unknown::kIgnore);
  if (!read) return read.error();
  if (read->type != type) return fail(Code::kInvalid, "expected " + type + ", got " + read->type);
  return read;
}

Async<Result<http::WebSocketMessage>> read_soon(http::WebSocket& socket, std::string what) {
  auto reading = socket.read();
  co_return co_await with_deadline(std::move(reading), limits::kChannelHandshake, std::move(what));
}

/// The manager's own words when it closed the channel.
Error closed_by_manager(http::WebSocket const& socket, Error const& error) {
  if (socket.close_code() < 4000) return error;
  auto const code = socket.close_code() == wire::kCloseRefused ? Code::kUnauthenticated : Code::kUnavailable;
  return fail(code, "the manager closed the channel: " + socket.close_reason());
}

}  // namespace

ManagerChannel::ManagerChannel(Executor executor, Options const& options, Sessions& sessions, Images& images,
                               HostResources& resources, log::Ring const& own_log)
    : executor_(executor),
      options_(options),
      sessions_(sessions),
      images_(images),
      resources_(resources),
      own_log_(own_log),
      something_to_send_(executor),
      tasks_(executor) {}

void ManagerChannel::start() {
  tasks_.spawn(run(), "manager channel");
  tasks_.spawn(watch_sessions(), "watch sessions");
  tasks_.spawn(watch_images(), "watch images");
}

Async<> ManagerChannel::stop() { co_await tasks_.stop(); }

Async<> ManagerChannel::watch_sessions() {
  for (;;) {
    co_await sessions_.changed().wait();
    something_to_send_.notify();
  }
}

Async<> ManagerChannel::watch_images() {
  for (;;) {
    co_await images_.changed().wait();
    inventory_due_ = true;
    something_to_send_.notify();
  }
}

Async<Result<Identity>> ManagerChannel::become_known() {
  auto known = load_identity(options_.state_directory);
  if (known || known.error().code != Code::kNotFound) co_return known;
  co_return co_await enrol(executor_, options_);
}

Async<> ManagerChannel::run() {
  Backoff backoff;
  for (;;) {
    auto identity = co_await become_known();
    enrolled_ = identity.has_value();
    if (!identity) {
      auto const& error = identity.error();
      if (last_error_ != error.message) log::error("the agent has no identity", {{"error", error}});
      last_error_ = error.message;
      co_await backoff.wait();
      continue;
    }
    auto const began = std::chrono::steady_clock::now();
    auto ended = co_await converse(*identity);
    connected_ = false;
    full_desired_ = false;
    if (last_error_ != ended.error().message) {
      log::warning("the channel to the manager ended", {{"error", ended.error()}});
    }
    last_error_ = ended.error().message;
    if (std::chrono::steady_clock::now() - began > limits::kBackoffLongest) backoff.reset();
    co_await backoff.wait();
  }
}

Async<Result<>> ManagerChannel::introduce(http::WebSocket& socket, Identity const& identity) {
  auto first = co_await read_soon(socket, "the manager's challenge");
  if (!first) co_return closed_by_manager(socket, first.error());
  auto challenge = read_as<wire::Challenge>(*first, "challenge");
  if (!challenge) co_return challenge.error();
  auto const nonce = from_base64(challenge->nonce);
  if (!nonce || nonce->size() < 16) co_return fail(Code::kInvalid, "the manager's nonce is too short");

  std::string signed_text = wire::kSignaturePrefix;
  signed_text += as_text(*nonce);
  wire::Hello hello;
  hello.agent_id = identity.id;
  hello.certificate_pem = identity.certificate_pem;
  hello.signature = base64(crypto::sign(identity.key, as_bytes(signed_text)));
  hello.version = std::string(version());
  auto sent = co_await socket.write(json::write_text(hello));
  if (!sent) co_return sent.error();

  auto second = co_await read_soon(socket, "the manager's welcome");
  if (!second) co_return closed_by_manager(socket, second.error());
  auto welcome = read_as<wire::Welcome>(*second, "welcome");
  if (!welcome) co_return welcome.error();
  heartbeat_ = std::chrono::seconds(std::clamp<std::int64_t>(welcome->heartbeat_seconds, 1, 60));
  co_return Result<>();
}

Async<Result<>> ManagerChannel::converse(Identity const& identity) {
  http::Headers headers;
  auto socket =
      co_await http::WebSocketClient::connect(executor_, options_.manager, "/agent/v1/channel", headers);
  if (!socket) co_return socket.error();
  auto introduced = co_await introduce(**socket, identity);
  if (!introduced) co_return introduced.error();

  log::info("connected to the manager", {{"agent", identity.id}});
  connected_ = true;
  last_error_.clear();
  full_desired_ = false;
  log_wanted_ = false;
  auto receiving = receive_loop(**socket);
  auto sending = send_loop(**socket);
  auto ended = co_await first_result(std::move(receiving), std::move(sending));
  if ((*socket)->is_open()) co_await (*socket)->close(1000, "reconnecting");
  co_return closed_by_manager(**socket, ended.error());
}

Async<Result<>> ManagerChannel::receive_loop(http::WebSocket& socket) {
  for (;;) {
    auto message = co_await socket.read();
    if (!message) co_return message.error();
    auto value = json::parse(message->data);
    if (!value) co_return value.error();
    auto envelope = json::read<wire::Envelope>(*value, json::Unknown::kIgnore);
    if (!envelope) co_return envelope.error();
    if (envelope->type == "desired") {
      auto desired = json::read<wire::Desired>(*value, json::Unknown::kIgnore);
      if (!desired) co_return desired.error().within("read desired");
      sessions_.apply(*desired);
      if (desired->images) images_.apply(std::move(*desired->images));
      if (desired->full && !desired->more) {
        full_desired_ = true;
        something_to_send_.notify();
      }
    } else if (envelope->type == "close_viewer") {
      auto close = json::read<wire::CloseViewer>(*value, json::Unknown::kIgnore);
      if (!close) co_return close.error().within("read close_viewer");
      sessions_.close_viewer(*close);
    } else if (envelope->type == "log_follow") {
      auto follow = json::read<wire::LogFollow>(*value, json::Unknown::kIgnore);
      if (!follow) co_return follow.error().within("read log_follow");
      log_wanted_ = follow->wanted;
      log_told_ = 0;
      something_to_send_.notify();
    } else {
      log::warning("a message that this agent does not know", {{"type", to_utf8(envelope->type, 64)}});
    }
  }
}

Async<Result<>> ManagerChannel::send_full(http::WebSocket& socket) {
  auto all = sessions_.observed();
  std::size_t next = 0;
  do {
    wire::Observed part;
    part.full = true;
    for (; next < all.size() && part.sessions.size() < wire::kSessionsPerMessage; ++next) {
      part.sessions.push_back(std::move(all[next]));
    }
    part.more = next < all.size();
    auto sent = co_await socket.write(json::write_text(part));
    if (!sent) co_return sent.error();
  } while (next < all.size());
  co_return Result<>();
}

Async<Result<>> ManagerChannel::send_log(http::WebSocket& socket) {
  auto lines = own_log_.after(log_told_, limits::kLogLinesPerMessage);
  if (lines.empty()) co_return Result<>();
  wire::LogLines message;
  for (auto& line : lines) message.lines.push_back(std::move(line.text));
  log_told_ = lines.back().number;
  co_return co_await socket.write(json::write_text(message));
}

Async<Result<>> ManagerChannel::send_loop(http::WebSocket& socket) {
  // Sessions wait for the manager's whole list, and are only believed when we know what is here.
  bool full_sent = false;
  inventory_due_ = true;
  auto next_heartbeat = std::chrono::steady_clock::now();
  auto next_log = next_heartbeat;
  for (;;) {
    auto const seen = something_to_send_.count();
    if (std::chrono::steady_clock::now() >= next_heartbeat) {
      next_heartbeat += heartbeat_;
      wire::Heartbeat beat;
      beat.sent_at = SystemClock().now();
      beat.resources = resources_.read(images_.host(), sessions_.count());
      auto sent = co_await socket.write(json::write_text(beat));
      if (!sent) co_return sent.error();
    }
    if (inventory_due_ && images_.listed()) {
      inventory_due_ = false;
      auto sent = co_await socket.write(json::write_text(images_.inventory()));
      if (!sent) co_return sent.error();
    }
    if (full_desired_ && !full_sent && sessions_.broker_answers()) {
      full_sent = true;
      auto sent = co_await send_full(socket);
      if (!sent) co_return sent.error();
    }
    while (full_desired_ && sessions_.has_changes()) {
      wire::Observed changes;
      changes.sessions = sessions_.take_changed(wire::kSessionsPerMessage);
      if (changes.sessions.empty()) break;
      auto sent = co_await socket.write(json::write_text(changes));
      if (!sent) co_return sent.error();
      ORIEL_FAILPOINT(kAgentObservationSent);
    }
    if (log_wanted_ && std::chrono::steady_clock::now() >= next_log) {
      next_log = std::chrono::steady_clock::now() + limits::kLogPace;
      auto sent = co_await send_log(socket);
      if (!sent) co_return sent.error();
    }
    auto const next = log_wanted_ ? std::min(next_heartbeat, next_log) : next_heartbeat;
    auto const left = next - std::chrono::steady_clock::now();
    if (left > 0s && something_to_send_.count() == seen) {
      auto something = something_to_send_.wait_after(seen);
      (void)co_await with_deadline(std::move(something), left, "heartbeat");
    }
  }
}

}  // namespace oriel::agent
