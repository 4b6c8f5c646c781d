#pragma once

#include <cstdint>
#include <memory>

#include "display/screen/input.h"
#include "display/x11/keyboard.h"
#include "display/x11/x_connection.h"

namespace oriel::display::x11 {

/// One viewer's input by XTEST.
class X11Input final : public Input {
 public:
  /// Keyboard and connection outlive it.
  X11Input(XConnection& connection, Keyboard& keyboard);
  ~X11Input() override;

  void key(Key const& key) override;
  void type(std::string_view text) override;
  void pointer(std::uint16_t x, std::uint16_t y, std::uint8_t buttons) override;
  void wheel(std::uint16_t x, std::uint16_t y, std::int16_t dx, std::int16_t dy) override;
  void release_all() override;

 private:
  struct State;
  // Shared with actions that wait behind a change of the keyboard map.
  std::shared_ptr<State> state_;
};

}  // namespace oriel::display::x11
