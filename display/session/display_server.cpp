#include "display/session/display_server.h"

#include <algorithm>
#include <chrono>
#include <set>

#include "display/encode/wire.h"
#include "display/limits.h"
#include "display/wallpaper/wallpaper.h"
#include "display/x11/x11_window_system.h"
#include "libs/base/log.h"
#include "libs/base/version.h"
#include "protocol/display/messages.h"

namespace oriel::display {

namespace {

using protocol::Close;
using protocol::Message;

// The wallpaper of a new size is painted when the size has come to rest: it takes 15 ms, and mostly lies
// below a desktop.
constexpr auto kWallpaperDelay = std::chrono::milliseconds(300);
constexpr auto kGoodbye = std::chrono::milliseconds(300);

std::uint64_t microseconds(std::chrono::nanoseconds time) {
  return static_cast<std::uint64_t>(std::chrono::duration_cast<std::chrono::microseconds>(time).count());
}

}  // namespace

DisplayServer::DisplayServer(EventLoop& loop, Options options) : loop_(loop), options_(std::move(options)) {
  loop_.set_before_sleep([this] { before_sleep(); });
  loop_.set_idle_work([this] { return encode_some(); });
}

DisplayServer::~DisplayServer() {
  // Inputs release what they hold through the window system, so they go first.
  for (auto& [id, viewer] : viewers_) viewer->input.reset();
  connections_.clear();
}

Result<> DisplayServer::start() {
  if (!options_.listen.empty()) {
    auto listening = listen_on_path(options_.listen);
    if (!listening) return listening.error();
    use_listener(std::move(*listening));
  }
  if (!options_.display.empty()) {
    use_x_server({options_.display, options_.authority, options_.ready});
  } else if (is_init_socket(options_.init_descriptor)) {
    init_ = std::make_unique<InitLink>(
        loop_, FileDescriptor(options_.init_descriptor),
        [this](json::Object const& message) { init_message(message); }, [this] { shut_down(); });
  } else {
    return fail(Code::kInvalid, "there is neither an init (descriptor " +
                                    std::to_string(options_.init_descriptor) + ") nor --display");
  }
  if (!options_.control.empty()) {
    json::Object hello{{"type", "hello"},
                       {"session", options_.session},
                       {"protocol", protocol::kVersion},
                       {"build", version()},
                       {"runtime", options_.runtime}};
    agent_ = std::make_unique<AgentLink>(
        loop_, options_.control, std::move(hello),
        [this](json::Object const& message, FileDescriptor descriptor) {
          agent_message(message, std::move(descriptor));
        },
        [this] {
          report_state();
          reported_viewers_ = SIZE_MAX;
          report_viewers();
        });
  }
  return {};
}

void DisplayServer::shut_down() {
  if (stop_timer_ != 0) return;
  listener_.reset();
  for (auto& [pointer, connection] : connections_)
    connection->close(end_reason_.empty() ? Close::kRestart : Close::kSessionEnded,
                      "the display server stops");
  // Long enough for the goodbyes to be read.
  stop_timer_ =
      loop_.after(connections_.empty() ? std::chrono::milliseconds(0) : kGoodbye, [this] { loop_.stop(); });
}

void DisplayServer::use_x_server(XServer server) {
  x_server_ = std::move(server);
  if (window_system_) {
    for (auto& [id, viewer] : viewers_) viewer->input.reset();
    lost_window_system_ = std::move(window_system_);
  }
  loop_.cancel(reconnect_);
  reconnect_ = 0;
  open_x_server();
}

void DisplayServer::open_x_server() {
  auto opened = x11::open_window_system(loop_, x_server_->display, x_server_->authority, *this, *this);
  if (!opened) {
    log::warning("X server", {{"error", opened.error()}});
    reconnect_ = loop_.after(limits::kReconnectInterval, [this] {
      reconnect_ = 0;
      open_x_server();
    });
    return;
  }
  window_system_ = std::move(*opened);
  Size const size = window_system_->screen().size();
  log::info("screen open", {{"display", x_server_->display}, {"width", size.width}, {"height", size.height}});
  cursor_ = window_system_->screen().cursor();
  for (auto& [id, viewer] : viewers_) {
    if (viewer->input_stream != nullptr) viewer->input = window_system_->make_input();
    if (viewer->display != nullptr && cursor_) viewer->send_cursor(*cursor_);
  }
  update_selection_wish();
  screen_resized(size);
  if (step_ == "x") set_step("x", "");
  begin_session();
}

void DisplayServer::begin_session() {
  if (!window_system_) return;
  apply_first_size();
  paint_wallpaper();
  if (state_ == "starting") set_step("wallpaper", "");
  if (!begin_ || !init_) return;
  json::Object message = begin_->whole;
  message["type"] = "begin";
  init_->send(message);
  if (state_ == "starting") set_step("application", "");
}

void DisplayServer::apply_first_size() {
  // A viewer that came before X did knows its window better than the start size; after a restart of X, too.
  auto wishing = viewers_.find(size_owner_);
  if (wishing == viewers_.end() || !wishing->second->wished_size) {
    wishing = std::find_if(viewers_.begin(), viewers_.end(),
                           [](auto const& entry) { return entry.second->wished_size.has_value(); });
  }
  std::optional<Size> wanted;
  if (wishing != viewers_.end()) {
    wanted = wishing->second->wished_size;
  } else if (begin_ && begin_->width > 0 && begin_->height > 0 && !size_applied_) {
    wanted = Size{begin_->width, begin_->height};
  }
  if (!wanted) return;
  size_applied_ = true;
  if (*wanted != window_system_->screen().size()) apply_size(*wanted);
}

void DisplayServer::apply_size(Size size) {
  if (!window_system_) return;
  if (!window_system_->screen().can_resize()) return;
  last_resize_ = steady_clock::now();
  auto const resized = window_system_->screen().resize(size);
  if (!resized) log::warning("resize", {{"error", resized.error()}});
}

void DisplayServer::paint_wallpaper() {
  if (!window_system_) return;
  Size const size = window_system_->screen().size();
  auto const picture = Wallpaper::read(options_.wallpaper);
  auto const painted =
      window_system_->screen().set_background(picture ? cover(*picture, size) : dark_gradient(size));
  if (!painted) log::warning("wallpaper", {{"error", painted.error()}});
}

void DisplayServer::screen_damaged() { damaged_ = true; }

void DisplayServer::screen_resized(Size size) {
  picture_ = Picture(size);
  changed_ = BlockMap(size);
  heat_ = HeatMap(size);
  damaged_ = true;
  capture_everything_ = true;
  for (auto& [id, viewer] : viewers_) viewer->restart(size);
  if (captures_ == 0) return;  // The first wallpaper is painted by begin_session.
  loop_.after(kWallpaperDelay, [this, size] {
    if (window_system_ && window_system_->screen().size() == size) paint_wallpaper();
  });
}

void DisplayServer::cursor_changed(std::shared_ptr<Cursor const> cursor) {
  if (cursor_ && cursor->serial == cursor_->serial) return;
  cursor_ = std::move(cursor);
  for (auto& [id, viewer] : viewers_) viewer->send_cursor(*cursor_);
}

bool DisplayServer::has_content(Rectangle const& area) { return !picture_.is_uniform(area); }

void DisplayServer::window_ready() {
  if (state_ != "starting" || (x_server_ && x_server_->ready != "window")) return;
  state_ = "running";
  set_step("ready", "");
  for (auto& [id, viewer] : viewers_) viewer->owe_end();
}

void DisplayServer::locks_changed(bool caps, bool num) {
  Bytes const body{static_cast<std::uint8_t>(caps), static_cast<std::uint8_t>(num)};
  for (auto& [id, viewer] : viewers_)
    if (viewer->input_stream != nullptr) viewer->input_stream->send(wire::message(Message::kLocks, body));
}

void DisplayServer::screen_lost(Error reason) {
  log::warning("screen lost", {{"error", reason}});
  for (auto& [id, viewer] : viewers_) viewer->input.reset();
  // Called from within it: destroyed before the loop sleeps. Init says when there is a new X server; in
  // development it may come back.
  lost_window_system_ = std::move(window_system_);
  if (!init_ && reconnect_ == 0) {
    reconnect_ = loop_.after(limits::kReconnectInterval, [this] {
      reconnect_ = 0;
      open_x_server();
    });
  }
}

void DisplayServer::before_sleep() {
  closed_.clear();
  lost_window_system_.reset();
  // A capture's answers bring events along, which the loop would not be woken for.
  for (bool again = true; again;) {
    if (window_system_) window_system_->screen().dispatch();
    auto const captures = captures_;
    plan_frames();
    again = captures != captures_;
  }
  send_states();
}

void DisplayServer::plan_frames() {
  if (!window_system_) return;
  bool due = state_ == "starting" && damaged_;
  for (auto const& [id, viewer] : viewers_) {
    // The picture stays as it is until everybody's frame of it is complete.
    if (viewer->encoding()) return;
    due = due || viewer->wants_frame() || (damaged_ && viewer->could_send());
  }
  if (!due) return;
  auto const now = steady_clock::now();
  if (now < clock_.next()) {
    if (frame_timer_ == 0) frame_timer_ = loop_.at(clock_.next(), [this] { frame_timer_ = 0; });
    return;
  }
  clock_.captured(now);
  if (damaged_) capture();
  std::uint8_t const flags =
      static_cast<std::uint8_t>(protocol::kEndExact | (state_ == "running" ? protocol::kEndReady : 0));
  bool encoding = false;
  for (auto& [id, viewer] : viewers_) {
    if (!viewer->wants_frame()) continue;
    viewer->begin_frame(picture_, heat_, capture_time_us_, flags);
    encoding = true;
  }
  // A small frame leaves at once; what is left is done between looks at the sockets.
  if (encoding && encode_some()) loop_.wake_idle_work();
}

void DisplayServer::capture() {
  damaged_ = false;
  auto const start = steady_clock::now();
  capture_time_us_ = microseconds(start.time_since_epoch());
  auto const pieces = window_system_->screen().capture(capture_everything_);
  if (!pieces) {
    if (pieces.error().code != Code::kRetry) log::warning("capture", {{"error", pieces.error()}});
    capture_everything_ = true;
    damaged_ = true;
    return;
  }
  capture_everything_ = false;
  changed_.clear();
  for (auto const& piece : *pieces) picture_.update(piece, changed_);
  ++captures_;
  heat_.note(changed_);
  capture_us_total_ += microseconds(steady_clock::now() - start);
  if (!changed_.empty())
    for (auto& [id, viewer] : viewers_) viewer->add_changes(changed_);
  if (state_ == "starting" && x_server_ && x_server_->ready == "frame") {
    state_ = "running";
    set_step("ready", "");
  }
}

bool DisplayServer::encode_some() {
  for (auto& [id, viewer] : viewers_) {
    if (!viewer->encoding()) continue;
    if (viewer->encode_some()) return true;
  }
  return std::any_of(viewers_.begin(), viewers_.end(),
                     [](auto const& entry) { return entry.second->encoding(); });
}

void DisplayServer::agent_message(json::Object const& message, FileDescriptor descriptor) {
  std::string const type = text_member(message, "type");
  if (type == "begin") {
    // Applied once a session, but each connection brings it: permissions may have changed.
    bool const first = !begin_;
    begin_ = read_begin(message);
    update_selection_wish();
    if (first) begin_session();
  } else if (type == "listen") {
    if (!descriptor) return log::warning("listen without a socket");
    use_listener(std::move(descriptor));
  } else if (type == "close_viewer") {
    std::string const reason = text_member(message, "reason");
    auto const* const named = message.if_contains("viewers");
    if (named == nullptr || !named->is_array()) return log::warning("close_viewer names nobody");
    std::set<std::string, std::less<>> revoked;
    for (auto const& one : named->get_array()) {
      if (one.is_string() && !one.get_string().empty()) revoked.emplace(std::string_view(one.get_string()));
    }
    std::vector<Connection*> doomed;
    for (auto& [pointer, connection] : connections_) {
      auto const& request = connection->request();
      if (revoked.contains(request.viewer) || revoked.contains(request.grant)) doomed.push_back(pointer);
    }
    for (auto* const connection : doomed) connection->close(Close::kRevoked, reason);
  } else if (type == "end") {
    end_session(text_member(message, "reason"));
  } else {
    log::warning("the agent sent an unknown message", {{"type", type}});
  }
}

void DisplayServer::init_message(json::Object const& message) {
  std::string const type = text_member(message, "type");
  if (type == "x") {
    auto server = read_x_server(message);
    if (!server) return log::warning("init", {{"error", server.error()}});
    use_x_server(std::move(*server));
  } else if (type == "application") {
    if (text_member(message, "state") == "started") {
      if (state_ == "starting") set_step("application", "started");
    } else {
      detail_ = "the application has exited";
      report_state();
    }
  } else {
    log::warning("init sent an unknown message", {{"type", type}});
  }
}

void DisplayServer::end_session(std::string const& reason) {
  if (!end_reason_.empty()) return;
  end_reason_ = reason.empty() ? "ended" : reason;
  state_ = "ended";
  send_states();
  std::vector<Connection*> all;
  all.reserve(connections_.size());
  for (auto& [pointer, connection] : connections_) all.push_back(pointer);
  for (auto* const connection : all) connection->close(Close::kSessionEnded, end_reason_);
}

void DisplayServer::set_step(std::string step, std::string detail) {
  step_ = std::move(step);
  detail_ = std::move(detail);
  report_state();
}

void DisplayServer::report_state() {
  if (!agent_ || state_ == "ended") return;
  agent_->send({{"type", "state"}, {"state", state_}, {"step", step_}, {"detail", detail_}});
}

void DisplayServer::report_viewers() {
  if (!agent_) return;
  std::size_t const count = viewer_count();
  if (count > 0 && statistics_timer_ == 0)
    statistics_timer_ = loop_.after(limits::kStatisticsInterval, [this] { report_statistics(); });
  if (count == reported_viewers_ || viewers_timer_ != 0) return;
  auto const now = steady_clock::now();
  if (now < last_viewers_report_ + limits::kViewersInterval) {
    viewers_timer_ = loop_.at(last_viewers_report_ + limits::kViewersInterval, [this] {
      viewers_timer_ = 0;
      report_viewers();
    });
    return;
  }
  last_viewers_report_ = now;
  reported_viewers_ = count;
  auto const since = last_input_ == Time{}
                         ? -1
                         : std::chrono::duration_cast<std::chrono::seconds>(now - last_input_).count();
  agent_->send({{"type", "viewers"}, {"count", count}, {"last_input_seconds", since}});
}

void DisplayServer::report_statistics() {
  statistics_timer_ = 0;
  if (!agent_ || viewer_count() == 0) return;
  Viewer::Statistics total;
  std::chrono::microseconds round_trip{0};
  for (auto const& [id, viewer] : viewers_) {
    total.frames += viewer->statistics().frames;
    total.bytes += viewer->statistics().bytes;
    total.encode_us += viewer->statistics().encode_us;
    round_trip = std::max(round_trip, viewer->pacer().round_trip());
  }
  auto const since =
      last_input_ == Time{}
          ? -1
          : std::chrono::duration_cast<std::chrono::seconds>(steady_clock::now() - last_input_).count();
  // Sums of the viewers that are here; one that left takes its own away.
  agent_->send({{"type", "statistics"},
                {"frames", total.frames},
                {"bytes", total.bytes},
                {"encode_us", total.encode_us},
                {"rtt_us", round_trip.count()},
                {"last_input_seconds", since}});
  statistics_timer_ = loop_.after(limits::kStatisticsInterval, [this] { report_statistics(); });
}

void DisplayServer::send_viewer_statistics() {
  viewer_statistics_timer_ = 0;
  auto const now = steady_clock::now();
  bool again = false;
  for (auto& [id, viewer] : viewers_) {
    if (!viewer->wants_statistics || viewer->display == nullptr) continue;
    again = true;
    auto& last = viewer_statistics_[id];
    auto const total = viewer->statistics();
    double const seconds = last.when == Time{} ? 1.0 : std::chrono::duration<double>(now - last.when).count();
    auto const frames = total.frames - last.total.frames;
    auto const captures = captures_ - last.captures;
    json::Object const statistics{
        {"encode_us", frames == 0 ? 0 : (total.encode_us - last.total.encode_us) / frames},
        {"capture_us", captures == 0 ? 0 : (capture_us_total_ - last.capture_us) / captures},
        {"bytes_per_second",
         static_cast<std::uint64_t>(static_cast<double>(total.bytes - last.total.bytes) / seconds)},
        {"frames_per_second", static_cast<double>(frames) / seconds},
        {"rtt_us", viewer->pacer().round_trip().count()},
        {"in_flight", viewer->pacer().bytes_in_flight()}};
    last = {now, total, captures_, capture_us_total_};
    std::string const text = json::text(statistics);
    viewer->display->send(wire::message(Message::kStats, std::string_view(text)));
  }
  if (again)
    viewer_statistics_timer_ =
        loop_.after(limits::kViewerStatisticsInterval, [this] { send_viewer_statistics(); });
}

}  // namespace oriel::display
