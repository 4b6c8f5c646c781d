#include "display/x11/x11_input.h"

#include <algorithm>
#include <array>
#include <vector>

#include <xcb/xtest.h>

#include "display/limits.h"
#include "display/x11/keysyms.h"
#include "protocol/display/messages.h"

namespace oriel::display::x11 {

namespace {

using std::chrono::milliseconds;

constexpr milliseconds kNoWait{0};
// Buttons of a viewer, bit by bit, as X numbers them. 4 to 7 are the wheel.
constexpr std::array<std::uint8_t, 5> kButtons{1, 2, 3, 8, 9};
constexpr std::uint8_t kWheelUp = 4;
constexpr std::uint8_t kWheelDown = 5;
constexpr std::uint8_t kWheelLeft = 6;
constexpr std::uint8_t kWheelRight = 7;
constexpr int kClick = 120;
// A keysym that no spare keycode takes (there may be none at all) is given up.
constexpr int kMostTries = 4;

bool is_lock(std::uint32_t keysym) {
  return keysym == kCapsLock || keysym == kShiftLock || keysym == kNumLock;
}

}  // namespace

struct X11Input::State {
  XConnection& connection;
  Keyboard& keyboard;
  struct Held {
    std::uint32_t keysym;
    std::uint16_t code;
    std::uint8_t keycode;
  };
  std::vector<Held> held;
  std::uint8_t buttons = 0;
  int wheel_x = 0;
  int wheel_y = 0;

  // A key is the same key while it is down, whatever symbol a later Shift gives it.
  [[nodiscard]] std::vector<Held>::iterator find(Key const& key) {
    return std::find_if(held.begin(), held.end(), [&key](Held const& entry) {
      return key.code != 0 ? entry.code == key.code : entry.keysym == key.keysym;
    });
  }

  void fake(std::uint8_t type, std::uint8_t detail, std::uint16_t x = 0, std::uint16_t y = 0) const {
    xcb_test_fake_input(connection.get(), type, detail, XCB_CURRENT_TIME,
                        type == XCB_MOTION_NOTIFY ? connection.root() : XCB_NONE,
                        static_cast<std::int16_t>(std::min<std::uint16_t>(x, INT16_MAX)),
                        static_cast<std::int16_t>(std::min<std::uint16_t>(y, INT16_MAX)), 0);
  }

  milliseconds press(Key const& key, int& tries) {
    if (find(key) != held.end() || held.size() >= limits::kPressedKeys)
      return kNoWait;  // The server repeats held keys itself.
    if (auto const keycode = keyboard.press(key.keysym, key.code); keycode != 0) {
      held.push_back({key.keysym, key.code, keycode});
      return kNoWait;
    }
    if (key.keysym == kNoSymbol || ++tries > kMostTries) return kNoWait;
    std::uint32_t const keysym = key.keysym;
    // Tried again after the wait: a client needs that long to learn the new map before the key comes.
    if (keyboard.prepare({&keysym, 1}) == 1)
      return -std::chrono::duration_cast<milliseconds>(limits::kRemapWait);
    return -std::chrono::duration_cast<milliseconds>(limits::kSpareRest);
  }

  void set_buttons(std::uint8_t wanted) {
    auto const changed = static_cast<std::uint8_t>(buttons ^ wanted);
    for (std::size_t bit = 0; bit < kButtons.size(); ++bit)
      if ((changed >> bit & 1) != 0)
        fake((wanted >> bit & 1) != 0 ? XCB_BUTTON_PRESS : XCB_BUTTON_RELEASE, kButtons[bit]);
    buttons = wanted;
  }

  void turn(int& rest, int delta, std::uint8_t negative, std::uint8_t positive) const {
    // Turning back starts at once, without first undoing the part of a click that was saved up.
    if ((rest < 0 && delta > 0) || (rest > 0 && delta < 0)) rest = 0;
    rest += delta;
    int clicks = std::clamp(rest / kClick, -limits::kWheelClicks, limits::kWheelClicks);
    rest %= kClick;
    for (; clicks != 0; clicks += clicks < 0 ? 1 : -1) {
      std::uint8_t const button = clicks < 0 ? negative : positive;
      fake(XCB_BUTTON_PRESS, button);
      fake(XCB_BUTTON_RELEASE, button);
    }
  }
};

X11Input::X11Input(XConnection& connection, Keyboard& keyboard)
    : state_(std::make_shared<State>(State{connection, keyboard, {}, 0, 0, 0})) {}

X11Input::~X11Input() { release_all(); }

void X11Input::key(Key const& key) {
  state_->keyboard.post([state = state_, key, tries = 0]() mutable -> milliseconds {
    // The locks follow the viewer's, so the key that toggles them is not typed: it would toggle them twice.
    if (is_lock(key.keysym)) return kNoWait;
    if (!key.down) {
      auto const found = state->find(key);
      if (found == state->held.end()) return kNoWait;
      state->keyboard.release(found->keycode);
      state->held.erase(found);
      return kNoWait;
    }
    state->keyboard.set_locks((key.modifiers & protocol::kCaps) != 0, (key.modifiers & protocol::kNum) != 0);
    return state->press(key, tries);
  });
}

void X11Input::type(std::string_view text) {
  auto keysyms = std::make_shared<std::vector<std::uint32_t>>(keysyms_of(text));
  state_->keyboard.post([state = state_, keysyms, at = std::size_t{0}, ready = std::size_t{0},
                         tries = 0]() mutable -> milliseconds {
    auto const all = std::span<std::uint32_t const>(*keysyms);
    for (; at < ready; ++at) {
      if (auto const keycode = state->keyboard.press(all[at], 0); keycode != 0)
        state->keyboard.release(keycode);
    }
    if (at == all.size()) return kNoWait;
    // As far as the spare keycodes reach; what is in the map costs none, and needs no wait if all is.
    auto const first_unknown =
        std::find_if(all.begin() + static_cast<std::ptrdiff_t>(at), all.end(),
                     [&state](std::uint32_t keysym) { return !state->keyboard.knows(keysym); });
    if (first_unknown == all.end()) {
      for (; at < all.size(); ++at)
        if (auto const keycode = state->keyboard.press(all[at], 0); keycode != 0)
          state->keyboard.release(keycode);
      return kNoWait;
    }
    ready = at + state->keyboard.prepare(all.subspan(at));
    bool const no_spare = ready == at;
    tries = no_spare ? tries + 1 : 0;
    if (tries > kMostTries) return kNoWait;
    return -std::chrono::duration_cast<milliseconds>(no_spare ? limits::kSpareRest : limits::kRemapBatchWait);
  });
}

void X11Input::pointer(std::uint16_t x, std::uint16_t y, std::uint8_t buttons) {
  state_->keyboard.post([state = state_, x, y, buttons] {
    state->fake(XCB_MOTION_NOTIFY, 0, x, y);
    state->set_buttons(buttons & 0x1f);
    return kNoWait;
  });
}

void X11Input::wheel(std::uint16_t x, std::uint16_t y, std::int16_t dx, std::int16_t dy) {
  state_->keyboard.post([state = state_, x, y, dx, dy] {
    state->fake(XCB_MOTION_NOTIFY, 0, x, y);
    state->turn(state->wheel_x, dx, kWheelLeft, kWheelRight);
    state->turn(state->wheel_y, dy, kWheelUp, kWheelDown);
    return kNoWait;
  });
}

void X11Input::release_all() {
  state_->keyboard.post([state = state_] {
    for (auto const& entry : state->held) state->keyboard.release(entry.keycode);
    state->held.clear();
    state->set_buttons(0);
    state->wheel_x = 0;
    state->wheel_y = 0;
    return kNoWait;
  });
}

}  // namespace oriel::display::x11
