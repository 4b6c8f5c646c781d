#pragma once

#include <chrono>
#include <cstdint>
#include <functional>
#include <unordered_map>
#include <vector>

#include "display/screen/geometry.h"
#include "display/x11/x_connection.h"

namespace oriel::display::x11 {

/// Finds the moment when an application is there: one of its windows is on the screen and was drawn into.
/// Windows that only draw themselves past the window manager (tooltips, splash screens, the manager's own) do
/// not count, nor does the root window.
class WindowWatch {
 public:
  WindowWatch(XConnection& connection, std::uint8_t damage_event);

  /// Takes an event that may concern windows. Not consumed.
  void handle(xcb_generic_event_t const& event);
  /// The screen was captured: what a window shows may be known now.
  void captured() { drawn_ = drawn_ || !candidates_.empty(); }
  /// Looks at the windows again if something about them changed. True once, when an application's window was
  /// drawn into. `has_content(area)` says whether that part of the screen shows more than one colour.
  [[nodiscard]] bool check(std::function<bool(Rectangle const&)> const& has_content);
  [[nodiscard]] bool done() const { return done_; }
  [[nodiscard]] bool has_candidates() const { return !candidates_.empty(); }

 private:
  struct Candidate {
    std::uint32_t damage = 0;
    unsigned reports = 0;  // The first one comes with the damage object itself.
    std::chrono::steady_clock::time_point since;
    Rectangle area;
  };
  void look();
  void consider(xcb_window_t window);
  [[nodiscard]] std::vector<xcb_window_t> managed_windows();

  XConnection& connection_;
  std::uint8_t damage_event_;
  xcb_atom_t client_list_;
  bool changed_ = true;
  bool drawn_ = false;
  bool done_ = false;
  std::unordered_map<xcb_window_t, Candidate> candidates_;
};

}  // namespace oriel::display::x11
