#include "libs/base/text.h"

#include <array>
#include <cerrno>
#include <charconv>
#include <cmath>

#include <sys/random.h>

#include "libs/base/assert.h"

namespace oriel {

namespace {

constexpr char kBase64[] = "ABCDEFGHIJKLMNOPQRSTUVWXYZabcdefghijklmnopqrstuvwxyz0123456789+/";
constexpr char kBase64Url[] = "ABCDEFGHIJKLMNOPQRSTUVWXYZabcdefghijklmnopqrstuvwxyz0123456789-_";
constexpr char kHex[] = "0123456789abcdef";

int hex_digit(char c) {
  if (c >= '0' && c <= '9') return c - '0';
  if (c >= 'a' && c <= 'f') return c - 'a' + 10;
  if (c >= 'A' && c <= 'F') return c - 'A' + 10;
  return -1;
}

std::string encode64(std::span<std::uint8_t const> bytes, char const* alphabet, bool padding) {
  std::string text;
  text.reserve((bytes.size() + 2) / 3 * 4);
  std::size_t i = 0;
  for (; i + 3 <= bytes.size(); i += 3) {
    auto const group = static_cast<unsigned>(bytes[i] << 16 | bytes[i + 1] << 8 | bytes[i + 2]);
    for (int shift = 18; shift >= 0; shift -= 6) text += alphabet[group >> shift & 63];
  }
  auto const left = bytes.size() - i;
  if (left == 1) {
    auto const group = static_cast<unsigned>(bytes[i] << 16);
    text += alphabet[group >> 18 & 63];
    text += alphabet[group >> 12 & 63];
    if (padding) text += "==";
  } else if (left == 2) {
    auto const group = static_cast<unsigned>(bytes[i] << 16 | bytes[i + 1] << 8);
    text += alphabet[group >> 18 & 63];
    text += alphabet[group >> 12 & 63];
    text += alphabet[group >> 6 & 63];
    if (padding) text += '=';
  }
  return text;
}

std::optional<Bytes> decode64(std::string_view text, char const* alphabet) {
  std::array<int, 256> values;
  values.fill(-1);
  for (int i = 0; i < 64; ++i) values[static_cast<unsigned char>(alphabet[i])] = i;
  if (text.size() % 4 == 1) return std::nullopt;
  Bytes bytes;
  bytes.reserve(text.size() * 3 / 4);
  unsigned group = 0;
  int bits = 0;
  for (char const c : text) {
    int const value = values[static_cast<unsigned char>(c)];
    if (value < 0) return std::nullopt;
    group = group << 6 | static_cast<unsigned>(value);
    bits += 6;
    if (bits >= 8) {
      bits -= 8;
      bytes.push_back(static_cast<std::uint8_t>(group >> bits));
      group &= (1U << bits) - 1;
    }
  }
  if (group != 0) return std::nullopt;  // Left-over bits must be zero: one text per value.
  return bytes;
}

/// Length of the valid UTF-8 character at the front, 0 when there is none.
std::size_t utf8_character(std::string_view text) {
  auto const byte = [&](std::size_t i) { return static_cast<unsigned char>(text[i]); };
  auto const follows = [&](std::size_t i, unsigned low = 0x80, unsigned high = 0xbf) {
    return i < text.size() && byte(i) >= low && byte(i) <= high;
  };
  unsigned const first = byte(0);
  if (first < 0x80) return 1;
  if (first >= 0xc2 && first <= 0xdf) return follows(1) ? 2 : 0;
  if (first >= 0xe0 && first <= 0xef) {
    unsigned const low = first == 0xe0 ? 0xa0 : 0x80;
    unsigned const high = first == 0xed ? 0x9f : 0xbf;
    return follows(1, low, high) && follows(2) ? 3 : 0;
  }
  if (first >= 0xf0 && first <= 0xf4) {
    unsigned const low = first == 0xf0 ? 0x90 : 0x80;
    unsigned const high = first == 0xf4 ? 0x8f : 0xbf;
    return follows(1, low, high) && follows(2) && follows(3) ? 4 : 0;
  }
  return 0;
}

char lower(char c) { return c >= 'A' && c <= 'Z' ? static_cast<char>(c - 'A' + 'a') : c; }

bool is_space(char c) { return c == ' ' || c == '\t' || c == '\r' || c == '\n'; }

}  // namespace

std::span<std::uint8_t const> as_bytes(std::string_view text) {
  return {reinterpret_cast<std::uint8_t const*>(text.data()), text.size()};
}

std::string_view as_text(std::span<std::uint8_t const> bytes) {
  return {reinterpret_cast<char const*>(bytes.data()), bytes.size()};
}

std::string hex(std::span<std::uint8_t const> bytes) {
  std::string text;
  text.reserve(bytes.size() * 2);
  for (auto const byte : bytes) {
    text += kHex[byte >> 4];
    text += kHex[byte & 15];
  }
  return text;
}

std::optional<Bytes> from_hex(std::string_view text) {
  if (text.size() % 2 != 0) return std::nullopt;
  Bytes bytes;
  bytes.reserve(text.size() / 2);
  for (std::size_t i = 0; i < text.size(); i += 2) {
    int const high = hex_digit(text[i]);
    int const low = hex_digit(text[i + 1]);
    if (high < 0 || low < 0) return std::nullopt;
    bytes.push_back(static_cast<std::uint8_t>(high << 4 | low));
  }
  return bytes;
}

std::string base64(std::span<std::uint8_t const> bytes) { return encode64(bytes, kBase64, true); }

std::optional<Bytes> from_base64(std::string_view text) {
  if (text.size() % 4 != 0) return std::nullopt;
  if (text.ends_with("==")) {
    text.remove_suffix(2);
  } else if (text.ends_with('=')) {
    text.remove_suffix(1);
  }
  return decode64(text, kBase64);
}

std::string base64url(std::span<std::uint8_t const> bytes) { return encode64(bytes, kBase64Url, false); }

std::optional<Bytes> from_base64url(std::string_view text) { return decode64(text, kBase64Url); }

std::string percent_encode(std::string_view text) {
  std::string encoded;
  encoded.reserve(text.size());
  for (char const c : text) {
    bool const unreserved = (c >= 'a' && c <= 'z') || (c >= 'A' && c <= 'Z') || (c >= '0' && c <= '9') ||
                            c == '-' || c == '.' || c == '_' || c == '~';
    if (unreserved) {
      encoded += c;
    } else {
      auto const byte = static_cast<unsigned char>(c);
      encoded += '%';
      encoded += static_cast<char>(kHex[byte >> 4] >= 'a' ? kHex[byte >> 4] - 32 : kHex[byte >> 4]);
      encoded += static_cast<char>(kHex[byte & 15] >= 'a' ? kHex[byte & 15] - 32 : kHex[byte & 15]);
    }
  }
  return encoded;
}

std::optional<std::string> percent_decode(std::string_view text, bool plus_is_space) {
  std::string decoded;
  decoded.reserve(text.size());
  for (std::size_t i = 0; i < text.size(); ++i) {
    if (text[i] == '%') {
      if (i + 2 >= text.size()) return std::nullopt;
      int const high = hex_digit(text[i + 1]);
      int const low = hex_digit(text[i + 2]);
      if (high < 0 || low < 0) return std::nullopt;
      decoded += static_cast<char>(high << 4 | low);
      i += 2;
    } else if (text[i] == '+' && plus_is_space) {
      decoded += ' ';
    } else {
      decoded += text[i];
    }
  }
  return decoded;
}

bool constant_time_equal(std::string_view left, std::string_view right) {
  if (left.size() != right.size()) return false;
  unsigned volatile difference = 0;
  for (std::size_t i = 0; i < left.size(); ++i) {
    difference = difference | static_cast<unsigned>(static_cast<unsigned char>(left[i]) ^
                                                    static_cast<unsigned char>(right[i]));
  }
  return difference == 0;
}

bool is_utf8(std::string_view text) {
  while (!text.empty()) {
    auto const length = utf8_character(text);
    if (length == 0) return false;
    text.remove_prefix(length);
  }
  return true;
}

std::string to_utf8(std::string_view text, std::size_t limit) {
  static constexpr std::string_view kReplacement = "\xef\xbf\xbd";
  std::string good;
  while (!text.empty()) {
    auto const length = utf8_character(text);
    auto const piece = length == 0 ? kReplacement : text.substr(0, length);
    if (good.size() + piece.size() > limit) break;
    good += piece;
    text.remove_prefix(length == 0 ? 1 : length);
  }
  return good;
}

std::string shown_text(std::string_view text, std::size_t limit) {
  auto const clean = to_utf8(text, limit);
  std::string shown;
  shown.reserve(clean.size());
  for (std::size_t at = 0; at < clean.size(); ++at) {
    auto const byte = [&](std::size_t ahead) {
      return at + ahead < clean.size() ? static_cast<unsigned char>(clean[at + ahead]) : 0U;
    };
    bool const control = byte(0) < 0x20 || byte(0) == 0x7f;
    bool const late_control = byte(0) == 0xc2 && byte(1) < 0xa0;  // U+0080 to U+009F
    // U+200E, U+200F; U+2028 to U+202E; U+2066 to U+2069.
    bool const direction =
        byte(0) == 0xe2 &&
        ((byte(1) == 0x80 && (byte(2) == 0x8e || byte(2) == 0x8f || (byte(2) >= 0xa8 && byte(2) <= 0xae))) ||
         (byte(1) == 0x81 && byte(2) >= 0xa6 && byte(2) <= 0xa9));
    if (control || late_control || direction) {
      shown += '?';
      at += direction ? 2 : (late_control ? 1 : 0);
    } else {
      shown += clean[at];
    }
  }
  // Replacements may have made what was left of it longer or shorter: only what was dropped counts.
  if (text.size() > limit) shown += "…";
  return shown;
}

void fill_random(std::span<std::uint8_t> bytes) {
  while (!bytes.empty()) {
    auto const got = getrandom(bytes.data(), bytes.size(), 0);
    if (got < 0 && errno == EINTR) continue;
    ORIEL_ASSERT(got > 0, errno);
    bytes = bytes.subspan(static_cast<std::size_t>(got));
  }
}

Bytes random_bytes(std::size_t count) {
  Bytes bytes(count);
  fill_random(bytes);
  return bytes;
}

std::string random_token(std::size_t bytes) { return base64url(random_bytes(bytes)); }

std::string random_password(std::size_t characters) {
  // 54 of them: no 0 O 1 l I and such. 256 is no multiple of 54, so bytes above are thrown away.
  static constexpr std::string_view kAlphabet = "abcdefghijkmnpqrstuvwxyzABCDEFGHJKLMNPQRSTUVWXYZ23456789";
  static constexpr auto kUsable = 256 / kAlphabet.size() * kAlphabet.size();
  std::string password;
  while (password.size() < characters) {
    for (auto const byte : random_bytes(characters)) {
      if (byte < kUsable && password.size() < characters) password += kAlphabet[byte % kAlphabet.size()];
    }
  }
  return password;
}

std::string_view trim(std::string_view text) {
  while (!text.empty() && is_space(text.front())) text.remove_prefix(1);
  while (!text.empty() && is_space(text.back())) text.remove_suffix(1);
  return text;
}

std::vector<std::string_view> split(std::string_view text, char separator) {
  return split(text, separator, text.size() + 1);
}

std::vector<std::string_view> split(std::string_view text, char separator, std::size_t parts) {
  std::vector<std::string_view> pieces;
  while (pieces.size() + 1 < parts) {
    auto const at = text.find(separator);
    if (at == std::string_view::npos) break;
    pieces.push_back(text.substr(0, at));
    text.remove_prefix(at + 1);
  }
  pieces.push_back(text);
  return pieces;
}

std::string join(std::span<std::string const> parts, std::string_view separator) {
  std::string joined;
  for (std::size_t i = 0; i < parts.size(); ++i) {
    if (i > 0) joined += separator;
    joined += parts[i];
  }
  return joined;
}

std::string lower_ascii(std::string_view text) {
  std::string lowered(text);
  for (auto& c : lowered) c = lower(c);
  return lowered;
}

bool equal_ignoring_case(std::string_view left, std::string_view right) {
  if (left.size() != right.size()) return false;
  for (std::size_t i = 0; i < left.size(); ++i) {
    if (lower(left[i]) != lower(right[i])) return false;
  }
  return true;
}

std::string replace_all(std::string text, std::string_view what, std::string_view with) {
  if (what.empty()) return text;
  for (auto at = text.find(what); at != std::string::npos; at = text.find(what, at + with.size())) {
    text.replace(at, what.size(), with);
  }
  return text;
}

std::optional<std::int64_t> parse_integer(std::string_view text) {
  std::int64_t value = 0;
  auto const [end, error] = std::from_chars(text.data(), text.data() + text.size(), value);
  if (error != std::errc() || end != text.data() + text.size()) return std::nullopt;
  return value;
}

std::optional<double> parse_number(std::string_view text) {
  double value = 0;
  auto const [end, error] = std::from_chars(text.data(), text.data() + text.size(), value);
  if (error != std::errc() || end != text.data() + text.size() || !std::isfinite(value)) return std::nullopt;
  return value;
}

}  // namespace oriel
