#pragma once

#include <functional>
#include <string>
#include <string_view>

#include "libs/base/file_descriptor.h"
#include "libs/http/server.h"
#include "libs/testing/loop.h"
#include "libs/testing/temporary_directory.h"

/// The two ends of a unix socket in one thread: one end is a parser of ours on its loop, the other is raw
/// bytes.
namespace oriel::fuzz {

/// One loop for all targets of a process, and a directory for its sockets.
[[nodiscard]] testing::Loop& loop();
[[nodiscard]] std::string socket_path(std::string_view name);

/// Connects to a listening unix socket; aborts when it cannot.
[[nodiscard]] FileDescriptor connect_raw(std::string const& path);

/// Sends the pieces one after the other, each read by the loop before the next, closes for writing, and gives
/// what comes back until the end. A peer that does not end within five seconds is a finding.
[[nodiscard]] std::string talk(FileDescriptor socket, std::initializer_list<std::string_view> pieces);

/// A server of ours with one handler, listening as long as the process lives.
[[nodiscard]] std::string serve(std::string_view name, http::Handler handler,
                                http::WebSocketOptions options = {});

/// A listening socket whose next connection gets `answer` for whatever it sent: for clients of ours.
class RawServer {
 public:
  explicit RawServer(std::string_view name);
  [[nodiscard]] std::string const& path() const { return path_; }
  /// Takes a connection if one waits, reads a request's head and answers `answer_to(head)`, then closes.
  void serve_waiting(std::function<std::string(std::string const& head)> const& answer_to);

 private:
  std::string path_;
  FileDescriptor listening_;
  FileDescriptor connection_;
  std::string head_;
};

}  // namespace oriel::fuzz
