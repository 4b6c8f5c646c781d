#include "display/x11/keysyms.h"

#include <algorithm>
#include <iterator>

namespace oriel::display::x11 {

namespace {

struct Legacy {
  std::uint16_t keysym;
  std::uint16_t character;
};

// Sorted by keysym; made by the build from X11's keysymdef.h, which states the character of each legacy
// keysym.
constexpr Legacy kLegacy[] = {
#include "display/x11/keysym_table.inc"
};

constexpr std::uint32_t kUnicodeKeysym = 0x01000000;

}  // namespace

char32_t character_of(std::uint32_t keysym) {
  if ((keysym >= 0x20 && keysym <= 0x7e) || (keysym >= 0xa0 && keysym <= 0xff)) return keysym;
  if (keysym >= kUnicodeKeysym && keysym <= kUnicodeKeysym + 0x10ffff) return keysym - kUnicodeKeysym;
  if (keysym > 0xffff) return 0;
  auto const found =
      std::lower_bound(std::begin(kLegacy), std::end(kLegacy), keysym,
                       [](Legacy const& entry, std::uint32_t wanted) { return entry.keysym < wanted; });
  return found != std::end(kLegacy) && found->keysym == keysym ? found->character : 0;
}

std::uint32_t keysym_of(char32_t character) {
  if (character == U'\n' || character == U'\r') return kReturn;
  if (character == U'\t') return kTab;
  if (character == 0x08) return 0xff08;
  if (character == 0x1b) return 0xff1b;
  if (character < 0x20 || (character >= 0x7f && character < 0xa0)) return kNoSymbol;
  if (character <= 0xff) return character;
  return kUnicodeKeysym + character;
}

bool same_keysym(std::uint32_t one, std::uint32_t other) {
  if (one == other) return one != kNoSymbol;
  char32_t const character = character_of(one);
  return character != 0 && character == character_of(other);
}

std::vector<std::uint32_t> keysyms_of(std::string_view utf8) {
  std::vector<std::uint32_t> keysyms;
  for (std::size_t at = 0; at < utf8.size();) {
    auto const lead = static_cast<unsigned char>(utf8[at]);
    std::size_t const length = lead < 0x80 ? 1 : lead >= 0xf0 ? 4 : lead >= 0xe0 ? 3 : lead >= 0xc2 ? 2 : 0;
    if (length == 0 || at + length > utf8.size()) {
      ++at;
      continue;
    }
    char32_t character = length == 1 ? lead : lead & (0x7fU >> length);
    for (std::size_t index = 1; index < length; ++index)
      character = character << 6 | (static_cast<unsigned char>(utf8[at + index]) & 0x3fU);
    bool const crlf = character == U'\n' && at > 0 && utf8[at - 1] == '\r';
    at += length;
    if (crlf) continue;
    if (auto const keysym = keysym_of(character); keysym != kNoSymbol) keysyms.push_back(keysym);
  }
  return keysyms;
}

}  // namespace oriel::display::x11
