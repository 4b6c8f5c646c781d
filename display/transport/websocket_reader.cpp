#include "display/transport/websocket_reader.h"

#include <array>

namespace oriel::display {

namespace {

constexpr std::uint8_t kContinuation = 0;
constexpr std::uint8_t kBinary = 2;
constexpr std::uint8_t kClose = 8;
constexpr std::uint8_t kPing = 9;
constexpr std::uint8_t kPong = 10;
constexpr std::size_t kLargestControl = 125;

Error broken(char const* what) { return fail(Code::kInvalid, what); }

}  // namespace

void WebSocketReader::push(std::span<std::uint8_t const> bytes) {
  if (position_ > 0 && position_ == buffer_.size()) {
    buffer_.clear();
    position_ = 0;
  } else if (position_ > buffer_.size() / 2) {
    buffer_.erase(buffer_.begin(), buffer_.begin() + static_cast<std::ptrdiff_t>(position_));
    position_ = 0;
  }
  buffer_.insert(buffer_.end(), bytes.begin(), bytes.end());
}

Result<std::optional<WebSocketEvent>> WebSocketReader::next() {
  for (;;) {
    auto const available = std::span(buffer_).subspan(position_);
    if (available.size() < 2) return std::optional<WebSocketEvent>();
    bool const final = (available[0] & 0x80) != 0;
    std::uint8_t const opcode = available[0] & 0x0f;
    if ((available[0] & 0x70) != 0) return broken("reserved bits of a frame are set");
    if ((available[1] & 0x80) == 0) return broken("a frame is not masked");
    std::uint64_t length = available[1] & 0x7f;
    std::size_t header = 2;
    if (length == 126) {
      if (available.size() < 4) return std::optional<WebSocketEvent>();
      length = static_cast<std::uint64_t>(available[2]) << 8 | available[3];
      header = 4;
    } else if (length == 127) {
      if (available.size() < 10) return std::optional<WebSocketEvent>();
      length = 0;
      for (std::size_t index = 2; index < 10; ++index) length = length << 8 | available[index];
      header = 10;
    }
    bool const control = opcode >= kClose;
    if (control) {
      if (opcode > kPong) return broken("an unknown opcode");
      if (!final || length > kLargestControl) return broken("a control frame is too long");
    } else {
      if (opcode != kContinuation && opcode != kBinary) return broken("only binary messages are spoken here");
      if ((opcode == kContinuation) != in_message_) return broken("a continuation out of place");
      if (length > largest_message_ || message_.size() + length > largest_message_)
        return fail(Code::kTooLarge, "a message is too long");
    }
    if (available.size() < header + 4 + length) return std::optional<WebSocketEvent>();

    std::array<std::uint8_t, 4> const mask{available[header], available[header + 1], available[header + 2],
                                           available[header + 3]};
    auto const payload = available.subspan(header + 4, static_cast<std::size_t>(length));
    Bytes clear(payload.size());
    for (std::size_t index = 0; index < payload.size(); ++index)
      clear[index] = payload[index] ^ mask[index % 4];
    position_ += header + 4 + static_cast<std::size_t>(length);

    if (control) {
      auto const kind = opcode == kClose  ? WebSocketEvent::Kind::kClose
                        : opcode == kPing ? WebSocketEvent::Kind::kPing
                                          : WebSocketEvent::Kind::kPong;
      return std::optional(WebSocketEvent{kind, std::move(clear)});
    }
    if (message_.empty()) {
      message_ = std::move(clear);
    } else {
      message_.insert(message_.end(), clear.begin(), clear.end());
    }
    in_message_ = !final;
    if (!final) continue;
    WebSocketEvent event{WebSocketEvent::Kind::kMessage, std::move(message_)};
    message_ = {};
    return std::optional(std::move(event));
  }
}

Bytes websocket_header(std::uint8_t opcode, std::size_t length) {
  Bytes header;
  header.push_back(static_cast<std::uint8_t>(0x80 | opcode));
  if (length < 126) {
    header.push_back(static_cast<std::uint8_t>(length));
  } else if (length <= 0xffff) {
    header.push_back(126);
    header.push_back(static_cast<std::uint8_t>(length >> 8));
    header.push_back(static_cast<std::uint8_t>(length));
  } else {
    header.push_back(127);
    for (int shift = 56; shift >= 0; shift -= 8)
      header.push_back(static_cast<std::uint8_t>(static_cast<std::uint64_t>(length) >> shift));
  }
  return header;
}

}  // namespace oriel::display
