#pragma once

#include <algorithm>
#include <cstdint>
#include <ostream>

namespace oriel::display {

/// Width and height in pixels.
struct Size {
  std::uint32_t width = 0;
  std::uint32_t height = 0;

  [[nodiscard]] std::size_t pixels() const { return static_cast<std::size_t>(width) * height; }
  friend bool operator==(Size const&, Size const&) = default;
  friend std::ostream& operator<<(std::ostream& out, Size const& size) {
    return out << size.width << 'x' << size.height;
  }
};

/// A rectangle in pixels, inside the screen.
struct Rectangle {
  std::uint32_t x = 0;
  std::uint32_t y = 0;
  std::uint32_t width = 0;
  std::uint32_t height = 0;

  [[nodiscard]] std::uint32_t right() const { return x + width; }
  [[nodiscard]] std::uint32_t bottom() const { return y + height; }
  [[nodiscard]] std::size_t pixels() const { return static_cast<std::size_t>(width) * height; }
  friend bool operator==(Rectangle const&, Rectangle const&) = default;
  friend std::ostream& operator<<(std::ostream& out, Rectangle const& area) {
    return out << area.width << 'x' << area.height << '+' << area.x << '+' << area.y;
  }
};

/// The smallest rectangle that holds both.
[[nodiscard]] inline Rectangle joined(Rectangle const& one, Rectangle const& other) {
  std::uint32_t const left = std::min(one.x, other.x);
  std::uint32_t const top = std::min(one.y, other.y);
  return {left, top, std::max(one.right(), other.right()) - left,
          std::max(one.bottom(), other.bottom()) - top};
}

}  // namespace oriel::display
