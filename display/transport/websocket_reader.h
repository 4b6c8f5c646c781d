#pragma once

#include <cstdint>
#include <optional>
#include <span>
#include <string>

#include "libs/base/result.h"
#include "libs/base/text.h"

namespace oriel::display {

/// What a client's frames add up to.
struct WebSocketEvent {
  enum class Kind { kMessage, kPing, kPong, kClose };
  Kind kind = Kind::kMessage;
  Bytes payload;
};

/// Reads a client's frames, RFC 6455 section 5, as bytes arrive. Text messages, unmasked frames, reserved
/// bits and messages above the bound are errors: no browser of ours sends them.
class WebSocketReader {
 public:
  explicit WebSocketReader(std::size_t largest_message) : largest_message_(largest_message) {}

  void push(std::span<std::uint8_t const> bytes);
  /// The next event; nullopt when more bytes are needed; an error is final.
  [[nodiscard]] Result<std::optional<WebSocketEvent>> next();

 private:
  std::size_t largest_message_;
  Bytes buffer_;
  std::size_t position_ = 0;
  Bytes message_;
  bool in_message_ = false;
};

/// The header of an unmasked, final frame of `length` bytes. Opcodes: 2 binary, 8 close, 9 ping, 10 pong.
[[nodiscard]] Bytes websocket_header(std::uint8_t opcode, std::size_t length);

}  // namespace oriel::display
