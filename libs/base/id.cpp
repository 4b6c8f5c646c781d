#include "libs/base/id.h"

#include "libs/base/text.h"

namespace oriel::detail {

namespace {

int digit_of(char c) {
  if (c >= '0' && c <= '9') return c - '0';
  if (c >= 'a' && c <= 'f') return c - 'a' + 10;
  if (c >= 'A' && c <= 'F') return c - 'A' + 10;
  return -1;
}

bool dash_before(std::size_t byte) { return byte == 4 || byte == 6 || byte == 8 || byte == 10; }

}  // namespace

IdBytes random_id_bytes() {
  IdBytes bytes{};
  // A nil id means "none", so it is never handed out, however unlikely.
  while (bytes == IdBytes{}) fill_random(bytes);
  return bytes;
}

std::optional<IdBytes> parse_id_bytes(std::string_view text) {
  bool const dashes = text.size() == 36;
  if (!dashes && text.size() != 32) return std::nullopt;
  IdBytes bytes{};
  std::size_t at = 0;
  for (std::size_t i = 0; i < bytes.size(); ++i) {
    if (dashes && dash_before(i) && text[at++] != '-') return std::nullopt;
    int const high = digit_of(text[at++]);
    int const low = digit_of(text[at++]);
    if (high < 0 || low < 0) return std::nullopt;
    bytes[i] = static_cast<std::uint8_t>(high << 4 | low);
  }
  return bytes;
}

std::string id_text(IdBytes const& bytes, bool dashes) {
  static constexpr char kDigits[] = "0123456789abcdef";
  std::string text;
  text.reserve(36);
  for (std::size_t i = 0; i < bytes.size(); ++i) {
    if (dashes && dash_before(i)) text += '-';
    text += kDigits[bytes[i] >> 4];
    text += kDigits[bytes[i] & 15];
  }
  return text;
}

}  // namespace oriel::detail
