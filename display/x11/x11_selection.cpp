#include "display/x11/x11_selection.h"

#include <algorithm>
#include <array>

#include "display/limits.h"
#include "libs/base/text.h"

namespace oriel::display::x11 {

namespace {

// STRING is Latin-1 (ICCCM 2.6.2).
std::string from_latin1(std::string_view text) {
  std::string utf8;
  for (char const c : text) {
    auto const byte = static_cast<unsigned char>(c);
    if (byte < 0x80) {
      utf8.push_back(c);
    } else {
      utf8.push_back(static_cast<char>(0xc0 | byte >> 6));
      utf8.push_back(static_cast<char>(0x80 | (byte & 0x3f)));
    }
  }
  return utf8;
}

}  // namespace

X11Selection::X11Selection(EventLoop& loop, XConnection& connection, SelectionListener& listener,
                           std::uint8_t xfixes_event)
    : loop_(loop),
      connection_(connection),
      listener_(listener),
      xfixes_event_(xfixes_event),
      window_(connection.new_id()),
      clipboard_(connection.atom("CLIPBOARD")),
      targets_(connection.atom("TARGETS")),
      timestamp_(connection.atom("TIMESTAMP")),
      utf8_(connection.atom("UTF8_STRING")),
      text_plain_(connection.atom("text/plain")),
      text_plain_utf8_(connection.atom("text/plain;charset=utf-8")),
      text_(connection.atom("TEXT")),
      incremental_(connection.atom("INCR")),
      property_(connection.atom("ORIEL_CLIPBOARD")) {
  std::uint32_t const events = XCB_EVENT_MASK_PROPERTY_CHANGE;
  xcb_create_window(connection.get(), 0, window_, connection.root(), 0, 0, 1, 1, 0,
                    XCB_WINDOW_CLASS_INPUT_ONLY, XCB_COPY_FROM_PARENT, XCB_CW_EVENT_MASK, &events);
  xcb_xfixes_select_selection_input(connection.get(), window_, clipboard_,
                                    XCB_XFIXES_SELECTION_EVENT_MASK_SET_SELECTION_OWNER |
                                        XCB_XFIXES_SELECTION_EVENT_MASK_SELECTION_WINDOW_DESTROY |
                                        XCB_XFIXES_SELECTION_EVENT_MASK_SELECTION_CLIENT_CLOSE);
  // An owner from before us (a restarted display server) is asked when somebody wants it.
  auto const owner = connection.reply<xcb_get_selection_owner_reply_t>(
      xcb_get_selection_owner(connection.get(), clipboard_));
  missed_ = owner && owner->owner != XCB_NONE;
}

X11Selection::~X11Selection() {
  loop_.cancel(deadline_);
  loop_.cancel(next_fetch_);
}

void X11Selection::set_text(std::string text) {
  if (text.size() > limits::kClipboardText) return;
  own_text_ = std::move(text);
  owned_ = true;
  owned_since_ = XCB_CURRENT_TIME;
  missed_ = false;
  fetch_ = Fetch::kNone;
  loop_.cancel(deadline_);
  xcb_set_selection_owner(connection_.get(), window_, clipboard_, XCB_CURRENT_TIME);
  connection_.flush();
}

void X11Selection::set_wanted(bool wanted) {
  bool const fetch_now = wanted && !wanted_ && missed_;
  wanted_ = wanted;
  if (!fetch_now) return;
  missed_ = false;
  ask(utf8_);
}

bool X11Selection::handle(xcb_generic_event_t const& event) {
  std::uint8_t const type = event.response_type & 0x7f;
  if (type == xfixes_event_ + XCB_XFIXES_SELECTION_NOTIFY) {
    auto const& notify = reinterpret_cast<xcb_xfixes_selection_notify_event_t const&>(event);
    if (notify.selection == clipboard_) owner_changed(notify.owner, notify.selection_timestamp);
    return true;
  }
  switch (type) {
    case XCB_SELECTION_NOTIFY:
      take_answer(reinterpret_cast<xcb_selection_notify_event_t const&>(event));
      return true;
    case XCB_SELECTION_REQUEST:
      answer(reinterpret_cast<xcb_selection_request_event_t const&>(event));
      return true;
    case XCB_SELECTION_CLEAR:
      return true;
    case XCB_PROPERTY_NOTIFY: {
      auto const& notify = reinterpret_cast<xcb_property_notify_event_t const&>(event);
      if (notify.window != window_) return false;
      if (notify.atom == property_ && notify.state == XCB_PROPERTY_NEW_VALUE && fetch_ == Fetch::kIncremental)
        take_property();
      return true;
    }
    default:
      return false;
  }
}

void X11Selection::owner_changed(xcb_window_t owner, xcb_timestamp_t time) {
  if (owner == window_) {
    owned_since_ = time;
    return;
  }
  owned_ = false;
  own_text_.clear();
  if (owner == XCB_NONE) {
    missed_ = false;
    return;
  }
  owner_time_ = time;
  if (!wanted_) {
    missed_ = true;
    return;
  }
  // An application that takes the selection again and again is asked at intervals only; the last owner
  // counts.
  auto const now = steady_clock::now();
  auto const earliest = last_fetch_ + limits::kClipboardInterval;
  if (now >= earliest) {
    ask(utf8_);
  } else if (next_fetch_ == 0) {
    next_fetch_ = loop_.at(earliest, [this] {
      next_fetch_ = 0;
      if (!owned_) ask(utf8_);
    });
  }
}

void X11Selection::ask(xcb_atom_t target) {
  last_fetch_ = steady_clock::now();
  collected_.clear();
  target_ = target;
  fetch_ = Fetch::kAsked;
  xcb_delete_property(connection_.get(), window_, property_);
  xcb_convert_selection(connection_.get(), window_, clipboard_, target, property_, owner_time_);
  connection_.flush();
  loop_.cancel(deadline_);
  deadline_ = loop_.after(limits::kSelectionDeadline,
                          [this] { give_up("the application did not hand over its text"); });
}

void X11Selection::take_answer(xcb_selection_notify_event_t const& event) {
  if (fetch_ != Fetch::kAsked || event.requestor != window_ || event.selection != clipboard_) return;
  if (event.property == XCB_NONE) {
    // Old applications know STRING only; what has neither (a picture) is no text and no news.
    if (target_ == utf8_) {
      ask(XCB_ATOM_STRING);
    } else {
      fetch_ = Fetch::kNone;
      loop_.cancel(deadline_);
    }
    return;
  }
  take_property();
}

void X11Selection::take_property() {
  // One more word than allowed, so that "too long" shows.
  auto const reply = connection_.reply<xcb_get_property_reply_t>(
      xcb_get_property(connection_.get(), 1, window_, property_, XCB_GET_PROPERTY_TYPE_ANY, 0,
                       static_cast<std::uint32_t>(limits::kClipboardText / 4 + 1)));
  if (!reply) return give_up("the X server did not answer");
  if (reply->type == incremental_ && fetch_ == Fetch::kAsked) {
    // Reading deleted the property: that tells the owner to send the first piece (ICCCM 2.7.2).
    fetch_ = Fetch::kIncremental;
    return;
  }
  std::string_view const piece(static_cast<char const*>(xcb_get_property_value(reply.get())),
                               static_cast<std::size_t>(xcb_get_property_value_length(reply.get())));
  if (reply->format != 8 && !piece.empty()) return give_up("what the application offers is no text");
  if (reply->bytes_after > 0 || collected_.size() + piece.size() > limits::kClipboardText)
    return give_up("the text is longer than 1 MiB");
  collected_.append(piece);
  if (fetch_ == Fetch::kIncremental && !piece.empty()) {
    loop_.cancel(deadline_);
    deadline_ = loop_.after(limits::kSelectionDeadline,
                            [this] { give_up("the application stopped in the middle of its text"); });
    return;
  }
  finish(std::move(collected_));
}

void X11Selection::finish(std::string text) {
  fetch_ = Fetch::kNone;
  loop_.cancel(deadline_);
  collected_ = {};
  std::string utf8 = target_ == XCB_ATOM_STRING ? from_latin1(text) : std::move(text);
  listener_.selection_changed(to_utf8(utf8, limits::kClipboardText));
}

void X11Selection::give_up(std::string_view reason) {
  fetch_ = Fetch::kNone;
  loop_.cancel(deadline_);
  collected_ = {};
  listener_.selection_refused(reason);
}

void X11Selection::answer(xcb_selection_request_event_t const& request) {
  // Obsolete clients name no property: then it is called as the target (ICCCM 2.2).
  xcb_atom_t const property = request.property == XCB_NONE ? request.target : request.property;
  xcb_selection_notify_event_t notify{};
  notify.response_type = XCB_SELECTION_NOTIFY;
  notify.time = request.time;
  notify.requestor = request.requestor;
  notify.selection = request.selection;
  notify.target = request.target;
  notify.property = property;

  auto const text_size = static_cast<std::uint32_t>(own_text_.size());
  if (!owned_ || request.selection != clipboard_) {
    notify.property = XCB_NONE;
  } else if (request.target == targets_) {
    std::array const offered{targets_,
                             timestamp_,
                             utf8_,
                             text_plain_utf8_,
                             text_plain_,
                             text_,
                             static_cast<xcb_atom_t>(XCB_ATOM_STRING)};
    xcb_change_property(connection_.get(), XCB_PROP_MODE_REPLACE, request.requestor, property, XCB_ATOM_ATOM,
                        32, offered.size(), offered.data());
  } else if (request.target == timestamp_) {
    xcb_change_property(connection_.get(), XCB_PROP_MODE_REPLACE, request.requestor, property,
                        XCB_ATOM_INTEGER, 32, 1, &owned_since_);
  } else if (request.target == utf8_ || request.target == text_plain_utf8_ || request.target == text_plain_ ||
             request.target == text_) {
    xcb_atom_t const type = request.target == text_ ? utf8_ : request.target;
    xcb_change_property(connection_.get(), XCB_PROP_MODE_REPLACE, request.requestor, property, type, 8,
                        text_size, own_text_.data());
  } else if (request.target == XCB_ATOM_STRING) {
    std::string latin1;
    for (std::size_t at = 0; at < own_text_.size(); ++at) {
      auto const byte = static_cast<unsigned char>(own_text_[at]);
      if (byte < 0x80) {
        latin1.push_back(static_cast<char>(byte));
      } else if ((byte == 0xc2 || byte == 0xc3) && at + 1 < own_text_.size()) {
        latin1.push_back(
            static_cast<char>((byte & 0x03) << 6 | (static_cast<unsigned char>(own_text_[++at]) & 0x3f)));
      } else if (byte >= 0xc4) {
        latin1.push_back('?');
      }
    }
    xcb_change_property(connection_.get(), XCB_PROP_MODE_REPLACE, request.requestor, property,
                        XCB_ATOM_STRING, 8, static_cast<std::uint32_t>(latin1.size()), latin1.data());
  } else {
    notify.property = XCB_NONE;
  }
  xcb_send_event(connection_.get(), 0, request.requestor, 0, reinterpret_cast<char const*>(&notify));
  connection_.flush();
}

}  // namespace oriel::display::x11
