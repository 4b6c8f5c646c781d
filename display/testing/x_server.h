#pragma once

#include <memory>
#include <string>
#include <vector>

#include <sys/types.h>

#include "display/decode/decoder.h"
#include "display/screen/geometry.h"
#include "display/x11/x_connection.h"
#include "libs/base/result.h"

namespace oriel::display::testing {

/// A child process that ends with this object, and with this process.
class Process {
 public:
  explicit Process(std::vector<std::string> arguments, std::vector<int> kept_descriptors = {});
  ~Process();
  Process(Process const&) = delete;
  Process& operator=(Process const&) = delete;
  [[nodiscard]] pid_t pid() const { return pid_; }
  /// Sends a signal and waits for the end; the exit status as waitpid gives it.
  int end(int signal);
  /// User and system time so far, in milliseconds.
  [[nodiscard]] double cpu_milliseconds() const;

 private:
  pid_t pid_ = -1;
};

/// An X server on a free display number.
class XServerProcess {
 public:
  enum class Kind { kXvfb, kXorg };
  /// Xvfb, or Xorg with the dummy driver. Null when that is not installed or does not start.
  [[nodiscard]] static std::unique_ptr<XServerProcess> start(Kind kind, Size size);
  ~XServerProcess();

  [[nodiscard]] std::string const& display() const { return display_; }
  [[nodiscard]] Process& process() { return *process_; }

 private:
  XServerProcess() = default;
  std::string directory_;
  std::string display_;
  std::unique_ptr<Process> process_;
};

/// A client that draws and looks.
class XClient {
 public:
  explicit XClient(std::string const& display);
  [[nodiscard]] x11::XConnection& connection() { return *connection_; }
  [[nodiscard]] xcb_connection_t* get() { return connection_->get(); }

  /// A mapped window; with `override_redirect` past any window manager.
  xcb_window_t make_window(Rectangle const& area, bool override_redirect = false,
                           std::uint32_t background = 0x808080);
  void fill(xcb_window_t window, Rectangle const& area, std::uint32_t colour);
  /// Noise, from a seed.
  void noise(xcb_window_t window, Rectangle const& area, std::uint32_t seed);
  void sync();
  /// The root window by GetImage, 32-bit pixels.
  [[nodiscard]] std::vector<std::uint32_t> screenshot(Size& size);

 private:
  std::unique_ptr<x11::XConnection> connection_;
  xcb_gcontext_t context_ = 0;
};

/// How many pixels of the decoder's frame buffer differ from the screenshot; SIZE_MAX for another size.
[[nodiscard]] std::size_t differing_pixels(Decoder const& decoder,
                                           std::vector<std::uint32_t> const& screenshot, Size size);

}  // namespace oriel::display::testing
