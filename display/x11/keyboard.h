#pragma once

#include <array>
#include <chrono>
#include <cstdint>
#include <deque>
#include <functional>
#include <map>
#include <span>
#include <vector>

#include "display/limits.h"
#include "display/loop/event_loop.h"
#include "display/x11/keymap.h"
#include "display/x11/x_connection.h"

namespace oriel::display::x11 {

/// The session's one keyboard, shared by all viewers. Presses keysyms whatever the map: with the modifiers
/// they need, or on a spare keycode that is given the symbol first. Actions run in order; a change of the map
/// makes the later ones wait.
class Keyboard {
 public:
  using LocksChanged = std::function<void(bool caps, bool num)>;

  Keyboard(EventLoop& loop, XConnection& connection, LocksChanged locks_changed);
  ~Keyboard();
  Keyboard(Keyboard const&) = delete;
  Keyboard& operator=(Keyboard const&) = delete;

  /// Runs `action` behind everything that waits: at once when nothing does. What it answers is how long later
  /// actions wait; a negative answer asks to run it again after that time.
  using Action = std::function<std::chrono::milliseconds()>;
  void post(Action action);

  /// For use within actions. Presses a keysym and answers the keycode that has to be released; 0 when the map
  /// must change first: then `prepare` it, wait, and press again. `code` is the physical key (evdev), 0
  /// unknown.
  [[nodiscard]] std::uint8_t press(std::uint32_t keysym, std::uint16_t code);
  void release(std::uint8_t keycode);
  /// Gives spare keycodes to as many of the keysyms as possible; how many of them (from the first) can be
  /// pressed after the wait.
  [[nodiscard]] std::size_t prepare(std::span<std::uint32_t const> keysyms);
  /// Whether press would work now.
  [[nodiscard]] bool knows(std::uint32_t keysym);
  /// Makes Caps Lock and Num Lock what the viewer's are.
  void set_locks(bool caps, bool num);
  [[nodiscard]] bool caps_locked() const { return (locked_ & kLockMask) != 0; }
  [[nodiscard]] bool num_locked() const { return num_mask_ != 0 && (locked_ & num_mask_) != 0; }

  /// An event of the XKB extension.
  void handle(xcb_generic_event_t const& event);
  [[nodiscard]] std::uint8_t first_event() const { return first_event_; }
  [[nodiscard]] bool usable() const { return usable_; }

 private:
  struct Spare {
    std::uint8_t keycode = 0;
    std::uint32_t keysym = 0;
    Time used{};
  };

  void run_queue();
  void refresh();
  [[nodiscard]] std::uint8_t held_modifiers() const;
  [[nodiscard]] Spare* spare_of(std::uint32_t keysym);
  void fake(bool down, std::uint8_t keycode);
  void strike(Stroke const& stroke);

  EventLoop& loop_;
  XConnection& connection_;
  LocksChanged locks_changed_;
  bool usable_ = false;
  std::uint8_t first_event_ = 0;
  bool map_is_old_ = true;
  Keymap map_;
  std::uint8_t num_mask_ = 0;
  std::uint8_t group_ = 0;
  std::uint8_t locked_ = 0;
  std::array<std::uint16_t, 256> held_{};  // How often each keycode is held down, over all viewers.
  std::vector<Spare> spares_;
  std::deque<Action> queue_;
  EventLoop::TimerId wait_ = 0;
  bool running_ = false;
};

}  // namespace oriel::display::x11
