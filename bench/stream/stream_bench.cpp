// Measures the display server without network and browser: stream-bench DISPLAY_SERVER [xvfb|xorg]
#include <algorithm>
#include <atomic>
#include <chrono>
#include <cstdio>
#include <cstdlib>
#include <random>
#include <string>
#include <thread>
#include <vector>

#include <unistd.h>

#include "bench/stream/shaped_link.h"
#include "display/testing/display_session.h"
#include "display/x11/keysyms.h"

namespace {

using namespace oriel::display;
using namespace std::chrono_literals;
using std::chrono::steady_clock;
using testing::DisplaySession;
using testing::InputClient;
using testing::ViewerClient;
using testing::XClient;
using testing::XServerProcess;

constexpr Size kScreen{1920, 1080};

double milliseconds(steady_clock::duration time) {
  return std::chrono::duration<double, std::milli>(time).count();
}

double percentile(std::vector<double> values, double fraction) {
  if (values.empty()) return -1;
  std::sort(values.begin(), values.end());
  return values[std::min(values.size() - 1,
                         static_cast<std::size_t>(fraction * static_cast<double>(values.size())))];
}

// Core fonts need no file: every X server has "fixed" built in.
class TextPage {
 public:
  TextPage(XClient& client, Size size)
      : client_(client), pixmap_(client.connection().new_id()), context_(client.connection().new_id()) {
    auto* const x = client.get();
    xcb_font_t const font = client.connection().new_id();
    xcb_open_font(x, font, 5, "fixed");
    xcb_create_pixmap(x, 24, pixmap_, client.connection().root(), static_cast<std::uint16_t>(size.width),
                      static_cast<std::uint16_t>(size.height));
    std::uint32_t const white[3] = {0xffffff, 0xffffff, font};
    xcb_create_gc(x, context_, pixmap_, XCB_GC_FOREGROUND | XCB_GC_BACKGROUND | XCB_GC_FONT, white);
    xcb_rectangle_t const whole{0, 0, static_cast<std::uint16_t>(size.width),
                                static_cast<std::uint16_t>(size.height)};
    xcb_poly_fill_rectangle(x, pixmap_, context_, 1, &whole);
    std::mt19937 random(1);
    for (std::uint32_t y = 20; y < size.height; y += 15) {
      std::uint32_t const colour = y % 90 == 20 ? 0x1a4f9c : 0x202428;
      xcb_change_gc(x, context_, XCB_GC_FOREGROUND, &colour);
      std::string line;
      auto const length = 60 + random() % 180;
      while (line.size() < length)
        line += std::string(1 + random() % 9, static_cast<char>('a' + random() % 26)) + ' ';
      line.resize(std::min<std::size_t>(line.size(), 250));
      xcb_image_text_8(x, static_cast<std::uint8_t>(line.size()), pixmap_, context_, 40,
                       static_cast<std::int16_t>(y), line.data());
    }
    client.sync();
  }

  void show(xcb_window_t window, std::uint32_t offset, Size size) {
    xcb_copy_area(client_.get(), pixmap_, window, context_, 0, static_cast<std::int16_t>(offset), 0, 0,
                  static_cast<std::uint16_t>(size.width), static_cast<std::uint16_t>(size.height));
    client_.connection().flush();
  }

 private:
  XClient& client_;
  xcb_pixmap_t pixmap_;
  std::uint32_t context_;
};

// An application that draws a letter-sized block at each key; how long from the key's message to the viewer's
// finished frame. With `video`, noise of 480x270 plays 25 times a second beside it.
void measure_keys(DisplaySession& session, std::string const& socket, int keys, bool video) {
  auto viewer = ViewerClient::open(socket);
  auto input = InputClient::open(socket);
  XClient client(session.x_server().display());
  auto const window = client.make_window({100, 100, 1600, 900}, false, 0xffffff);
  xcb_set_input_focus(client.get(), XCB_INPUT_FOCUS_POINTER_ROOT, window, XCB_CURRENT_TIME);
  client.sync();
  (void)(*viewer)->settle(800ms);

  std::atomic<bool> stop = false;
  std::atomic<steady_clock::rep> pressed_at{0};
  std::thread application([&] {
    std::uint32_t x = 0;
    while (!stop) {
      auto const event = client.connection().next_event();
      if (!event) {
        usleep(50);
        continue;
      }
      if ((event->response_type & 0x7f) != XCB_KEY_PRESS) continue;
      pressed_at = steady_clock::now().time_since_epoch().count();
      client.fill(window, {x % 1600, x / 1600 * 20 % 900, 8, 16}, 0x202020 + x * 77);
      x += 10;
    }
  });

  std::thread player([&] {
    if (!video) return;
    XClient screen(session.x_server().display());
    auto const film = screen.make_window({1200, 700, 480, 270}, true);
    auto next = steady_clock::now();
    for (std::uint32_t frame = 0; !stop; ++frame) {
      screen.noise(film, {0, 0, 480, 270}, frame);
      next += 40ms;
      std::this_thread::sleep_until(next);
    }
  });
  std::this_thread::sleep_for(video ? 2000ms : 0ms);

  std::mt19937 random(7);
  std::vector<double> to_frame;
  std::vector<double> to_application;
  double const cpu_before = session.display().cpu_milliseconds();
  double const x_cpu_before = session.x_server().process().cpu_milliseconds();
  auto const bytes_before = (*viewer)->stream().received_bytes();
  for (int key = 0; key < keys; ++key) {
    // Frames of the film are read meanwhile, as a browser does.
    auto const pause = steady_clock::now() + std::chrono::milliseconds(30 + random() % 40);
    while (steady_clock::now() < pause)
      (void)(*viewer)->next_frame(
          std::max(1ms, std::chrono::duration_cast<std::chrono::milliseconds>(pause - steady_clock::now())));
    auto const start = steady_clock::now();
    (*input)->key(true, 'a', 30);
    for (;;) {
      auto const end = (*viewer)->next_frame(1s);
      if (!end) break;
      if (end->input_sequence < (*input)->sequence()) continue;
      to_frame.push_back(milliseconds(steady_clock::now() - start));
      break;
    }
    to_application.push_back(
        milliseconds(steady_clock::duration(pressed_at.load()) - start.time_since_epoch()));
    (*input)->key(false, 'a', 30);
  }
  stop = true;
  application.join();
  player.join();
  std::printf("key -> application  p50 %.2f ms  p95 %.2f ms\n", percentile(to_application, 0.5),
              percentile(to_application, 0.95));
  std::printf("key -> frame        p50 %.2f ms  p95 %.2f ms  (%zu of %d keys)\n", percentile(to_frame, 0.5),
              percentile(to_frame, 0.95), to_frame.size(), keys);
  std::printf("per key             %.2f ms CPU display, %.2f ms X server, %.0f bytes\n",
              (session.display().cpu_milliseconds() - cpu_before) / keys,
              (session.x_server().process().cpu_milliseconds() - x_cpu_before) / keys,
              static_cast<double>((*viewer)->stream().received_bytes() - bytes_before) / keys);
}

void measure_scrolling(DisplaySession& session) {
  auto viewer = ViewerClient::open(session.socket());
  XClient client(session.x_server().display());
  Size const page{1700, 1000};
  auto const window = client.make_window({100, 40, page.width, page.height}, false, 0xffffff);
  TextPage text(client, {page.width, 8000});
  text.show(window, 0, page);
  (void)(*viewer)->settle(800ms);

  constexpr int kSteps = 240;
  double const cpu_before = session.display().cpu_milliseconds();
  double const x_cpu_before = session.x_server().process().cpu_milliseconds();
  auto const bytes_before = (*viewer)->stream().received_bytes();
  auto const start = steady_clock::now();
  std::thread application([&] {
    auto next = start;
    for (int step = 0; step < kSteps; ++step) {
      text.show(window, static_cast<std::uint32_t>((step * 29) % 6900), page);
      next += 33'333us;
      std::this_thread::sleep_until(next);
    }
  });
  int frames = 0;
  auto const end_time = start + kSteps * 33'333us;
  while (steady_clock::now() < end_time)
    if ((*viewer)->next_frame(50ms)) ++frames;
  application.join();
  double const seconds = milliseconds(steady_clock::now() - start) / 1000;
  double const cpu = session.display().cpu_milliseconds() - cpu_before;
  auto const bytes = (*viewer)->stream().received_bytes() - bytes_before;
  auto const different = testing::difference_after_settling(**viewer, client);
  std::printf(
      "text page scroll 30/s: %.1f frames/s, %.2f Mbit/s, %.1f kB a frame, %.1f %% of a core display, %.1f "
      "%% X server, %zu pixels differ at the end\n",
      frames / seconds, static_cast<double>(bytes) * 8 / seconds / 1e6,
      static_cast<double>(bytes) / 1000 / std::max(1, frames), cpu / seconds / 10,
      (session.x_server().process().cpu_milliseconds() - x_cpu_before) / seconds / 10, different);
}

void measure_idle(DisplaySession& session) {
  auto viewer = ViewerClient::open(session.socket());
  (void)(*viewer)->settle(1500ms);
  auto const bytes = (*viewer)->stream().received_bytes();
  double const cpu = session.display().cpu_milliseconds();
  long const sleeps = testing::sleeps_of(session.display().pid());
  auto const frame = (*viewer)->next_frame(10s);
  std::printf("idle 10 s: %llu bytes, %ld wake-ups, %.2f ms CPU%s\n",
              static_cast<unsigned long long>((*viewer)->stream().received_bytes() - bytes),
              testing::sleeps_of(session.display().pid()) - sleeps,
              session.display().cpu_milliseconds() - cpu, frame ? " (not idle)" : "");
}

void measure_first_picture(DisplaySession& session) {
  std::vector<double> times;
  std::uint64_t bytes = 0;
  for (int round = 0; round < 10; ++round) {
    auto const start = steady_clock::now();
    auto viewer = ViewerClient::open(session.socket());
    if (!viewer || !(*viewer)->next_frame(2s)) continue;
    times.push_back(milliseconds(steady_clock::now() - start));
    bytes = (*viewer)->stream().received_bytes();
  }
  std::printf("first picture       p50 %.1f ms, %.1f kB\n", percentile(times, 0.5),
              static_cast<double>(bytes) / 1000);
}

}  // namespace

int main(int count, char** words) {
  if (count < 2) {
    std::fprintf(stderr, "usage: stream-bench DISPLAY_SERVER [xvfb|xorg]\n");
    return 2;
  }
  auto const kind = count > 2 && std::string_view(words[2]) == "xvfb" ? XServerProcess::Kind::kXvfb
                                                                      : XServerProcess::Kind::kXorg;
  auto session = DisplaySession::start(words[1], kind, kScreen);
  if (!session) {
    std::fprintf(stderr, "the X server does not start\n");
    return 1;
  }
  measure_idle(*session);
  measure_keys(*session, session->socket(), 200, false);
  measure_scrolling(*session);
  measure_first_picture(*session);
  struct Line {
    char const* name;
    double bytes_per_second;
    std::chrono::milliseconds one_way;
  };
  for (auto const& line :
       {Line{"40 ms, 20 Mbit/s", 20e6 / 8, 20ms}, Line{"150 ms, 2 Mbit/s", 2e6 / 8, 75ms}}) {
    std::string const path = session->socket() + ".shaped";
    ShapedLink const shaped(path, session->socket(), line.bytes_per_second, line.one_way);
    std::printf("-- %s\n", line.name);
    measure_keys(*session, path, 60, false);
    std::printf("-- %s, while noise of 480x270 plays\n", line.name);
    measure_keys(*session, path, 60, true);
  }
  session.reset();
  std::fflush(stdout);
  std::_Exit(0);  // The lines' threads wait in reads.
}
