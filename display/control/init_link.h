#pragma once

#include <functional>

#include "display/loop/event_loop.h"
#include "libs/base/file_descriptor.h"
#include "libs/base/json.h"

namespace oriel::display {

/// The pair of sequenced-packet sockets to init (protocol/control, "init ⇄ display"): one JSON object a
/// packet.
class InitLink {
 public:
  using Received = std::function<void(json::Object const& message)>;

  InitLink(EventLoop& loop, FileDescriptor socket, Received received, std::function<void()> closed);
  ~InitLink();
  InitLink(InitLink const&) = delete;
  InitLink& operator=(InitLink const&) = delete;

  /// Sends a message of at most 64 KiB; a full socket drops it with a warning.
  void send(json::Object const& message);

 private:
  void read_some();

  EventLoop& loop_;
  FileDescriptor socket_;
  Received received_;
  std::function<void()> closed_;
};

/// Whether the descriptor is a sequenced-packet unix socket, as init hands one down.
[[nodiscard]] bool is_init_socket(int descriptor);

}  // namespace oriel::display
