#pragma once

#include <functional>
#include <memory>
#include <string>

#include "display/loop/event_loop.h"
#include "libs/base/file_descriptor.h"
#include "libs/base/result.h"

namespace oriel::display {

/// A listening stream socket: hands on what it accepts, non-blocking and close-on-exec.
class Listener {
 public:
  using Accepted = std::function<void(FileDescriptor socket)>;

  /// Takes over a socket that listens already.
  Listener(EventLoop& loop, FileDescriptor listening, Accepted accepted);
  ~Listener();
  Listener(Listener const&) = delete;
  Listener& operator=(Listener const&) = delete;

 private:
  void accept_some();

  EventLoop& loop_;
  FileDescriptor listening_;
  Accepted accepted_;
};

/// Makes a listening unix socket at a path, in place of an old one. For development and tests.
[[nodiscard]] Result<FileDescriptor> listen_on_path(std::string const& path);

}  // namespace oriel::display
