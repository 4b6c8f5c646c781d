#include "display/testing/x_server.h"

#include <algorithm>
#include <array>
#include <csignal>
#include <cstdio>
#include <cstdlib>
#include <filesystem>
#include <fstream>
#include <random>
#include <sstream>
#include <stdexcept>

#include <fcntl.h>
#include <poll.h>
#include <sys/prctl.h>
#include <sys/wait.h>
#include <unistd.h>

namespace oriel::display::testing {

namespace {

constexpr int kStartMilliseconds = 15'000;

std::string xorg_configuration(Size size) {
  std::string const mode = std::to_string(size.width) + "x" + std::to_string(size.height);
  return "Section \"ServerFlags\"\n Option \"DontVTSwitch\" \"true\"\n Option \"AllowMouseOpenFail\" "
         "\"true\"\n Option \"AutoAddDevices\" \"false\"\n"
         " Option \"AutoEnableDevices\" \"false\"\n Option \"AutoAddGPU\" \"false\"\n Option \"AutoBindGPU\" "
         "\"false\"\nEndSection\n"
         "Section \"Device\"\n Identifier \"dummy\"\n Driver \"dummy\"\n VideoRam 262144\nEndSection\n"
         "Section \"Monitor\"\n Identifier \"DUMMY0\"\n HorizSync 1.0-2000.0\n VertRefresh "
         "1.0-1000.0\nEndSection\n"
         "Section \"Screen\"\n Identifier \"screen\"\n Device \"dummy\"\n Monitor \"DUMMY0\"\n DefaultDepth "
         "24\n SubSection \"Display\"\n Depth 24\n"
         "  Modes \"" +
         mode + "\"\n  Virtual " + std::to_string(size.width) + " " + std::to_string(size.height) +
         "\n EndSubSection\nEndSection\nSection \"ServerLayout\"\n Identifier \"layout\"\n Screen "
         "\"screen\"\nEndSection\n";
}

}  // namespace

Process::Process(std::vector<std::string> arguments, std::vector<int> kept_descriptors) {
  std::vector<char*> words;
  words.reserve(arguments.size() + 1);
  for (auto& argument : arguments) words.push_back(argument.data());
  words.push_back(nullptr);
  pid_t const parent = getpid();
  pid_ = fork();
  if (pid_ != 0) return;
  prctl(PR_SET_PDEATHSIG, SIGKILL);
  if (getppid() != parent) _exit(1);
  for (int const descriptor : kept_descriptors) fcntl(descriptor, F_SETFD, 0);
  if (std::getenv("ORIEL_TEST_OUTPUT") == nullptr) {
    int const nothing = open("/dev/null", O_RDWR);
    dup2(nothing, 1);
    dup2(nothing, 2);
  }
  execvp(words[0], words.data());
  _exit(127);
}

Process::~Process() { end(SIGKILL); }

int Process::end(int signal) {
  if (pid_ <= 0) return -1;
  kill(pid_, signal);
  int status = 0;
  waitpid(pid_, &status, 0);
  pid_ = -1;
  return status;
}

double Process::cpu_milliseconds() const {
  std::ifstream file("/proc/" + std::to_string(pid_) + "/schedstat");
  double nanoseconds = 0;
  file >> nanoseconds;
  return nanoseconds / 1e6;
}

std::unique_ptr<XServerProcess> XServerProcess::start(Kind kind, Size size) {
  std::string const binary = kind == Kind::kXvfb ? "/usr/bin/Xvfb" : "/usr/lib/xorg/Xorg";
  if (access(binary.c_str(), X_OK) != 0) return nullptr;
  std::unique_ptr<XServerProcess> server(new XServerProcess);
  std::string pattern = (std::filesystem::temp_directory_path() / "oriel-x-XXXXXX").string();
  server->directory_ = mkdtemp(pattern.data());
  std::array<int, 2> ends{};
  if (pipe2(ends.data(), O_CLOEXEC) != 0) return nullptr;
  std::vector<std::string> arguments{
      binary, "-displayfd", std::to_string(ends[1]), "-nolisten", "tcp", "-noreset", "-dpi", "96", "-ac"};
  if (kind == Kind::kXvfb) {
    arguments.insert(
        arguments.end(),
        {"-screen", "0", std::to_string(size.width) + "x" + std::to_string(size.height) + "x24"});
  } else {
    std::string const path = server->directory_ + "/xorg.conf";
    std::ofstream(path) << xorg_configuration(size);
    arguments.insert(arguments.end(), {"-config", path, "-logfile", server->directory_ + "/xorg.log"});
  }
  server->process_ = std::make_unique<Process>(arguments, std::vector<int>{ends[1]});
  close(ends[1]);
  std::string number;
  pollfd waits{ends[0], POLLIN, 0};
  while (::poll(&waits, 1, kStartMilliseconds) > 0) {
    char c = 0;
    if (read(ends[0], &c, 1) != 1) break;
    if (c == '\n') {
      server->display_ = ":" + number;
      break;
    }
    number.push_back(c);
  }
  close(ends[0]);
  if (server->display_.empty()) return nullptr;
  return server;
}

XServerProcess::~XServerProcess() {
  if (process_) process_->end(SIGTERM);
  std::error_code ignored;
  std::filesystem::remove_all(directory_, ignored);
}

XClient::XClient(std::string const& display) {
  auto opened = x11::XConnection::open(display, "");
  if (!opened) throw std::runtime_error(opened.error().message);
  connection_ = std::move(*opened);
  context_ = connection_->new_id();
  xcb_create_gc(get(), context_, connection_->root(), 0, nullptr);
}

xcb_window_t XClient::make_window(Rectangle const& area, bool override_redirect, std::uint32_t background) {
  xcb_window_t const window = connection_->new_id();
  std::array<std::uint32_t, 3> const values{
      background, override_redirect ? 1U : 0U,
      XCB_EVENT_MASK_KEY_PRESS | XCB_EVENT_MASK_KEY_RELEASE | XCB_EVENT_MASK_BUTTON_PRESS |
          XCB_EVENT_MASK_BUTTON_RELEASE | XCB_EVENT_MASK_POINTER_MOTION | XCB_EVENT_MASK_PROPERTY_CHANGE};
  xcb_create_window(get(), XCB_COPY_FROM_PARENT, window, connection_->root(),
                    static_cast<std::int16_t>(area.x), static_cast<std::int16_t>(area.y),
                    static_cast<std::uint16_t>(area.width), static_cast<std::uint16_t>(area.height), 0,
                    XCB_WINDOW_CLASS_INPUT_OUTPUT, XCB_COPY_FROM_PARENT,
                    XCB_CW_BACK_PIXEL | XCB_CW_OVERRIDE_REDIRECT | XCB_CW_EVENT_MASK, values.data());
  xcb_map_window(get(), window);
  sync();
  return window;
}

void XClient::fill(xcb_window_t window, Rectangle const& area, std::uint32_t colour) {
  xcb_change_gc(get(), context_, XCB_GC_FOREGROUND, &colour);
  xcb_rectangle_t const rectangle{static_cast<std::int16_t>(area.x), static_cast<std::int16_t>(area.y),
                                  static_cast<std::uint16_t>(area.width),
                                  static_cast<std::uint16_t>(area.height)};
  xcb_poly_fill_rectangle(get(), window, context_, 1, &rectangle);
  connection_->flush();
}

void XClient::noise(xcb_window_t window, Rectangle const& area, std::uint32_t seed) {
  std::mt19937 random(seed);
  for (std::uint32_t y = 0; y < area.height; ++y) {
    std::vector<std::uint32_t> row(area.width);
    for (auto& pixel : row) pixel = static_cast<std::uint32_t>(random());
    xcb_put_image(get(), XCB_IMAGE_FORMAT_Z_PIXMAP, window, context_, static_cast<std::uint16_t>(area.width),
                  1, static_cast<std::int16_t>(area.x), static_cast<std::int16_t>(area.y + y), 0, 24,
                  static_cast<std::uint32_t>(row.size() * 4), reinterpret_cast<std::uint8_t*>(row.data()));
  }
  connection_->flush();
}

void XClient::sync() {
  auto const reply = connection_->reply<xcb_get_input_focus_reply_t>(xcb_get_input_focus(get()));
}

std::vector<std::uint32_t> XClient::screenshot(Size& size) {
  auto const geometry =
      connection_->reply<xcb_get_geometry_reply_t>(xcb_get_geometry(get(), connection_->root()));
  if (!geometry) return {};
  size = {geometry->width, geometry->height};
  auto const image = connection_->reply<xcb_get_image_reply_t>(
      xcb_get_image(get(), XCB_IMAGE_FORMAT_Z_PIXMAP, connection_->root(), 0, 0, geometry->width,
                    geometry->height, 0xffffffff));
  if (!image) return {};
  auto const* const pixels = reinterpret_cast<std::uint32_t const*>(xcb_get_image_data(image.get()));
  return {pixels, pixels + size.pixels()};
}

std::size_t differing_pixels(Decoder const& decoder, std::vector<std::uint32_t> const& screenshot,
                             Size size) {
  if (decoder.width() != size.width || decoder.height() != size.height || screenshot.size() != size.pixels())
    return SIZE_MAX;
  std::size_t count = 0;
  for (std::size_t index = 0; index < screenshot.size(); ++index) {
    std::uint8_t const* const got = decoder.frame_buffer() + index * 4;
    std::uint32_t const pixel =
        static_cast<std::uint32_t>(got[0]) << 16 | static_cast<std::uint32_t>(got[1]) << 8 | got[2];
    if (pixel != (screenshot[index] & 0xffffff)) ++count;
  }
  return count;
}

}  // namespace oriel::display::testing
