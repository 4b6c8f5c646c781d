#include "display/x11/keyboard.h"

#include <algorithm>

#include <xcb/xtest.h>

#include "display/x11/keysyms.h"
#include "display/x11/xkb.h"
#include "libs/base/log.h"

namespace oriel::display::x11 {

namespace {

constexpr std::uint16_t kCoreKeyboard = 0x0100;  // XkbUseCoreKbd
constexpr std::uint16_t kEvdevOffset = 8;        // X keycodes of an evdev map

}  // namespace

Keyboard::Keyboard(EventLoop& loop, XConnection& connection, LocksChanged locks_changed)
    : loop_(loop), connection_(connection), locks_changed_(std::move(locks_changed)) {
  auto const* const xkb = xcb_get_extension_data(connection.get(), &xcb_xkb_id);
  auto const* const xtest = xcb_get_extension_data(connection.get(), &xcb_test_id);
  if (xkb == nullptr || xkb->present == 0 || xtest == nullptr || xtest->present == 0) {
    log::warning("the X server has no XKB or no XTEST: no keyboard");
    return;
  }
  auto const used =
      connection.reply<xcb_xkb_use_extension_reply_t>(xcb_xkb_use_extension(connection.get(), 1, 0));
  if (!used || used->supported == 0) return;
  first_event_ = xkb->first_event;
  usable_ = true;

  if (has_default_keymap(connection)) {
    if (auto const loaded = load_keymap(connection); !loaded)
      log::warning("keyboard map", {{"error", loaded.error()}});
  }
  constexpr std::uint16_t kEvents = XCB_XKB_EVENT_TYPE_NEW_KEYBOARD_NOTIFY | XCB_XKB_EVENT_TYPE_MAP_NOTIFY |
                                    XCB_XKB_EVENT_TYPE_STATE_NOTIFY;
  xcb_xkb_select_events(connection.get(), kCoreKeyboard, kEvents, 0, kEvents, 0xff, 0xff, nullptr);
  auto const state =
      connection.reply<xcb_xkb_get_state_reply_t>(xcb_xkb_get_state(connection.get(), kCoreKeyboard));
  if (state) {
    locked_ = state->lockedMods;
    group_ = state->group;
  }
}

Keyboard::~Keyboard() { loop_.cancel(wait_); }

void Keyboard::post(Action action) {
  if (queue_.size() >= limits::kInputQueue) return;
  queue_.push_back(std::move(action));
  if (wait_ == 0 && !running_) run_queue();
}

void Keyboard::run_queue() {
  running_ = true;
  while (!queue_.empty() && wait_ == 0) {
    auto const wait = queue_.front()();
    if (wait.count() >= 0) queue_.pop_front();
    if (wait.count() == 0) continue;
    wait_ = loop_.after(std::chrono::abs(wait), [this] {
      wait_ = 0;
      run_queue();
    });
  }
  running_ = false;
  connection_.flush();
}

void Keyboard::refresh() {
  if (!map_is_old_) return;
  auto map = Keymap::read(connection_);
  if (!map) {
    log::warning("keyboard map", {{"error", map.error()}});
    return;
  }
  map_is_old_ = false;
  map_ = std::move(*map);
  num_mask_ = map_.num_lock_mask();
  auto const free = map_.spares();
  std::vector<Spare> kept;
  kept.reserve(free.size());
  for (auto const keycode : free) kept.push_back({keycode, 0, {}});
  // A spare with our symbol on it is no spare in the map; it still is ours when the map says what we put
  // there.
  for (auto const& spare : spares_)
    if (spare.keysym != 0 && same_keysym(map_.translate(spare.keycode, 0, 0), spare.keysym))
      kept.push_back(spare);
  spares_ = std::move(kept);
}

std::uint8_t Keyboard::held_modifiers() const {
  std::uint8_t modifiers = 0;
  for (std::size_t keycode = 8; keycode < held_.size(); ++keycode)
    if (held_[keycode] > 0) modifiers |= map_.modifiers_of(static_cast<std::uint8_t>(keycode));
  return static_cast<std::uint8_t>(modifiers & ~(kLockMask | num_mask_));
}

Keyboard::Spare* Keyboard::spare_of(std::uint32_t keysym) {
  for (auto& spare : spares_)
    if (spare.keysym != 0 && same_keysym(spare.keysym, keysym)) return &spare;
  return nullptr;
}

bool Keyboard::knows(std::uint32_t keysym) {
  refresh();
  return spare_of(keysym) != nullptr || map_.find(keysym, group_, 0, 0).has_value();
}

std::uint8_t Keyboard::press(std::uint32_t keysym, std::uint16_t code) {
  if (!usable_) return 0;
  refresh();
  std::uint8_t const physical =
      code > 0 && code + kEvdevOffset < 256 && map_.has_key(static_cast<std::uint8_t>(code + kEvdevOffset))
          ? static_cast<std::uint8_t>(code + kEvdevOffset)
          : 0;
  std::uint8_t const held = held_modifiers();
  auto const state = static_cast<std::uint8_t>(held | locked_);

  if (auto const stroke = map_.find(keysym, group_, state, physical)) {
    strike(*stroke);
    return stroke->keycode;
  }
  if (Spare* const spare = spare_of(keysym)) {
    spare->used = steady_clock::now();
    strike({spare->keycode, 0, 0});
    return spare->keycode;
  }
  // A shortcut is meant by its key: Ctrl and the key of a letter that this map does not have. The same for
  // keys without a symbol.
  bool const shortcut = (held & (kControlMask | kMod1Mask)) != 0;
  if (physical != 0 && (shortcut || keysym == kNoSymbol)) {
    strike({physical, 0, 0});
    return physical;
  }
  return 0;
}

void Keyboard::strike(Stroke const& stroke) {
  std::uint8_t const locks = static_cast<std::uint8_t>(kLockMask | num_mask_);
  std::uint8_t const state = static_cast<std::uint8_t>(held_modifiers() | locked_);
  auto const difference = static_cast<std::uint8_t>((state ^ stroke.wanted) & stroke.relevant);

  std::vector<std::uint8_t> released;
  std::vector<std::uint8_t> pressed;
  std::uint8_t const too_much = static_cast<std::uint8_t>(difference & state & ~locks);
  if (too_much != 0) {
    for (unsigned keycode = 8; keycode < held_.size(); ++keycode)
      if (held_[keycode] > 0 && (map_.modifiers_of(static_cast<std::uint8_t>(keycode)) & too_much) != 0)
        released.push_back(static_cast<std::uint8_t>(keycode));
  }
  for (unsigned bit = 1; bit < 256; bit <<= 1) {
    if ((difference & stroke.wanted & ~locks & bit) == 0) continue;
    if (auto const keycode = map_.key_for_modifier(static_cast<std::uint8_t>(bit)); keycode != 0)
      pressed.push_back(keycode);
  }
  std::uint8_t const lock_change = static_cast<std::uint8_t>(difference & locks);
  if (lock_change != 0)
    xcb_xkb_latch_lock_state(connection_.get(), kCoreKeyboard, lock_change,
                             static_cast<std::uint8_t>(stroke.wanted & lock_change), 0, 0, 0, 0, 0);
  for (auto const keycode : released) fake(false, keycode);
  for (auto const keycode : pressed) fake(true, keycode);

  if (held_[stroke.keycode] > 0)
    fake(false, stroke.keycode);  // Held by somebody else: only a new press types.
  fake(true, stroke.keycode);
  ++held_[stroke.keycode];

  for (auto keycode = pressed.rbegin(); keycode != pressed.rend(); ++keycode) fake(false, *keycode);
  for (auto keycode = released.rbegin(); keycode != released.rend(); ++keycode) fake(true, *keycode);
  if (lock_change != 0)
    xcb_xkb_latch_lock_state(connection_.get(), kCoreKeyboard, lock_change, locked_ & lock_change, 0, 0, 0, 0,
                             0);
}

void Keyboard::release(std::uint8_t keycode) {
  if (!usable_ || held_[keycode] == 0) return;
  --held_[keycode];
  if (held_[keycode] == 0) fake(false, keycode);
}

std::size_t Keyboard::prepare(std::span<std::uint32_t const> keysyms) {
  if (!usable_) return 0;
  refresh();
  auto const now = steady_clock::now();
  std::size_t ready = 0;
  for (auto const keysym : keysyms) {
    if (map_.find(keysym, group_, 0, 0)) {
      ++ready;
      continue;
    }
    if (Spare* const known = spare_of(keysym)) {
      known->used = now;
      ++ready;
      continue;
    }
    Spare* oldest = nullptr;
    for (auto& spare : spares_) {
      bool const rests = spare.keysym == 0 || now - spare.used >= limits::kSpareRest;
      if (rests && held_[spare.keycode] == 0 && (oldest == nullptr || spare.used < oldest->used))
        oldest = &spare;
    }
    if (oldest == nullptr) break;
    oldest->keysym = keysym;
    oldest->used = now;
    std::uint32_t const both[2] = {keysym, keysym};
    xcb_change_keyboard_mapping(connection_.get(), 1, oldest->keycode, 2, both);
    ++ready;
  }
  connection_.flush();
  return ready;
}

void Keyboard::set_locks(bool caps, bool num) {
  if (!usable_) return;
  refresh();
  std::uint8_t const wanted = static_cast<std::uint8_t>((caps ? kLockMask : 0) | (num ? num_mask_ : 0));
  std::uint8_t const known = static_cast<std::uint8_t>(kLockMask | num_mask_);
  if (((locked_ ^ wanted) & known) == 0) return;
  xcb_xkb_latch_lock_state(connection_.get(), kCoreKeyboard, known, wanted, 0, 0, 0, 0, 0);
  locked_ = static_cast<std::uint8_t>((locked_ & ~known) | wanted);
}

void Keyboard::fake(bool down, std::uint8_t keycode) {
  xcb_test_fake_input(connection_.get(), down ? XCB_KEY_PRESS : XCB_KEY_RELEASE, keycode, XCB_CURRENT_TIME,
                      XCB_NONE, 0, 0, 0);
}

void Keyboard::handle(xcb_generic_event_t const& event) {
  switch (event.pad0) {
    case XCB_XKB_NEW_KEYBOARD_NOTIFY:
      map_is_old_ = true;
      return;
    case XCB_XKB_MAP_NOTIFY: {
      // Our own changes of spares come back too; they are known already.
      auto const& map = reinterpret_cast<xcb_xkb_map_notify_event_t const&>(event);
      bool ours = map.nKeySyms > 0;
      for (unsigned keycode = map.firstKeySym; ours && keycode < map.firstKeySym + map.nKeySyms; ++keycode)
        ours = std::any_of(spares_.begin(), spares_.end(), [keycode](Spare const& spare) {
          return spare.keycode == keycode && spare.keysym != 0;
        });
      if (!ours) map_is_old_ = true;
      return;
    }
    case XCB_XKB_STATE_NOTIFY: {
      auto const& state = reinterpret_cast<xcb_xkb_state_notify_event_t const&>(event);
      group_ = state.group;
      // What our own requests did is known; a lock that an application or a key press changed is news.
      if (state.lockedMods != locked_ && state.requestMinor != XCB_XKB_LATCH_LOCK_STATE) {
        locked_ = state.lockedMods;
        if (locks_changed_) locks_changed_(caps_locked(), num_locked());
      }
      return;
    }
    default:
      return;
  }
}

}  // namespace oriel::display::x11
