#pragma once

#include <cstddef>
#include <cstdint>
#include <optional>
#include <span>
#include <string>
#include <string_view>
#include <vector>

/// Codecs and checks on text. Decoders accept exactly what the standard says and answer nullopt otherwise.
namespace oriel {

using Bytes = std::vector<std::uint8_t>;

/// Bytes of a string and back, without copying meaning: UTF-8 or not is the caller's business.
[[nodiscard]] std::span<std::uint8_t const> as_bytes(std::string_view text);
[[nodiscard]] std::string_view as_text(std::span<std::uint8_t const> bytes);

/// Lower-case hex.
[[nodiscard]] std::string hex(std::span<std::uint8_t const> bytes);
[[nodiscard]] std::optional<Bytes> from_hex(std::string_view text);

/// RFC 4648 section 4, with padding.
[[nodiscard]] std::string base64(std::span<std::uint8_t const> bytes);
[[nodiscard]] std::optional<Bytes> from_base64(std::string_view text);
/// RFC 4648 section 5, without padding.
[[nodiscard]] std::string base64url(std::span<std::uint8_t const> bytes);
[[nodiscard]] std::optional<Bytes> from_base64url(std::string_view text);

/// RFC 3986: everything but unreserved characters becomes %XX. Safe for one path segment or query value.
[[nodiscard]] std::string percent_encode(std::string_view text);
/// nullopt for a broken escape. `plus_is_space` for form and query values.
[[nodiscard]] std::optional<std::string> percent_decode(std::string_view text, bool plus_is_space = false);

/// Takes the same time whatever the contents; lengths may leak.
[[nodiscard]] bool constant_time_equal(std::string_view left, std::string_view right);

/// RFC 3629: no surrogates, no overlong forms, at most U+10FFFF.
[[nodiscard]] bool is_utf8(std::string_view text);
/// Replaces what is not UTF-8 with U+FFFD, and cuts at a character's border at `limit` bytes.
[[nodiscard]] std::string to_utf8(std::string_view text, std::size_t limit);

/// Foreign text as a message may repeat it: UTF-8, at most `limit` bytes (then an ellipsis), and `?` in place
/// of control characters and of those that turn the direction of writing.
[[nodiscard]] std::string shown_text(std::string_view text, std::size_t limit);

/// Fills from getrandom(2); aborts when the kernel has none.
void fill_random(std::span<std::uint8_t> bytes);
[[nodiscard]] Bytes random_bytes(std::size_t count);
/// `bytes` random bytes as base64url: a token for a cookie, a header or a link.
[[nodiscard]] std::string random_token(std::size_t bytes = 32);
/// A password that people can type: letters and digits without look-alikes.
[[nodiscard]] std::string random_password(std::size_t characters = 20);

[[nodiscard]] std::string_view trim(std::string_view text);
/// Pieces between separators, empty ones included.
[[nodiscard]] std::vector<std::string_view> split(std::string_view text, char separator);
/// At most `parts` pieces; the last one keeps its separators.
[[nodiscard]] std::vector<std::string_view> split(std::string_view text, char separator, std::size_t parts);
[[nodiscard]] std::string join(std::span<std::string const> parts, std::string_view separator);
[[nodiscard]] std::string lower_ascii(std::string_view text);
[[nodiscard]] bool equal_ignoring_case(std::string_view left, std::string_view right);
[[nodiscard]] std::string replace_all(std::string text, std::string_view what, std::string_view with);

/// The whole text as a decimal integer or number; nullopt for anything more or less.
[[nodiscard]] std::optional<std::int64_t> parse_integer(std::string_view text);
[[nodiscard]] std::optional<double> parse_number(std::string_view text);

}  // namespace oriel
