#pragma once

#include <chrono>
#include <cstdint>
#include <memory>
#include <span>
#include <string>
#include <string_view>
#include <vector>

#include "display/screen/geometry.h"
#include "libs/base/result.h"

/// What the display server knows of the thing it shows: a screen, an input device and a selection, of
/// whichever window system.
namespace oriel::display {

/// A piece of the screen in memory: 32-bit pixels, blue in the lowest byte, the highest byte undefined. Valid
/// until the next capture.
struct Piece {
  Rectangle area;
  std::uint32_t const* pixels = nullptr;
  std::size_t stride = 0;  ///< In pixels.
};

/// The pointer's image, straight alpha, RGBA.
struct Cursor {
  std::uint32_t serial = 0;
  std::uint16_t hot_x = 0;
  std::uint16_t hot_y = 0;
  std::uint16_t width = 0;
  std::uint16_t height = 0;
  std::vector<std::uint8_t> rgba;
};

/// What a screen tells. Called on the loop's thread, never from within a call into the screen's capture or
/// resize.
class ScreenListener {
 public:
  virtual ~ScreenListener() = default;
  /// Something was drawn. Not again before the next capture.
  virtual void screen_damaged() = 0;
  /// The screen has another size; everything of it is damaged.
  virtual void screen_resized(Size size) = 0;
  virtual void cursor_changed(std::shared_ptr<Cursor const> cursor) = 0;
  /// Asked while no application's window was seen: whether that part of the last capture shows more than one
  /// colour.
  [[nodiscard]] virtual bool has_content(Rectangle const& area) = 0;
  /// An application's window is there and was drawn into.
  virtual void window_ready() = 0;
  /// Caps Lock or Num Lock changed.
  virtual void locks_changed(bool caps, bool num) = 0;
  /// The window system is gone; the object is of no use any more.
  virtual void screen_lost(Error reason) = 0;
};

/// The picture. One thread.
class Screen {
 public:
  virtual ~Screen() = default;

  [[nodiscard]] virtual Size size() const = 0;
  /// False where the window system cannot change its size: then the start size stays.
  [[nodiscard]] virtual bool can_resize() const = 0;
  /// Changes the size at once; `screen_resized` follows when it did. Clamped to what the table of limits
  /// allows.
  virtual Result<> resize(Size size) = 0;

  /// What was drawn since the last capture, or all of it with `everything`. May be more than changed, never
  /// less. After an error the next capture has to ask for everything.
  virtual Result<std::span<Piece const>> capture(bool everything) = 0;

  /// The present cursor; null before the first one is known.
  [[nodiscard]] virtual std::shared_ptr<Cursor const> cursor() const = 0;

  /// Shows a picture behind all windows: 32-bit pixels as in Piece, exactly `size()`.
  virtual Result<> set_background(std::span<std::uint32_t const> pixels) = 0;

  /// Reads what has arrived and reports it. Called before the loop sleeps.
  virtual void dispatch() = 0;
};

}  // namespace oriel::display
