#pragma once

#include <cstdint>
#include <span>
#include <string>

namespace oriel::init {

/// One entry of an Xauthority file (Xau(3)): MIT-MAGIC-COOKIE-1 for any display and any address (family
/// 0xffff), because the display's number is not known before the server runs. `cookie` is 16 bytes.
[[nodiscard]] std::string xauthority_entry(std::span<std::uint8_t const> cookie);

}  // namespace oriel::init
