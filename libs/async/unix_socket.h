#pragma once

#include <cstddef>
#include <memory>
#include <optional>
#include <string>
#include <string_view>
#include <vector>

#include <sys/types.h>

#include "libs/async/async.h"
#include "libs/base/file_descriptor.h"
#include "libs/base/limits.h"
#include "libs/base/result.h"

namespace oriel {

struct UnixListenOptions {
  mode_t mode = 0660;
  std::optional<uid_t> user{};
  std::optional<gid_t> group{};
  int backlog = 256;
};

/// A listening stream socket at `path` with the mode and owner of the options, non-blocking and
/// close-on-exec. A stale socket is replaced atomically: the new one is made beside it, already listening,
/// and renamed over it. Anything at `path` that is not a socket is kConflict.
[[nodiscard]] Result<FileDescriptor> listen_unix(std::string const& path, UnixListenOptions options = {});

/// SO_PEERCRED: who connected, as the kernel saw it at connect().
struct PeerCredentials {
  pid_t process = 0;
  uid_t user = 0;
  gid_t group = 0;
};
[[nodiscard]] Result<PeerCredentials> peer_credentials(int socket);

/// One message of protocol/control: text and the file descriptors that came with it.
struct ControlMessage {
  std::string payload;
  std::vector<FileDescriptor> descriptors{};
};

/// A connected unix stream socket that carries `length:u32 little-endian, payload` messages with file
/// descriptors (SCM_RIGHTS, with the first byte of their message). One receive and one send at a time;
/// belongs to one executor.
class ControlSocket {
 public:
  /// Takes a connected socket.
  ControlSocket(Executor const& executor, FileDescriptor socket);
  ~ControlSocket();
  ControlSocket(ControlSocket&&) noexcept;
  ControlSocket& operator=(ControlSocket&&) noexcept;

  /// kUnavailable when nobody listens, kNotFound when there is no such socket.
  [[nodiscard]] static Async<Result<ControlSocket>> connect(Executor executor, std::string path);

  [[nodiscard]] Result<PeerCredentials> peer() const;

  /// Sends a whole message; the descriptors are duplicated into the peer and closed here. kUnavailable: the
  /// peer is gone.
  [[nodiscard]] Async<Result<>> send(ControlMessage message);

  /// The next message. kUnavailable at the end of the stream or when the peer is gone; kTooLarge or kInvalid
  /// for a message outside the protocol, after which the socket must be closed. Cancelling loses no bytes
  /// only between messages.
  [[nodiscard]] Async<Result<ControlMessage>> receive(std::size_t limit = limits::kControlMessageBytes);

  void close();

 private:
  struct State;
  std::unique_ptr<State> state_;
};

/// Accepts connections of a listening unix socket.
class ControlListener {
 public:
  /// Takes what listen_unix() made.
  ControlListener(Executor const& executor, FileDescriptor listening);
  ~ControlListener();
  ControlListener(ControlListener&&) noexcept;
  ControlListener& operator=(ControlListener&&) noexcept;

  [[nodiscard]] Async<Result<ControlSocket>> accept();
  void close();

 private:
  struct State;
  std::unique_ptr<State> state_;
};

}  // namespace oriel
