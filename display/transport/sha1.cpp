#include "display/transport/sha1.h"

#include <bit>
#include <string>

namespace oriel::display {

std::array<std::uint8_t, 20> sha1(std::string_view text) {
  std::string padded(text);
  padded.push_back('\x80');
  while (padded.size() % 64 != 56) padded.push_back('\0');
  std::uint64_t const bits = static_cast<std::uint64_t>(text.size()) * 8;
  for (int shift = 56; shift >= 0; shift -= 8) padded.push_back(static_cast<char>(bits >> shift));

  std::array<std::uint32_t, 5> state{0x67452301, 0xefcdab89, 0x98badcfe, 0x10325476, 0xc3d2e1f0};
  for (std::size_t block = 0; block < padded.size(); block += 64) {
    std::array<std::uint32_t, 80> words{};
    for (std::size_t index = 0; index < 64; ++index)
      words[index / 4] = words[index / 4] << 8 | static_cast<std::uint8_t>(padded[block + index]);
    for (std::size_t index = 16; index < 80; ++index)
      words[index] =
          std::rotl(words[index - 3] ^ words[index - 8] ^ words[index - 14] ^ words[index - 16], 1);
    auto [a, b, c, d, e] = state;
    for (std::size_t round = 0; round < 80; ++round) {
      std::uint32_t mixed = 0;
      std::uint32_t constant = 0;
      if (round < 20) {
        mixed = (b & c) | (~b & d);
        constant = 0x5a827999;
      } else if (round < 40) {
        mixed = b ^ c ^ d;
        constant = 0x6ed9eba1;
      } else if (round < 60) {
        mixed = (b & c) | (b & d) | (c & d);
        constant = 0x8f1bbcdc;
      } else {
        mixed = b ^ c ^ d;
        constant = 0xca62c1d6;
      }
      std::uint32_t const next = std::rotl(a, 5) + mixed + e + constant + words[round];
      e = d;
      d = c;
      c = std::rotl(b, 30);
      b = a;
      a = next;
    }
    state = {state[0] + a, state[1] + b, state[2] + c, state[3] + d, state[4] + e};
  }
  std::array<std::uint8_t, 20> digest{};
  for (std::size_t index = 0; index < digest.size(); ++index)
    digest[index] = static_cast<std::uint8_t>(state[index / 4] >> (24 - 8 * (index % 4)));
  return digest;
}

}  // namespace oriel::display
