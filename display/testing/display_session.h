#pragma once

#include <memory>
#include <string>
#include <vector>

#include "display/testing/viewer_client.h"
#include "display/testing/x_server.h"

namespace oriel::display::testing {

/// An X server with a display server on it, both real processes, in development mode.
class DisplaySession {
 public:
  /// Null when the X server cannot be had here.
  [[nodiscard]] static std::unique_ptr<DisplaySession> start(
      std::string const& binary, XServerProcess::Kind kind = XServerProcess::Kind::kXvfb,
      Size size = {1280, 800}, std::string const& ready = "window");
  ~DisplaySession();

  [[nodiscard]] std::string const& socket() const { return socket_; }
  [[nodiscard]] XServerProcess& x_server() { return *x_server_; }
  [[nodiscard]] Process& display() { return *display_; }

 private:
  DisplaySession() = default;
  std::string directory_;
  std::string socket_;
  std::unique_ptr<XServerProcess> x_server_;
  std::unique_ptr<Process> display_;
};

/// Draws until the viewer's picture equals the screen, or two seconds passed: how many pixels differ then.
[[nodiscard]] std::size_t difference_after_settling(ViewerClient& viewer, XClient& client);

/// Voluntary context switches of a process so far: each is a sleep that was woken.
[[nodiscard]] long sleeps_of(pid_t process);

}  // namespace oriel::display::testing
