#pragma once

#include <chrono>
#include <cstdint>
#include <deque>
#include <memory>
#include <span>
#include <string_view>

#include "display/loop/event_loop.h"
#include "display/transport/upgrade_request.h"
#include "display/transport/websocket_reader.h"
#include "libs/base/file_descriptor.h"
#include "libs/base/result.h"
#include "libs/base/text.h"
#include "protocol/display/messages.h"

namespace oriel::display {

class Connection;

/// Who decides about connections and gets what they say. Every call may close the connection; none may
/// destroy it.
class ConnectionListener {
 public:
  virtual ~ConnectionListener() = default;
  /// A well-formed request. `ok` opens the stream, an error refuses it with its message.
  virtual Result<> connection_requested(Connection& connection, UpgradeRequest const& request) = 0;
  /// One protocol message: its type and body.
  virtual void message_received(Connection& connection, std::uint8_t type,
                                std::span<std::uint8_t const> body) = 0;
  /// The last call about this connection; it is destroyed after it.
  virtual void connection_closed(Connection& connection) = 0;
};

/// One socket from the proxy: the handshake, then a WebSocket of protocol messages.
class Connection {
 public:
  Connection(EventLoop& loop, FileDescriptor socket, ConnectionListener& listener);
  ~Connection();
  Connection(Connection const&) = delete;
  Connection& operator=(Connection const&) = delete;

  /// Sends whole protocol messages as one WebSocket message. Dropped when closing. A small-message route
  /// whose peer does not read is cut.
  void send(Bytes messages);
  /// Says goodbye and cuts the socket soon after.
  void close(protocol::Close code, std::string_view reason);
  /// Writes what waits without going through the loop.
  void flush();

  [[nodiscard]] UpgradeRequest const& request() const { return request_; }
  [[nodiscard]] bool open() const { return state_ == State::kOpen; }
  [[nodiscard]] std::size_t queued_bytes() const { return queued_bytes_; }
  [[nodiscard]] std::uint64_t sent_bytes() const { return sent_bytes_; }

 private:
  enum class State { kUpgrade, kOpen, kClosing, kDead };

  void ready(std::uint32_t events);
  void read_some();
  void take_upgrade(std::string_view bytes);
  void take_frames(std::span<std::uint8_t const> bytes);
  void take_message(std::span<std::uint8_t const> message);
  void enqueue(Bytes bytes);
  void die();

  EventLoop& loop_;
  FileDescriptor socket_;
  ConnectionListener& listener_;
  State state_ = State::kUpgrade;
  UpgradeParser upgrade_;
  UpgradeRequest request_;
  std::unique_ptr<WebSocketReader> reader_;
  std::deque<Bytes> queue_;
  std::size_t front_sent_ = 0;
  std::size_t queued_bytes_ = 0;
  std::uint64_t sent_bytes_ = 0;
  bool waits_for_write_ = false;
  EventLoop::TimerId deadline_ = 0;
};

}  // namespace oriel::display
