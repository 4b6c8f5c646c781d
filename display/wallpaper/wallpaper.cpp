#include "display/wallpaper/wallpaper.h"

#include <algorithm>
#include <optional>

#include "libs/base/file.h"

namespace oriel::display {

namespace {

constexpr std::size_t kLargestFile = 64U << 20;
constexpr std::uint32_t kLargestSide = 16384;

std::uint32_t pixel_of(std::uint32_t red, std::uint32_t green, std::uint32_t blue) {
  return red << 16 | green << 8 | blue;
}

}  // namespace

Result<Wallpaper> Wallpaper::read(std::string const& path) {
  auto const file = read_file(path, kLargestFile);
  if (!file) return file.error().within("read the wallpaper");
  std::string_view rest(*file);
  auto const broken = [&path] { return fail(Code::kInvalid, path + " is no binary PPM"); };
  // P6, width, height, largest value, one blank, then the pixels; comments run from # to the end of their
  // line.
  auto const number = [&rest]() -> std::optional<std::uint32_t> {
    for (;;) {
      auto const start = rest.find_first_not_of(" \t\r\n");
      if (start == std::string_view::npos) return std::nullopt;
      rest.remove_prefix(start);
      if (rest.front() != '#') break;
      auto const end = rest.find('\n');
      if (end == std::string_view::npos) return std::nullopt;
      rest.remove_prefix(end);
    }
    std::uint32_t value = 0;
    std::size_t digits = 0;
    while (digits < rest.size() && rest[digits] >= '0' && rest[digits] <= '9' && digits < 6)
      value = value * 10 + static_cast<std::uint32_t>(rest[digits++] - '0');
    if (digits == 0) return std::nullopt;
    rest.remove_prefix(digits);
    return value;
  };
  if (!rest.starts_with("P6")) return broken();
  rest.remove_prefix(2);
  auto const width = number();
  auto const height = number();
  auto const largest = number();
  if (!width || !height || !largest || *largest != 255 || *width == 0 || *height == 0 ||
      *width > kLargestSide || *height > kLargestSide || rest.empty())
    return broken();
  rest.remove_prefix(1);
  Wallpaper wallpaper{{*width, *height}, {}};
  if (rest.size() < wallpaper.size.pixels() * 3) return broken();
  wallpaper.pixels.reserve(wallpaper.size.pixels());
  auto const byte = [&rest](std::size_t at) {
    return static_cast<std::uint32_t>(static_cast<unsigned char>(rest[at]));
  };
  for (std::size_t at = 0; at < wallpaper.size.pixels() * 3; at += 3)
    wallpaper.pixels.push_back(pixel_of(byte(at), byte(at + 1), byte(at + 2)));
  return wallpaper;
}

namespace {

// Where a pixel of the result lies between two pixels of the source, in 1/256.
struct Between {
  std::uint32_t first;
  std::uint32_t second;
  std::uint32_t weight;
};

std::vector<Between> positions(std::uint32_t count, std::uint32_t source, double scale) {
  std::vector<Between> found(count);
  double const start = (source - count / scale) / 2;
  for (std::uint32_t index = 0; index < count; ++index) {
    double const at = std::clamp(start + (index + 0.5) / scale - 0.5, 0.0, source - 1.0);
    auto const whole = static_cast<std::uint32_t>(at);
    found[index] = {whole, std::min(whole + 1, source - 1), static_cast<std::uint32_t>((at - whole) * 256)};
  }
  return found;
}

// Red and blue in one multiplication, green in another: their 8 bits and 8 of weight do not meet.
std::uint32_t mixed(std::uint32_t one, std::uint32_t other, std::uint32_t weight) {
  constexpr std::uint32_t kRedBlue = 0x00ff00ff;
  constexpr std::uint32_t kGreen = 0x0000ff00;
  std::uint32_t const red_blue =
      ((one & kRedBlue) * (256 - weight) + (other & kRedBlue) * weight) >> 8 & kRedBlue;
  std::uint32_t const green = ((one & kGreen) * (256 - weight) + (other & kGreen) * weight) >> 8 & kGreen;
  return red_blue | green;
}

}  // namespace

std::vector<std::uint32_t> cover(Wallpaper const& wallpaper, Size size) {
  double const scale = std::max(static_cast<double>(size.width) / wallpaper.size.width,
                                static_cast<double>(size.height) / wallpaper.size.height);
  auto const columns = positions(size.width, wallpaper.size.width, scale);
  auto const rows = positions(size.height, wallpaper.size.height, scale);
  std::vector<std::uint32_t> pixels;
  pixels.reserve(size.pixels());
  for (auto const& row : rows) {
    std::uint32_t const* const above =
        wallpaper.pixels.data() + static_cast<std::size_t>(row.first) * wallpaper.size.width;
    std::uint32_t const* const below =
        wallpaper.pixels.data() + static_cast<std::size_t>(row.second) * wallpaper.size.width;
    for (auto const& column : columns)
      pixels.push_back(mixed(mixed(above[column.first], above[column.second], column.weight),
                             mixed(below[column.first], below[column.second], column.weight), row.weight));
  }
  return pixels;
}

std::vector<std::uint32_t> dark_gradient(Size size) {
  // Rows of one colour, so that it costs few bytes.
  std::vector<std::uint32_t> pixels(size.pixels());
  constexpr double kTop[3] = {30, 36, 52};
  constexpr double kBottom[3] = {10, 12, 18};
  for (std::uint32_t y = 0; y < size.height; ++y) {
    double const along = static_cast<double>(y) / std::max(1U, size.height - 1);
    std::uint32_t channels[3];
    for (int channel = 0; channel < 3; ++channel)
      channels[channel] =
          static_cast<std::uint32_t>(kTop[channel] + (kBottom[channel] - kTop[channel]) * along + 0.5);
    std::fill_n(pixels.begin() + static_cast<std::ptrdiff_t>(static_cast<std::size_t>(y) * size.width),
                size.width, pixel_of(channels[0], channels[1], channels[2]));
  }
  return pixels;
}

}  // namespace oriel::display
