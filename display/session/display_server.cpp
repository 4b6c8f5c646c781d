#include "display/session/display_server.h"

#include <algorithm>
#include <chrono>

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

std::uint16_t u16_at(std::span<std::uint8_t const> body, std::size_t at) {
  return static_cast<std::uint16_t>(body[at] | body[at + 1] << 8);
}

std::uint32_t u32_at(std::span<std::uint8_t const> body, std::size_t at) {
  return static_cast<std::uint32_t>(u16_at(body, at)) | static_cast<std::uint32_t>(u16_at(body, at + 2))
                                                            << 16;
}

void protocol_error(Connection& connection, std::string_view what) {
  connection.close(Close::kProtocolError, what);
}

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

// ---- the window system

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

// ---- frames

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

// ---- viewers

void DisplayServer::use_listener(FileDescriptor listening) {
  listener_ = std::make_unique<Listener>(loop_, std::move(listening),
                                         [this](FileDescriptor socket) { accepted(std::move(socket)); });
}

void DisplayServer::accepted(FileDescriptor socket) {
  if (connections_.size() >= limits::kConnections) {
    log::warning("too many connections");
    return;
  }
  ConnectionListener& listener = *this;
  auto connection = std::make_unique<Connection>(loop_, std::move(socket), listener);
  Connection* const key = connection.get();
  connections_.emplace(key, std::move(connection));
}

Viewer& DisplayServer::viewer_of(std::string const& id) {
  auto& viewer = viewers_[id];
  if (!viewer) viewer = std::make_unique<Viewer>(id);
  loop_.cancel(viewer->forget);
  viewer->forget = 0;
  return *viewer;
}

Viewer* DisplayServer::viewer_of(Connection const& connection) {
  auto const found = viewers_.find(connection.request().viewer);
  if (found == viewers_.end()) return nullptr;
  Viewer& viewer = *found->second;
  bool const current =
      viewer.display == &connection || viewer.input_stream == &connection || viewer.clipboard == &connection;
  return current ? &viewer : nullptr;
}

std::size_t DisplayServer::viewer_count() const {
  return static_cast<std::size_t>(std::count_if(
      viewers_.begin(), viewers_.end(), [](auto const& entry) { return entry.second->display != nullptr; }));
}

Result<> DisplayServer::connection_requested(Connection& connection, UpgradeRequest const& request) {
  if (!end_reason_.empty()) return fail(Code::kUnavailable, "the session has ended: " + end_reason_);
  auto const now =
      std::chrono::duration_cast<std::chrono::seconds>(std::chrono::system_clock::now().time_since_epoch())
          .count();
  if (request.expires && *request.expires <= now) return fail(Code::kForbidden, "the permission has expired");
  bool const allowed_in = request.may_put_clipboard && (!begin_ || begin_->clipboard_in);
  bool const allowed_out = request.may_take_clipboard && (!begin_ || begin_->clipboard_out);
  if (request.route == Route::kInput && (!request.may_input || request.role == Role::kView))
    return fail(Code::kForbidden, "input is not permitted");
  if (request.route == Route::kClipboard && !allowed_in && !allowed_out)
    return fail(Code::kForbidden, "the clipboard is not permitted");

  auto const known = viewers_.find(request.viewer);
  if (known == viewers_.end() || !known->second->connected()) {
    std::size_t connected = 0;
    for (auto const& [id, viewer] : viewers_) connected += viewer->connected() ? 1 : 0;
    if (connected >= limits::kViewers)
      return fail(Code::kNoCapacity, "the session has as many viewers as it can take");
  }
  Viewer& viewer = viewer_of(request.viewer);

  Connection*& place = request.route == Route::kDisplay ? viewer.display
                       : request.route == Route::kInput ? viewer.input_stream
                                                        : viewer.clipboard;
  if (place != nullptr) {
    // The same tab connects again before the proxy noticed the loss.
    Connection* const old = place;
    if (request.route == Route::kDisplay) viewer.stop();
    if (request.route == Route::kInput) viewer.input.reset();
    place = nullptr;
    old->close(Close::kTakenOver, "this tab connected again");
  }
  place = &connection;
  if (request.expires) limit_by_expiry(connection, *request.expires);

  switch (request.route) {
    case Route::kDisplay: {
      Bytes hello;
      wire::put_u16(hello, protocol::kVersion);
      wire::put_u16(hello, 0);
      std::string_view const build = version();
      wire::put_varint(hello, static_cast<std::uint32_t>(build.size()));
      wire::put_text(hello, build);
      connection.send(wire::message(Message::kHello, hello));
      viewer.last_state.clear();
      viewer.wants_statistics = false;
      viewer.start(window_system_ ? window_system_->screen().size() : Size{}, request.epoch, request.frame);
      if (cursor_) viewer.send_cursor(*cursor_);
      report_viewers();
      break;
    }
    case Route::kInput:
      if (window_system_) viewer.input = window_system_->make_input();
      break;
    case Route::kClipboard:
      update_selection_wish();
      if (allowed_out) send_clipboard(connection);
      break;
  }
  log::info("viewer connected", {{"viewer", request.viewer}, {"route", static_cast<int>(request.route)}});
  return {};
}

void DisplayServer::limit_by_expiry(Connection& connection, std::int64_t expires) {
  auto const left =
      std::chrono::system_clock::time_point(std::chrono::seconds(expires)) - std::chrono::system_clock::now();
  // The timer is monotonic and the expiry is civil time, which may be set meanwhile: look again at least
  // daily.
  auto const wait =
      std::clamp<std::chrono::nanoseconds>(left, std::chrono::nanoseconds(0), std::chrono::hours(24));
  expiries_[&connection] = loop_.after(wait, [this, key = &connection, expires] {
    expiries_.erase(key);
    auto const now =
        std::chrono::duration_cast<std::chrono::seconds>(std::chrono::system_clock::now().time_since_epoch())
            .count();
    if (now >= expires) {
      key->close(Close::kRevoked, "the permission has expired");
    } else {
      limit_by_expiry(*key, expires);
    }
  });
}

void DisplayServer::connection_closed(Connection& connection) {
  if (auto const expiry = expiries_.find(&connection); expiry != expiries_.end()) {
    loop_.cancel(expiry->second);
    expiries_.erase(expiry);
  }
  if (Viewer* const viewer = viewer_of(connection)) {
    if (viewer->display == &connection) viewer->stop();
    if (viewer->input_stream == &connection) {
      viewer->input_stream = nullptr;
      viewer->input.reset();
    }
    if (viewer->clipboard == &connection) {
      viewer->clipboard = nullptr;
      update_selection_wish();
    }
    if (!viewer->connected() && viewer->forget == 0)
      viewer->forget = loop_.after(limits::kResumeMemory, [this, id = viewer->id()] { forget_viewer(id); });
    report_viewers();
  }
  if (auto const found = connections_.find(&connection); found != connections_.end()) {
    closed_.push_back(std::move(found->second));
    connections_.erase(found);
  }
}

void DisplayServer::forget_viewer(std::string const& id) {
  viewer_statistics_.erase(id);
  if (size_owner_ == id) size_owner_.clear();
  viewers_.erase(id);
}

void DisplayServer::message_received(Connection& connection, std::uint8_t type,
                                     std::span<std::uint8_t const> body) {
  Viewer* const viewer = viewer_of(connection);
  if (viewer == nullptr) return;
  switch (connection.request().route) {
    case Route::kDisplay:
      return display_message(*viewer, connection, type, body);
    case Route::kInput:
      return input_message(*viewer, connection, type, body);
    case Route::kClipboard:
      return clipboard_message(connection, type, body);
  }
}

void DisplayServer::display_message(Viewer& viewer, Connection& connection, std::uint8_t type,
                                    std::span<std::uint8_t const> body) {
  switch (static_cast<Message>(type)) {
    case Message::kAck:
      if (body.size() != 12) return protocol_error(connection, "ACK has a wrong length");
      if (!viewer.acknowledge(u32_at(body, 0), u32_at(body, 4)))
        protocol_error(connection, "ACK of a frame that was not sent");
      return;
    case Message::kView:
      if (body.size() != 1) return protocol_error(connection, "VIEW has a wrong length");
      viewer.set_visible((body[0] & protocol::kViewVisible) != 0);
      viewer.wants_statistics = (body[0] & protocol::kViewStats) != 0;
      if (viewer.wants_statistics && viewer_statistics_timer_ == 0)
        viewer_statistics_timer_ =
            loop_.after(limits::kViewerStatisticsInterval, [this] { send_viewer_statistics(); });
      return;
    case Message::kPing:
      if (body.size() != 4) return protocol_error(connection, "PING has a wrong length");
      connection.send(wire::message(Message::kPong, Bytes(body.begin(), body.end())));
      return;
    default:
      if (type < protocol::kFirstOptionalType) protocol_error(connection, "an unknown message");
  }
}

void DisplayServer::input_message(Viewer& viewer, Connection& connection, std::uint8_t type,
                                  std::span<std::uint8_t const> body) {
  if (body.size() < 4) {
    if (type < protocol::kFirstOptionalType) protocol_error(connection, "an input message is cut short");
    return;
  }
  std::uint32_t const sequence = u32_at(body, 0);
  auto const fields = body.subspan(4);
  auto const wrong_length = [&connection] {
    protocol_error(connection, "an input message has a wrong length");
  };
  Input* const input =
      viewer.input.get();  // Null while the X server restarts: such input is lost, as on a machine.
  switch (static_cast<Message>(type)) {
    case Message::kKey:
      if (fields.size() != 8) return wrong_length();
      gave_input(viewer);
      if (input != nullptr) input->key({fields[0] != 0, u32_at(fields, 1), u16_at(fields, 5), fields[7]});
      break;
    case Message::kInputPointer: {
      if (fields.size() != 5) return wrong_length();
      if (fields[4] != 0) gave_input(viewer);
      std::uint16_t const x = u16_at(fields, 0);
      std::uint16_t const y = u16_at(fields, 2);
      if (input != nullptr) input->pointer(x, y, fields[4]);
      tell_pointer(viewer, x, y);
      break;
    }
    case Message::kWheel:
      if (fields.size() != 8) return wrong_length();
      gave_input(viewer);
      if (input != nullptr)
        input->wheel(u16_at(fields, 0), u16_at(fields, 2), static_cast<std::int16_t>(u16_at(fields, 4)),
                     static_cast<std::int16_t>(u16_at(fields, 6)));
      break;
    case Message::kRelease:
      if (input != nullptr) input->release_all();
      break;
    case Message::kTypedText:
      if (fields.size() > protocol::kMaximumTypedText) return wrong_length();
      if (!is_utf8(as_text(fields))) return protocol_error(connection, "TEXT is not UTF-8");
      gave_input(viewer);
      if (input != nullptr) input->type(as_text(fields));
      break;
    case Message::kSize:
      if (fields.size() != 6) return wrong_length();
      viewer.wished_size = Size{u16_at(fields, 0), u16_at(fields, 2)};
      wish_size(viewer);
      break;
    default:
      if (type < protocol::kFirstOptionalType) protocol_error(connection, "an unknown message");
      return;
  }
  viewer.input_sequence = sequence;
}

void DisplayServer::gave_input(Viewer& viewer) {
  last_input_ = steady_clock::now();
  if (size_owner_ == viewer.id()) return;
  size_owner_ = viewer.id();
  if (viewer.wished_size) wish_size(viewer);
}

void DisplayServer::wish_size(Viewer& viewer) {
  if (size_owner_ != viewer.id()) {
    auto const owner = viewers_.find(size_owner_);
    bool const owner_is_here = owner != viewers_.end() && owner->second->input_stream != nullptr;
    if (owner_is_here) return;
    size_owner_ = viewer.id();
  }
  // The first change is immediate; a window dragged by its corner changes the session at intervals, and its
  // last size always.
  auto const now = steady_clock::now();
  if (resize_timer_ != 0) return;
  auto const apply = [this] {
    auto const owner = viewers_.find(size_owner_);
    if (owner != viewers_.end() && owner->second->wished_size) apply_size(*owner->second->wished_size);
  };
  if (now >= last_resize_ + limits::kResizeInterval) {
    apply();
    return;
  }
  resize_timer_ = loop_.at(last_resize_ + limits::kResizeInterval, [this, apply] {
    resize_timer_ = 0;
    apply();
  });
}

void DisplayServer::tell_pointer(Viewer const& mover, std::uint16_t x, std::uint16_t y) {
  if (viewers_.size() < 2) return;
  Bytes body;
  wire::put_u16(body, x);
  wire::put_u16(body, y);
  for (auto& [id, viewer] : viewers_) {
    // Who does not keep up is not told every step.
    if (viewer.get() == &mover || viewer->display == nullptr || viewer->display->queued_bytes() > 0) continue;
    viewer->display->send(wire::message(Message::kPointer, body));
  }
}

void DisplayServer::clipboard_message(Connection& connection, std::uint8_t type,
                                      std::span<std::uint8_t const> body) {
  if (static_cast<Message>(type) != Message::kClipboardText) {
    if (type < protocol::kFirstOptionalType) protocol_error(connection, "an unknown message");
    return;
  }
  auto const refuse = [&connection](std::string_view reason) {
    connection.send(wire::message(Message::kClipboardRefused, reason));
  };
  if (body.size() < 4) return protocol_error(connection, "TEXT is cut short");
  if (!connection.request().may_put_clipboard || (begin_ && !begin_->clipboard_in))
    return refuse("text may not be put into this session");
  auto const text = as_text(body.subspan(4));
  if (text.size() > limits::kClipboardText) return refuse("the text is longer than 1 MiB");
  if (!is_utf8(text)) return refuse("the text is not UTF-8");
  if (!window_system_) return refuse("the session is not up");
  window_system_->selection().set_text(std::string(text));
}

void DisplayServer::send_clipboard(Connection& connection) {
  if (!has_clipboard_text_) return;
  Bytes body;
  wire::put_u32(body, clipboard_serial_);
  wire::put_text(body, clipboard_text_);
  connection.send(wire::message(Message::kClipboardText, body));
}

void DisplayServer::update_selection_wish() {
  if (!window_system_) return;
  bool const wanted = std::any_of(viewers_.begin(), viewers_.end(), [this](auto const& entry) {
    auto const* const stream = entry.second->clipboard;
    return stream != nullptr && stream->request().may_take_clipboard && (!begin_ || begin_->clipboard_out);
  });
  window_system_->selection().set_wanted(wanted);
}

void DisplayServer::selection_changed(std::string text) {
  clipboard_text_ = std::move(text);
  has_clipboard_text_ = true;
  ++clipboard_serial_;
  for (auto& [id, viewer] : viewers_)
    if (viewer->clipboard != nullptr && viewer->clipboard->request().may_take_clipboard &&
        (!begin_ || begin_->clipboard_out))
      send_clipboard(*viewer->clipboard);
}

void DisplayServer::selection_refused(std::string_view reason) {
  for (auto& [id, viewer] : viewers_)
    if (viewer->clipboard != nullptr && viewer->clipboard->request().may_take_clipboard)
      viewer->clipboard->send(wire::message(Message::kClipboardRefused, reason));
}

void DisplayServer::send_states() {
  std::size_t const count = viewer_count();
  for (auto& [id, viewer] : viewers_) {
    if (viewer->display == nullptr) continue;
    json::Object state{
        {"state", state_},  {"reason", end_reason_.empty() ? detail_ : end_reason_},
        {"step", step_},    {"owner_of_input", size_owner_ == id},
        {"viewers", count}, {"size_fixed", window_system_ && !window_system_->screen().can_resize()}};
    std::string text = json::text(state);
    if (text == viewer->last_state) continue;
    viewer->last_state = text;
    viewer->display->send(wire::message(Message::kState, std::string_view(text)));
  }
}

// ---- agent and init

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
    std::string const id = text_member(message, "viewer");
    std::string const user = text_member(message, "user");
    std::string const reason = text_member(message, "reason");
    std::vector<Connection*> doomed;
    for (auto& [pointer, connection] : connections_) {
      auto const& request = connection->request();
      if ((!id.empty() && request.viewer == id) || (!user.empty() && request.user == user))
        doomed.push_back(pointer);
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
