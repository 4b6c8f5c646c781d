#pragma once

#include <cstdint>
#include <string>
#include <vector>

#include "display/screen/geometry.h"
#include "libs/base/result.h"

namespace oriel::display {

/// A picture read from a binary PPM (P6, 8 bits), 32-bit pixels with blue lowest.
struct Wallpaper {
  Size size;
  std::vector<std::uint32_t> pixels;

  /// At most 64 MiB. Blocks.
  [[nodiscard]] static Result<Wallpaper> read(std::string const& path);
};

/// The picture scaled to cover `size`, centred, by linear interpolation.
[[nodiscard]] std::vector<std::uint32_t> cover(Wallpaper const& wallpaper, Size size);

/// What shows without a picture file: a dark gradient from top to bottom.
[[nodiscard]] std::vector<std::uint32_t> dark_gradient(Size size);

}  // namespace oriel::display
