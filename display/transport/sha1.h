#pragma once

#include <array>
#include <cstdint>
#include <string_view>

namespace oriel::display {

/// FIPS 180-4 SHA-1, for the WebSocket handshake and nothing else: it protects nothing there.
[[nodiscard]] std::array<std::uint8_t, 20> sha1(std::string_view text);

}  // namespace oriel::display
