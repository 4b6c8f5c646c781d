#pragma once

#include <functional>
#include <memory>
#include <optional>
#include <string>

#include "libs/async/async.h"
#include "libs/base/id.h"
#include "libs/base/result.h"
#include "protocol/agent/messages.h"
#include "protocol/control/messages.h"
#include "services/agent/options.h"

namespace oriel::agent {

/// The agent's end of one session's control socket (protocol/control), and the maker of its stream socket.
///
/// The display server connects out to us, again after each loss. Every hello is answered with `begin` and a
/// new listening stream socket, renamed over the old one, so that a restart of either side never leaves a
/// path that nobody serves. The container is hostile: messages are bounded in size and rate, and one
/// connection is served at a time, the newest.
class ControlServer {
 public:
  struct Events {
    std::function<void(protocol::control::Hello const&)> hello;
    std::function<void(protocol::control::State const&)> state;
    std::function<void(protocol::control::Viewers const&)> viewers;
    std::function<void()> lost;  ///< the display server's connection ended
  };

  /// Listens on `control.sock` in `control_directory/<session>`, which the broker made (it is never remade:
  /// the container holds its inode). Blocks for a few system calls.
  [[nodiscard]] static Result<std::unique_ptr<ControlServer>> open(Executor executor, Options const& options,
                                                                   SessionId session, Events events);
  virtual ~ControlServer() = default;

  /// What the display server is told at its hello; told at once when it is connected already.
  virtual void set_begin(protocol::agent::Begin begin) = 0;
  /// Told at the next hello when no display server is connected: its viewers may be there still.
  virtual void close_viewer(protocol::control::CloseViewer message) = 0;
  virtual void end(std::string reason) = 0;
  [[nodiscard]] virtual bool connected() const = 0;

  /// Required before destruction. The sockets' files stay: the control socket's goes with the directory,
  /// which the broker removes, and the stream socket's with remove_stream_socket().
  [[nodiscard]] virtual Async<> stop() = 0;
};

/// Unlinks the stream socket: browsers get an answer at once instead of a silent connection.
/// True when it is seen gone.
bool remove_stream_socket(Options const& options, SessionId session);

}  // namespace oriel::agent
