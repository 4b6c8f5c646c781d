#include "display/x11/x_connection.h"

#include <cerrno>
#include <chrono>
#include <cstring>
#include <fstream>
#include <iterator>
#include <string_view>

#include <poll.h>
#include <xcb/xcbext.h>

#include "display/limits.h"
#include "libs/base/file.h"

namespace oriel::display::x11 {

namespace {

constexpr std::string_view kCookieName = "MIT-MAGIC-COOKIE-1";

// Reads an Xauthority file (family, address, number, name, data: each a 16-bit big-endian length and bytes)
// and answers the first cookie for this display's number. libXau would take the file's name from the
// environment only.
std::string cookie_of(std::string const& path, std::string const& number) {
  auto const file = read_file(path, 64U << 10);
  if (!file) return {};
  std::string_view rest(*file);
  auto const field = [&rest](std::string_view& value) {
    if (rest.size() < 2) return false;
    std::size_t const length = static_cast<std::size_t>(static_cast<unsigned char>(rest[0])) << 8 |
                               static_cast<unsigned char>(rest[1]);
    if (rest.size() < 2 + length) return false;
    value = rest.substr(2, length);
    rest.remove_prefix(2 + length);
    return true;
  };
  while (rest.size() > 2) {
    rest.remove_prefix(2);
    std::string_view address;
    std::string_view display;
    std::string_view name;
    std::string_view data;
    if (!field(address) || !field(display) || !field(name) || !field(data)) break;
    if (name == kCookieName && (display.empty() || display == number)) return std::string(data);
  }
  return {};
}

}  // namespace

Result<std::unique_ptr<XConnection>> XConnection::open(std::string const& display,
                                                       std::string const& authority) {
  int preferred = 0;
  xcb_connection_t* connection = nullptr;
  if (authority.empty()) {
    connection = xcb_connect(display.c_str(), &preferred);
  } else {
    auto const colon = display.rfind(':');
    std::string const number = colon == std::string::npos
                                   ? display
                                   : display.substr(colon + 1, display.find('.', colon) - colon - 1);
    std::string cookie = cookie_of(authority, number);
    if (cookie.empty())
      return fail(Code::kForbidden, "connect to X server " + display + ": no cookie in " + authority);
    std::string name(kCookieName);
    xcb_auth_info_t auth{static_cast<int>(name.size()), name.data(), static_cast<int>(cookie.size()),
                         cookie.data()};
    connection = xcb_connect_to_display_with_auth_info(display.c_str(), &auth, &preferred);
  }
  if (int const error = xcb_connection_has_error(connection); error != 0) {
    xcb_disconnect(connection);
    return fail(Code::kUnavailable,
                "connect to X server " + display + ": xcb error " + std::to_string(error));
  }
  auto screens = xcb_setup_roots_iterator(xcb_get_setup(connection));
  for (; preferred > 0 && screens.rem > 1; --preferred) xcb_screen_next(&screens);
  return std::unique_ptr<XConnection>(new XConnection(connection, screens.data));
}

XConnection::~XConnection() { xcb_disconnect(connection_); }

void* XConnection::wait_for_reply(unsigned int sequence) {
  xcb_flush(connection_);
  auto const deadline = std::chrono::steady_clock::now() + limits::kReplyDeadline;
  for (;;) {
    void* reply = nullptr;
    xcb_generic_error_t* error = nullptr;
    if (xcb_poll_for_reply(connection_, sequence, &reply, &error) != 0) {
      std::free(error);
      return reply;
    }
    if (broken()) return nullptr;
    auto const left =
        std::chrono::duration_cast<std::chrono::milliseconds>(deadline - std::chrono::steady_clock::now())
            .count();
    pollfd waits{descriptor(), POLLIN, 0};
    if (left <= 0 || (::poll(&waits, 1, static_cast<int>(left)) <= 0 && errno != EINTR)) {
      xcb_discard_reply(connection_, sequence);
      return nullptr;
    }
    // Polling for a reply does not read the socket; polling for an event does.
    while (Event event{xcb_poll_for_event(connection_)}) events_.push_back(std::move(event));
  }
}

bool XConnection::has_event() {
  if (events_.empty())
    if (Event event{xcb_poll_for_queued_event(connection_)}) events_.push_back(std::move(event));
  return !events_.empty();
}

Event XConnection::next_event() {
  if (events_.empty()) return Event(xcb_poll_for_event(connection_));
  Event event = std::move(events_.front());
  events_.pop_front();
  return event;
}

bool XConnection::check(xcb_void_cookie_t cookie) {
  // A round trip behind the request proves that it was handled; its error, if any, waits in the queue by
  // then.
  auto const barrier = reply<xcb_get_input_focus_reply_t>(xcb_get_input_focus(connection_));
  if (!barrier) return false;
  Reply<xcb_generic_error_t> const error(xcb_request_check(connection_, cookie));
  return !error && !broken();
}

xcb_atom_t XConnection::atom(char const* name) {
  auto const answer = reply<xcb_intern_atom_reply_t>(
      xcb_intern_atom(connection_, 0, static_cast<std::uint16_t>(std::strlen(name)), name));
  return answer ? answer->atom : static_cast<xcb_atom_t>(XCB_ATOM_NONE);
}

}  // namespace oriel::display::x11
