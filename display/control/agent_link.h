#pragma once

#include <functional>
#include <string>

#include "display/loop/event_loop.h"
#include "libs/base/file_descriptor.h"
#include "libs/base/json.h"
#include "libs/base/text.h"

namespace oriel::display {

/// The control socket to the agent (protocol/control): connects, says hello, and connects again after each
/// loss, for ever.
class AgentLink {
 public:
  /// A message, with the descriptor that came with it (or a closed one).
  using Received = std::function<void(json::Object const& message, FileDescriptor descriptor)>;

  /// `hello` is sent first on each connection; `connected` runs right after it.
  AgentLink(EventLoop& loop, std::string path, json::Object hello, Received received,
            std::function<void()> connected);
  ~AgentLink();
  AgentLink(AgentLink const&) = delete;
  AgentLink& operator=(AgentLink const&) = delete;

  /// Sends a message; dropped while there is no agent.
  void send(json::Object const& message);
  [[nodiscard]] bool connected() const { return socket_.is_open(); }

 private:
  void connect();
  void ready(std::uint32_t events);
  // Bytes until the present length or message is whole.
  [[nodiscard]] std::size_t missing() const;
  // Reads and hands on one message; false when it is not whole yet or the connection ended.
  bool read_message();
  void flush();
  void lose(std::string_view reason);

  EventLoop& loop_;
  std::string path_;
  json::Object hello_;
  Received received_;
  std::function<void()> connected_;
  FileDescriptor socket_;
  FileDescriptor descriptor_;  // Came with the message that is being read.
  std::string input_;
  std::string output_;
  bool waits_for_write_ = false;
  bool complained_ = false;
  EventLoop::TimerId retry_ = 0;
};

}  // namespace oriel::display
