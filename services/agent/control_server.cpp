#include "services/agent/control_server.h"

#include <algorithm>
#include <chrono>
#include <deque>
#include <filesystem>
#include <system_error>
#include <utility>

#include "libs/async/channel.h"
#include "libs/async/deadline.h"
#include "libs/async/sleep.h"
#include "libs/async/task_group.h"
#include "libs/async/unix_socket.h"
#include "libs/base/json.h"
#include "libs/base/log.h"

namespace oriel::agent {
namespace {

namespace wire = protocol::control;

constexpr std::size_t kOutgoing =
    64;                             // messages that wait for a display server; then its connection is closed
constexpr int kStreamBacklog = 64;  // viewers that wait for accept
constexpr std::size_t kHostileDepth = 8;  // our messages nest three deep

std::string directory_of(Options const& options, SessionId session) {
  return options.control_directory + "/" + session.text();
}
std::string stream_socket_of(Options const& options, SessionId session) {
  return options.public_directory + "/" + session.text() + ".sock";
}

wire::Begin begin_message(SessionId session, protocol::agent::Begin const& begin) {
  wire::Begin message;
  message.session = session.text();
  message.name = begin.name;
  message.locale = begin.locale;
  message.timezone = begin.timezone;
  message.environment = begin.environment;
  message.open_url = begin.open_url;
  message.width = begin.width;
  message.height = begin.height;
  message.wallpaper = begin.wallpaper;
  message.clipboard_in = begin.clipboard_in;
  message.clipboard_out = begin.clipboard_out;
  return message;
}

/// Refuses more than kControlMessagesPerSecond, with as much again as a burst.
class MessageRate {
 public:
  bool allow() {
    auto const now = std::chrono::steady_clock::now();
    std::chrono::duration<double> const passed = now - last_;
    last_ = now;
    auto const most = 2.0 * limits::kControlMessagesPerSecond;
    left_ = std::min(most, left_ + passed.count() * limits::kControlMessagesPerSecond);
    if (left_ < 1) return false;
    left_ -= 1;
    return true;
  }

 private:
  std::chrono::steady_clock::time_point last_ = std::chrono::steady_clock::now();
  double left_ = 2.0 * limits::kControlMessagesPerSecond;
};

/// One display server. Shared between its tasks and the server that made it.
struct Connection {
  Connection(Executor const& executor, ControlSocket socket_)
      : socket(std::move(socket_)), outgoing(executor, kOutgoing) {}

  void close() {
    outgoing.close();
    socket.close();
  }

  ControlSocket socket;
  Channel<ControlMessage> outgoing;
  bool introduced = false;  // its hello was accepted
};
using ConnectionPointer = std::shared_ptr<Connection>;

class Server final : public ControlServer {
 public:
  Server(Executor executor, Options options, SessionId session, FileDescriptor listening, Events events)
      : executor_(executor),
        options_(std::move(options)),
        session_(session),
        events_(std::move(events)),
        listener_(executor, std::move(listening)),
        tasks_(executor) {
    tasks_.spawn(accept_loop(), "control accept");
  }

  void set_begin(protocol::agent::Begin begin) override {
    bool const first = !begin_;
    begin_ = std::move(begin);
    if (first && current_ && current_->introduced) send(json::write_text(begin_message(session_, *begin_)));
  }

  void close_viewer(wire::CloseViewer message) override {
    auto text = json::write_text(message);
    if (connected()) return send(std::move(text));
    if (closes_due_.size() >= limits::kRevocationsPending) {
      log::warning("more viewers were revoked than are kept for a display server that is away",
                   {{"session", session_}});
      closes_due_.pop_front();
    }
    closes_due_.push_back(std::move(text));
  }

  void end(std::string reason) override {
    wire::End message;
    message.reason = std::move(reason);
    send(json::write_text(message));
  }

  bool connected() const override { return current_ && current_->introduced; }

  Async<> stop() override {
    listener_.close();
    // What was queued last (`end`) still goes out: the kernel takes it at once unless the peer does not read.
    if (current_) current_->outgoing.close();
    co_await yield_now();
    co_await tasks_.stop();
    if (current_) current_->close();
    current_.reset();
  }

 private:
  void send(std::string payload) {
    if (!connected()) return;
    ControlMessage message;
    message.payload = std::move(payload);
    if (!current_->outgoing.try_send(std::move(message))) current_->close();
  }

  Async<> accept_loop() {
    for (;;) {
      auto accepted = co_await listener_.accept();
      if (!accepted) {
        log::warning("accepting a display server failed",
                     {{"session", session_}, {"error", accepted.error()}});
      } else {
        auto const peer = accepted->peer();
        bool const known = peer && (!options_.display_user || peer->user == *options_.display_user);
        if (known) {
          auto connection = std::make_shared<Connection>(executor_, std::move(*accepted));
          if (current_) current_->close();
          current_ = connection;
          tasks_.spawn(read_loop(connection), "control read");
          tasks_.spawn(write_loop(connection), "control write");
        } else {
          log::warning("somebody who is not the display server spoke on a control socket",
                       {{"session", session_}, {"uid", peer ? static_cast<std::int64_t>(peer->user) : -1}});
        }
      }
      co_await sleep_for(limits::kControlPace);
    }
  }

  Async<> write_loop(ConnectionPointer connection) {
    for (;;) {
      auto message = co_await connection->outgoing.receive();
      if (!message) co_return;
      auto sent = co_await connection->socket.send(std::move(*message));
      if (!sent) {
        connection->close();
        co_return;
      }
    }
  }

  Async<> read_loop(ConnectionPointer connection) {
    auto outcome = co_await read_messages(connection);
    connection->close();
    if (outcome.error().code != Code::kUnavailable) {
      log::warning("closed a display server's connection",
                   {{"session", session_}, {"error", outcome.error()}});
    }
    if (current_ == connection) {
      current_.reset();
      if (connection->introduced) events_.lost();
    }
  }

  /// Always ends with an Error: why nothing more is read.
  Async<Result<>> read_messages(ConnectionPointer connection) {
    auto first = connection->socket.receive();
    auto hello =
        co_await with_deadline(std::move(first), limits::kControlHello, "the display server's hello");
    if (!hello) co_return hello.error();
    auto introduced = introduce(*connection, hello->payload);
    if (!introduced) co_return introduced.error();

    MessageRate rate;
    for (;;) {
      auto message = co_await connection->socket.receive();
      if (!message) co_return message.error();
      if (!rate.allow()) co_return fail(Code::kRateLimited, "more than 100 messages a second");
      auto handled = handle(message->payload);
      if (!handled) co_return handled.error();
    }
  }

  Result<> introduce(Connection& connection, std::string const& payload) {
    auto value = json::parse(payload, json::ParseLimits{limits::kControlMessageBytes, kHostileDepth});
    if (!value) return value.error();
    auto hello = json::read<wire::Hello>(*value, json::Unknown::kIgnore);
    if (!hello) return hello.error();
    if (hello->type != "hello") return fail(Code::kInvalid, "the first message is not hello");
    if (hello->session != session_.text()) return fail(Code::kInvalid, "hello names another session");
    if (hello->protocol < 1 || hello->protocol > wire::kHighestProtocol) {
      return fail(Code::kInvalid, "there is no protocol " + std::to_string(hello->protocol));
    }

    UnixListenOptions how;
    how.mode = 0660;
    how.group = options_.edge_group;
    how.backlog = kStreamBacklog;
    auto listening = listen_unix(stream_socket_of(options_, session_), how);
    if (!listening) return listening.error().within("make the stream socket");

    ControlMessage listen;
    listen.payload = json::write_text(wire::Listen{});
    listen.descriptors.push_back(std::move(*listening));
    bool queued = true;
    if (begin_) {
      ControlMessage begin;
      begin.payload = json::write_text(begin_message(session_, *begin_));
      queued = connection.outgoing.try_send(std::move(begin));
    }
    queued = connection.outgoing.try_send(std::move(listen)) && queued;
    for (; queued && !closes_due_.empty(); closes_due_.pop_front()) {
      ControlMessage close;
      close.payload = std::move(closes_due_.front());
      queued = connection.outgoing.try_send(std::move(close));
    }
    if (!queued) return fail(Code::kUnavailable, "a newer display server connected");
    connection.introduced = true;
    events_.hello(*hello);
    return {};
  }

  Result<> handle(std::string const& payload) {
    auto value = json::parse(payload, json::ParseLimits{limits::kControlMessageBytes, kHostileDepth});
    if (!value) return value.error();
    auto envelope = json::read<wire::Envelope>(*value, json::Unknown::kIgnore);
    if (!envelope) return envelope.error();
    if (envelope->type == "state") {
      auto state = json::read<wire::State>(*value, json::Unknown::kIgnore);
      if (!state) return state.error();
      events_.state(*state);
    } else if (envelope->type == "viewers") {
      auto viewers = json::read<wire::Viewers>(*value, json::Unknown::kIgnore);
      if (!viewers) return viewers.error();
      events_.viewers(*viewers);
    } else if (envelope->type == "statistics") {
      // Every 10 s while somebody watches: viewers changes only say who came and went.
      auto statistics = json::read<wire::Statistics>(*value, json::Unknown::kIgnore);
      if (!statistics) return statistics.error();
      if (statistics->viewers) {
        wire::Viewers viewers;
        viewers.count = *statistics->viewers;
        viewers.last_input_seconds = statistics->last_input_seconds;
        events_.viewers(viewers);
      }
    }
    // Later types are not ours to read.
    return {};
  }

  Executor executor_;
  Options options_;
  SessionId session_;
  Events events_;
  ControlListener listener_;
  std::optional<protocol::agent::Begin> begin_;
  std::deque<std::string> closes_due_;  ///< close_viewer messages for the next display server
  ConnectionPointer current_;
  TaskGroup tasks_;
};

}  // namespace

Result<std::unique_ptr<ControlServer>> ControlServer::open(Executor executor, Options const& options,
                                                           SessionId session, Events events) {
  auto const directory = directory_of(options, session);
  // The directory lets everybody pass: the socket's group says that the display server alone may connect.
  UnixListenOptions how;
  how.mode = 0660;
  how.group = options.display_group;
  how.backlog = 8;
  auto listening = listen_unix(directory + "/control.sock", how);
  if (!listening) return listening.error().within("listen on the control socket");
  return std::unique_ptr<ControlServer>(std::make_unique<Server>(std::move(executor), options, session,
                                                                 std::move(*listening), std::move(events)));
}

bool remove_stream_socket(Options const& options, SessionId session) {
  std::error_code ignored;
  std::filesystem::remove(stream_socket_of(options, session), ignored);
  return !std::filesystem::exists(stream_socket_of(options, session), ignored);
}

}  // namespace oriel::agent
