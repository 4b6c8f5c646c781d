#include <algorithm>
#include <chrono>

#include "display/encode/wire.h"
#include "display/limits.h"
#include "display/session/display_server.h"
#include "libs/base/log.h"
#include "libs/base/version.h"
#include "protocol/display/messages.h"

// What DisplayServer does with its viewers: who connects, what they may, what they say, what all are told.
namespace oriel::display {

namespace {

using protocol::Close;
using protocol::Message;

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

}  // namespace

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

}  // namespace oriel::display
