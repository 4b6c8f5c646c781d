// Stands in for oriel-display in the tests of images and init: relays the begin, watches the screen and tells
// on standard error what it sees. Static, as the real one. Messages are taken apart by searching: enough for
// what the test sends.

#include <algorithm>
#include <cerrno>
#include <cstdio>
#include <cstdlib>
#include <cstring>
#include <ctime>
#include <string>
#include <vector>

#include <poll.h>
#include <sys/socket.h>
#include <sys/un.h>
#include <unistd.h>
#include <xcb/xcb.h>

namespace {

constexpr int kInit = 3;
constexpr std::uint32_t kBackground = 0x171a26;

double now() {
  timespec time{};
  clock_gettime(CLOCK_REALTIME, &time);
  return static_cast<double>(time.tv_sec) + static_cast<double>(time.tv_nsec) / 1e9;
}

void say(std::string const& event, std::string const& more = {}) {
  std::fprintf(stderr, "{\"stub\":\"%s\",\"time\":%.3f%s}\n", event.c_str(), now(), more.c_str());
}

std::string member(std::string const& message, std::string const& name) {
  auto const start = message.find("\"" + name + "\":\"");
  if (start == std::string::npos) return {};
  auto const from = start + name.size() + 4;
  return message.substr(from, message.find('"', from) - from);
}

class Agent {
 public:
  int descriptor = -1;

  void connect_again() {
    int const made = socket(AF_UNIX, SOCK_STREAM | SOCK_CLOEXEC, 0);
    sockaddr_un address{};
    address.sun_family = AF_UNIX;
    std::strcpy(address.sun_path, "/run/oriel/control.sock");
    if (connect(made, reinterpret_cast<sockaddr*>(&address), sizeof address) != 0) {
      close(made);
      return;
    }
    descriptor = made;
    say("agent");
    send_message(R"({"type":"hello","session":"stub","protocol":1,"build":"stub","runtime":"stub"})");
  }

  void send_message(std::string const& text) {
    if (descriptor < 0) return;
    auto const length = static_cast<std::uint32_t>(text.size());
    std::string whole(reinterpret_cast<char const*>(&length), 4);
    whole += text;
    if (send(descriptor, whole.data(), whole.size(), MSG_NOSIGNAL) < 0) lost();
  }

  void read_messages() {
    char buffer[65536];
    auto const count = recv(descriptor, buffer, sizeof buffer, 0);
    if (count <= 0) return lost();
    data_.append(buffer, static_cast<std::size_t>(count));
    while (data_.size() >= 4) {
      std::uint32_t length = 0;
      std::memcpy(&length, data_.data(), 4);
      if (data_.size() < 4 + length) return;
      auto const message = data_.substr(4, length);
      data_.erase(0, 4 + length);
      if (member(message, "type") == "begin") {
        say("begin");
        if (send(kInit, message.data(), message.size(), MSG_NOSIGNAL) < 0) say("init does not listen");
      }
    }
  }

 private:
  void lost() {
    close(descriptor);
    descriptor = -1;
    data_.clear();
  }
  std::string data_;
};

class Watch {
 public:
  explicit Watch(Agent& agent) : agent_(agent) {}
  ~Watch() { close_connection(); }

  void open(std::string const& display, std::string const& authority) {
    close_connection();
    setenv("XAUTHORITY", authority.c_str(), 1);
    connection_ = xcb_connect(display.c_str(), nullptr);
    if (xcb_connection_has_error(connection_) != 0) {
      say("no X");
      close_connection();
      return;
    }
    screen_ = xcb_setup_roots_iterator(xcb_get_setup(connection_)).data;
    xcb_change_window_attributes(connection_, screen_->root, XCB_CW_BACK_PIXEL, &kBackground);
    xcb_clear_area(connection_, 0, screen_->root, 0, 0, 0, 0);
    xcb_flush(connection_);
    last_.clear();
    first_ = ready_ = false;
    say("x");
  }

  [[nodiscard]] bool is_open() const { return connection_ != nullptr; }

  /// Three strips (top, middle, bottom) tell enough and cost the X server a tenth of the whole screen.
  void look() {
    std::vector<std::uint32_t> seen;
    for (int const y : {0, screen_->height_in_pixels / 2, screen_->height_in_pixels - kStrip}) {
      if (!read_rows(y, kStrip, seen)) return;
    }
    if (seen == last_) return;
    auto const drawn = static_cast<std::size_t>(
        std::ranges::count_if(seen, [](std::uint32_t pixel) { return (pixel & 0xffffff) != kBackground; }));
    last_ = std::move(seen);
    say("changed", ",\"drawn_percent\":" + std::to_string(100 * drawn / last_.size()));
    if (drawn > 0 && !first_) first_ = true, say("first");
    if (drawn > 0 && !ready_) {
      ready_ = true;
      agent_.send_message(R"({"type":"state","state":"running","step":"ready","detail":""})");
    }
    if (char const* directory = std::getenv("ORIEL_STUB_PICTURES"); directory != nullptr) {
      std::vector<std::uint32_t> whole;
      if (read_rows(0, screen_->height_in_pixels, whole)) save(directory, whole.data());
    }
  }

 private:
  static constexpr int kStrip = 40;

  bool read_rows(int y, int count, std::vector<std::uint32_t>& into) {
    auto* reply = xcb_get_image_reply(
        connection_,
        xcb_get_image(connection_, XCB_IMAGE_FORMAT_Z_PIXMAP, screen_->root, 0, static_cast<std::int16_t>(y),
                      screen_->width_in_pixels, static_cast<std::uint16_t>(count), ~0U),
        nullptr);
    if (reply == nullptr) {
      if (xcb_connection_has_error(connection_) != 0) close_connection();
      return false;
    }
    auto const* pixels = reinterpret_cast<std::uint32_t const*>(xcb_get_image_data(reply));
    into.insert(into.end(), pixels, pixels + xcb_get_image_data_length(reply) / 4);
    std::free(reply);
    return true;
  }

  void save(char const* directory, std::uint32_t const* pixels) {
    auto const path = std::string(directory) + "/picture-" + std::to_string(++pictures_) + ".ppm";
    std::FILE* file = std::fopen(path.c_str(), "w");
    if (file == nullptr) return;
    std::fprintf(file, "P6\n%d %d\n255\n", screen_->width_in_pixels, screen_->height_in_pixels);
    std::string row;
    for (std::size_t i = 0; i < std::size_t{screen_->width_in_pixels} * screen_->height_in_pixels; ++i) {
      row.push_back(static_cast<char>(pixels[i] >> 16));
      row.push_back(static_cast<char>(pixels[i] >> 8));
      row.push_back(static_cast<char>(pixels[i]));
    }
    std::fwrite(row.data(), 1, row.size(), file);
    std::fclose(file);
  }

  void close_connection() {
    if (connection_ != nullptr) xcb_disconnect(connection_);
    connection_ = nullptr;
  }

  Agent& agent_;
  xcb_connection_t* connection_ = nullptr;
  xcb_screen_t* screen_ = nullptr;
  std::vector<std::uint32_t> last_;
  int pictures_ = 0;
  bool first_ = false;
  bool ready_ = false;
};

}  // namespace

int main() {
  say("started");
  Agent agent;
  Watch watch(agent);
  double next_try = 0;
  while (true) {
    if (agent.descriptor < 0 && now() >= next_try) {
      agent.connect_again();
      next_try = now() + 0.2;
    }
    pollfd watched[2] = {{kInit, POLLIN, 0}, {agent.descriptor, POLLIN, 0}};
    poll(watched, 2, 25);
    if (watched[0].revents != 0) {
      char buffer[65536];
      auto const count = recv(kInit, buffer, sizeof buffer, 0);
      if (count <= 0) return 0;
      std::string const message(buffer, static_cast<std::size_t>(count));
      if (member(message, "type") == "x")
        watch.open(member(message, "display"), member(message, "authority"));
      if (member(message, "type") == "application") say("application " + member(message, "state"));
    }
    if (watched[1].revents != 0) agent.read_messages();
    if (watch.is_open()) watch.look();
  }
}
