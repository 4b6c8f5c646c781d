#pragma once

#include <cstdint>
#include <string_view>

namespace oriel::display {

/// A key as a viewer sent it (protocol/display, KEY).
struct Key {
  bool down = false;
  std::uint32_t keysym = 0;
  std::uint16_t code = 0;
  std::uint8_t modifiers = 0;
};

/// Keyboard and pointer of one viewer as the applications get them. Applied at once, in order; only keys that
/// first need a change of the keyboard map wait, and what follows waits behind them.
class Input {
 public:
  virtual ~Input() = default;

  virtual void key(Key const& key) = 0;
  /// Types UTF-8 text.
  virtual void type(std::string_view text) = 0;
  /// Absolute position and the buttons that are down now (bit 0 left, 1 middle, 2 right, 3 back, 4 forward).
  virtual void pointer(std::uint16_t x, std::uint16_t y, std::uint8_t buttons) = 0;
  /// In 1/120 of a click, positive right and down.
  virtual void wheel(std::uint16_t x, std::uint16_t y, std::int16_t dx, std::int16_t dy) = 0;
  /// Releases every key and button.
  virtual void release_all() = 0;
};

}  // namespace oriel::display
