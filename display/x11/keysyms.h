#pragma once

#include <cstdint>
#include <string_view>
#include <vector>

namespace oriel::display::x11 {

/// The Unicode character of a keysym; 0 for keys without one (and for legacy keysyms of characters that
/// Unicode lacks).
[[nodiscard]] char32_t character_of(std::uint32_t keysym);
/// The keysym that applications understand best for a character: Latin-1 and control keys as such, else
/// 0x01000000 + character.
[[nodiscard]] std::uint32_t keysym_of(char32_t character);
/// Whether both mean the same key or character: U+20AC is EuroSign (0x20ac) as well as 0x010020ac.
[[nodiscard]] bool same_keysym(std::uint32_t one, std::uint32_t other);
/// The keysyms that type a text; what is not UTF-8 is left out. Line ends become Return.
[[nodiscard]] std::vector<std::uint32_t> keysyms_of(std::string_view utf8);

// Keys that are more than characters to us.
inline constexpr std::uint32_t kNoSymbol = 0;
inline constexpr std::uint32_t kTab = 0xff09;
inline constexpr std::uint32_t kReturn = 0xff0d;
inline constexpr std::uint32_t kNumLock = 0xff7f;
inline constexpr std::uint32_t kShiftLeft = 0xffe1;
inline constexpr std::uint32_t kCapsLock = 0xffe5;
inline constexpr std::uint32_t kShiftLock = 0xffe6;
inline constexpr std::uint32_t kLevel3Shift = 0xfe03;
inline constexpr std::uint32_t kModeSwitch = 0xff7e;

}  // namespace oriel::display::x11
