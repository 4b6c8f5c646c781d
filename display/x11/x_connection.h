#pragma once

#include <cstdlib>
#include <deque>
#include <memory>
#include <string>

#include <xcb/xcb.h>

#include "libs/base/result.h"

namespace oriel::display::x11 {

struct FreeReply {
  void operator()(void* reply) const { std::free(reply); }
};
template <typename T>
using Reply = std::unique_ptr<T, FreeReply>;
using Event = Reply<xcb_generic_event_t>;

/// A connection to an X server. Every answer has a deadline: the server runs with the session's rights and
/// may stop answering.
class XConnection {
 public:
  /// Connects to `display` (`:0`) with the cookies of `authority` (empty: the environment's).
  [[nodiscard]] static Result<std::unique_ptr<XConnection>> open(std::string const& display,
                                                                 std::string const& authority);
  ~XConnection();
  XConnection(XConnection const&) = delete;
  XConnection& operator=(XConnection const&) = delete;

  [[nodiscard]] xcb_connection_t* get() const { return connection_; }
  [[nodiscard]] int descriptor() const { return xcb_get_file_descriptor(connection_); }
  [[nodiscard]] xcb_screen_t const& screen() const { return *screen_; }
  [[nodiscard]] xcb_window_t root() const { return screen_->root; }
  [[nodiscard]] bool broken() const { return xcb_connection_has_error(connection_) != 0; }
  void flush() { xcb_flush(connection_); }
  [[nodiscard]] std::uint32_t new_id() { return xcb_generate_id(connection_); }

  /// The answer of a request by its cookie; null when the server refused it, did not answer in time, or is
  /// gone. `T` is the reply's type.
  template <typename T, typename Cookie>
  [[nodiscard]] Reply<T> reply(Cookie cookie) {
    return Reply<T>(static_cast<T*>(wait_for_reply(cookie.sequence)));
  }
  /// Waits for a checked request; false when the server refused it.
  [[nodiscard]] bool check(xcb_void_cookie_t cookie);

  /// The present atom of a name; asked once.
  [[nodiscard]] xcb_atom_t atom(char const* name);

  /// The next event; null when none has arrived.
  [[nodiscard]] Event next_event();
  /// Whether an event has been read already. Answers bring events along, and the socket does not tell of
  /// those again.
  [[nodiscard]] bool has_event();

 private:
  explicit XConnection(xcb_connection_t* connection, xcb_screen_t* screen)
      : connection_(connection), screen_(screen) {}
  void* wait_for_reply(unsigned int sequence);

  xcb_connection_t* connection_;
  xcb_screen_t* screen_;
  std::deque<Event> events_;  // Arrived while an answer was waited for.
};

}  // namespace oriel::display::x11
