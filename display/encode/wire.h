#pragma once

#include <cstdint>
#include <string_view>

#include "libs/base/text.h"
#include "protocol/display/messages.h"

/// Writers of the little-endian fields of protocol/display.
namespace oriel::display::wire {

inline void put_u8(Bytes& to, std::uint32_t value) { to.push_back(static_cast<std::uint8_t>(value)); }

inline void put_u16(Bytes& to, std::uint32_t value) {
  put_u8(to, value);
  put_u8(to, value >> 8);
}

inline void put_u32(Bytes& to, std::uint32_t value) {
  put_u16(to, value);
  put_u16(to, value >> 16);
}

inline void put_u64(Bytes& to, std::uint64_t value) {
  put_u32(to, static_cast<std::uint32_t>(value));
  put_u32(to, static_cast<std::uint32_t>(value >> 32));
}

inline void put_varint(Bytes& to, std::uint32_t value) {
  for (; value >= 0x80; value >>= 7) put_u8(to, value | 0x80);
  put_u8(to, value);
}

inline void put_text(Bytes& to, std::string_view text) { to.insert(to.end(), text.begin(), text.end()); }

/// A message's header; `length` is that of the body that follows.
inline void put_header(Bytes& to, protocol::Message type, std::size_t length) {
  put_u8(to, static_cast<std::uint8_t>(type));
  put_u32(to, static_cast<std::uint32_t>(length));
}

/// A whole message.
[[nodiscard]] inline Bytes message(protocol::Message type, Bytes const& body) {
  Bytes bytes;
  bytes.reserve(protocol::kHeaderSize + body.size());
  put_header(bytes, type, body.size());
  bytes.insert(bytes.end(), body.begin(), body.end());
  return bytes;
}

/// A whole message with text as its body.
[[nodiscard]] inline Bytes message(protocol::Message type, std::string_view text) {
  Bytes bytes;
  bytes.reserve(protocol::kHeaderSize + text.size());
  put_header(bytes, type, text.size());
  put_text(bytes, text);
  return bytes;
}

}  // namespace oriel::display::wire
