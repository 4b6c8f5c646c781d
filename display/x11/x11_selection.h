#pragma once

#include <cstdint>
#include <string>

#include <xcb/xfixes.h>

#include "display/loop/event_loop.h"
#include "display/screen/selection.h"
#include "display/x11/x_connection.h"

namespace oriel::display::x11 {

/// The CLIPBOARD selection (ICCCM chapter 2): fetches the text of applications that take it, incrementally
/// where they send it so, and offers a viewer's text to them.
class X11Selection final : public Selection {
 public:
  X11Selection(EventLoop& loop, XConnection& connection, SelectionListener& listener,
               std::uint8_t xfixes_event);
  ~X11Selection() override;

  void set_text(std::string text) override;
  void set_wanted(bool wanted) override;

  /// Takes the events that are its own; true when it did.
  bool handle(xcb_generic_event_t const& event);

 private:
  void owner_changed(xcb_window_t owner, xcb_timestamp_t time);
  void ask(xcb_atom_t target);
  void take_answer(xcb_selection_notify_event_t const& event);
  void take_property();
  void finish(std::string text);
  void give_up(std::string_view reason);
  void answer(xcb_selection_request_event_t const& request);

  EventLoop& loop_;
  XConnection& connection_;
  SelectionListener& listener_;
  std::uint8_t xfixes_event_;
  xcb_window_t window_;
  xcb_atom_t clipboard_;
  xcb_atom_t targets_;
  xcb_atom_t timestamp_;
  xcb_atom_t utf8_;
  xcb_atom_t text_plain_;
  xcb_atom_t text_plain_utf8_;
  xcb_atom_t text_;
  xcb_atom_t incremental_;
  xcb_atom_t property_;
  bool wanted_ = false;
  bool missed_ = false;  // An application took the selection while nobody wanted it.
  std::string own_text_;
  bool owned_ = false;
  xcb_timestamp_t owned_since_ = XCB_CURRENT_TIME;
  enum class Fetch { kNone, kAsked, kIncremental } fetch_ = Fetch::kNone;
  xcb_atom_t target_ = XCB_ATOM_NONE;
  xcb_timestamp_t owner_time_ = XCB_CURRENT_TIME;
  std::string collected_;
  EventLoop::TimerId deadline_ = 0;
  EventLoop::TimerId next_fetch_ = 0;
  Time last_fetch_{};
};

}  // namespace oriel::display::x11
