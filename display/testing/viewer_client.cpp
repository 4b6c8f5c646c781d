#include "display/testing/viewer_client.h"

#include <array>
#include <cerrno>
#include <cstring>

#include <poll.h>
#include <sys/socket.h>
#include <sys/un.h>
#include <unistd.h>

#include "display/encode/wire.h"

namespace oriel::display::testing {

namespace {

using std::chrono::milliseconds;
using std::chrono::steady_clock;

void write_all(int descriptor, void const* data, std::size_t size) {
  auto const* bytes = static_cast<char const*>(data);
  while (size > 0) {
    auto const written = ::send(descriptor, bytes, size, MSG_NOSIGNAL);
    if (written <= 0) return;
    bytes += written;
    size -= static_cast<std::size_t>(written);
  }
}

}  // namespace

Result<std::unique_ptr<StreamClient>> StreamClient::open(std::string const& path, std::string const& route,
                                                         Credentials const& credentials) {
  sockaddr_un address{};
  address.sun_family = AF_UNIX;
  std::memcpy(address.sun_path, path.data(), std::min(path.size(), sizeof address.sun_path - 1));
  FileDescriptor socket(::socket(AF_UNIX, SOCK_STREAM | SOCK_CLOEXEC, 0));
  if (connect(socket.get(), reinterpret_cast<sockaddr const*>(&address), sizeof address) != 0)
    return fail_errno("connect " + path, errno);
  std::string request =
      "GET /sessions/x/" + route + credentials.query +
      " HTTP/1.1\r\nHost: test\r\nUpgrade: websocket\r\nConnection: Upgrade\r\nSec-WebSocket-Version: 13\r\n"
      "Sec-WebSocket-Key: dGhlIHNhbXBsZSBub25jZQ==\r\nX-Oriel-Viewer: " +
      credentials.viewer + "\r\nX-Oriel-User: Test\r\nX-Oriel-Role: " + credentials.role +
      "\r\nX-Oriel-Permissions: " + credentials.permissions + "\r\n";
  if (!credentials.expires.empty()) request += "X-Oriel-Expires: " + credentials.expires + "\r\n";
  if (!credentials.grant.empty()) request += "X-Oriel-Grant: " + credentials.grant + "\r\n";
  request += "\r\n";
  write_all(socket.get(), request.data(), request.size());
  std::unique_ptr<StreamClient> client(new StreamClient(std::move(socket)));
  auto const deadline = steady_clock::now() + std::chrono::seconds(5);
  for (;;) {
    auto const text = as_text(client->buffer_);
    auto const end = text.find("\r\n\r\n");
    if (end != std::string_view::npos) {
      if (!text.starts_with("HTTP/1.1 101 ")) return fail(Code::kForbidden, std::string(text));
      if (text.find("s3pPLMBiTxaQ9kYGzzhZRbK+xOo=") == std::string_view::npos)
        return fail(Code::kInvalid, "Sec-WebSocket-Accept is wrong");
      client->at_ = end + 4;
      return client;
    }
    if (auto const filled = client->fill(deadline); !filled) return filled.error();
  }
}

Result<> StreamClient::fill(steady_clock::time_point deadline) {
  auto const left = std::chrono::duration_cast<milliseconds>(deadline - steady_clock::now()).count();
  pollfd waits{socket_.get(), POLLIN, 0};
  if (::poll(&waits, 1, static_cast<int>(std::max<long>(0, left))) <= 0)
    return fail(Code::kTimeout, "nothing came");
  std::array<std::uint8_t, 65536> bytes;
  auto const got = recv(socket_.get(), bytes.data(), bytes.size(), 0);
  if (got <= 0) return fail(Code::kUnavailable, "the connection ended");
  received_bytes_ += static_cast<std::uint64_t>(got);
  if (at_ > 0 && at_ == buffer_.size()) {
    buffer_.clear();
    at_ = 0;
  }
  buffer_.insert(buffer_.end(), bytes.begin(), bytes.begin() + got);
  return {};
}

void StreamClient::send(protocol::Message type, Bytes const& body) {
  Bytes const message = wire::message(type, body);
  Bytes frame{0x82};
  if (message.size() < 126) {
    frame.push_back(static_cast<std::uint8_t>(0x80 | message.size()));
  } else if (message.size() < 65536) {
    frame.push_back(0x80 | 126);
    frame.push_back(static_cast<std::uint8_t>(message.size() >> 8));
    frame.push_back(static_cast<std::uint8_t>(message.size()));
  } else {
    frame.push_back(0x80 | 127);
    for (int shift = 56; shift >= 0; shift -= 8)
      frame.push_back(static_cast<std::uint8_t>(message.size() >> shift));
  }
  constexpr std::array<std::uint8_t, 4> kMask{0x11, 0x22, 0x33, 0x44};
  frame.insert(frame.end(), kMask.begin(), kMask.end());
  for (std::size_t index = 0; index < message.size(); ++index)
    frame.push_back(message[index] ^ kMask[index % 4]);
  write_all(socket_.get(), frame.data(), frame.size());
}

Result<StreamClient::Incoming> StreamClient::next(milliseconds wait) {
  auto const deadline = steady_clock::now() + wait;
  for (;;) {
    if (message_at_ < message_.size()) {
      std::uint32_t length = 0;
      std::memcpy(&length, message_.data() + message_at_ + 1, sizeof length);
      Incoming incoming{message_[message_at_],
                        Bytes(message_.begin() + static_cast<std::ptrdiff_t>(message_at_ + 5),
                              message_.begin() + static_cast<std::ptrdiff_t>(message_at_ + 5 + length))};
      message_at_ += 5 + length;
      return incoming;
    }
    auto const available = buffer_.size() - at_;
    std::size_t header = 2;
    std::size_t length = 0;
    bool whole = false;
    if (available >= 2) {
      length = buffer_[at_ + 1];
      if (length == 126) header = 4;
      if (length == 127) header = 10;
      if (available >= header) {
        if (header > 2) {
          length = 0;
          for (std::size_t index = 2; index < header; ++index) length = length << 8 | buffer_[at_ + index];
        }
        whole = available >= header + length;
      }
    }
    if (!whole) {
      if (auto const filled = fill(deadline); !filled) return filled.error();
      continue;
    }
    auto const begin = buffer_.begin() + static_cast<std::ptrdiff_t>(at_ + header);
    Bytes payload(begin, begin + static_cast<std::ptrdiff_t>(length));
    std::uint8_t const opcode = buffer_[at_] & 0x0f;
    at_ += header + length;
    if (opcode == 8) {
      if (payload.size() >= 2) {
        close_code_ = static_cast<std::uint16_t>(payload[0] << 8 | payload[1]);
        close_reason_.assign(payload.begin() + 2, payload.end());
      }
      return fail(Code::kUnavailable, "closed " + std::to_string(close_code_) + " " + close_reason_);
    }
    if (opcode != 2) continue;
    largest_message_ = std::max(largest_message_, payload.size());
    message_ = std::move(payload);
    message_at_ = 0;
  }
}

Result<std::unique_ptr<ViewerClient>> ViewerClient::open(std::string const& path,
                                                         StreamClient::Credentials const& credentials) {
  auto stream = StreamClient::open(path, "display", credentials);
  if (!stream) return stream.error();
  return std::unique_ptr<ViewerClient>(new ViewerClient(std::move(*stream)));
}

Result<EndInformation> ViewerClient::next_frame(milliseconds wait) {
  auto const deadline = steady_clock::now() + wait;
  for (;;) {
    auto const left = std::chrono::duration_cast<milliseconds>(deadline - steady_clock::now());
    auto incoming = stream_->next(std::max(milliseconds(0), left));
    if (!incoming) return incoming.error();
    auto const status = decoder_.push(incoming->type, incoming->body.data(),
                                      static_cast<std::uint32_t>(incoming->body.size()));
    if (status != DecodeStatus::kOk)
      return fail(Code::kInternal, "decoder status " + std::to_string(static_cast<int>(status)));
    bool const end = incoming->type == static_cast<std::uint8_t>(protocol::Message::kEnd);
    if (incoming->type != static_cast<std::uint8_t>(protocol::Message::kLz))
      last_[incoming->type] = std::move(incoming->body);
    if (!end) continue;
    decoder_.clear_dirty();
    if (acknowledging_) acknowledge();
    return decoder_.end();
  }
}

void ViewerClient::acknowledge() {
  Bytes body;
  wire::put_u32(body, decoder_.end().epoch);
  wire::put_u32(body, decoder_.end().frame);
  wire::put_u32(body, 100);
  stream_->send(protocol::Message::kAck, body);
}

Result<int> ViewerClient::settle(milliseconds quiet) {
  for (int frames = 0;; ++frames) {
    auto const frame = next_frame(quiet);
    if (frame) continue;
    if (frame.error().code != Code::kTimeout) return frame.error();
    return frames;
  }
}

Result<std::unique_ptr<InputClient>> InputClient::open(std::string const& path,
                                                       StreamClient::Credentials const& credentials) {
  auto stream = StreamClient::open(path, "input", credentials);
  if (!stream) return stream.error();
  return std::unique_ptr<InputClient>(new InputClient(std::move(*stream)));
}

Bytes InputClient::start() {
  Bytes body;
  wire::put_u32(body, ++sequence_);
  return body;
}

void InputClient::key(bool down, std::uint32_t keysym, std::uint16_t code, std::uint8_t modifiers) {
  Bytes body = start();
  wire::put_u8(body, down ? 1 : 0);
  wire::put_u32(body, keysym);
  wire::put_u16(body, code);
  wire::put_u8(body, modifiers);
  stream_->send(protocol::Message::kKey, body);
}

void InputClient::pointer(std::uint16_t x, std::uint16_t y, std::uint8_t buttons) {
  Bytes body = start();
  wire::put_u16(body, x);
  wire::put_u16(body, y);
  wire::put_u8(body, buttons);
  stream_->send(protocol::Message::kInputPointer, body);
}

void InputClient::wheel(std::uint16_t x, std::uint16_t y, std::int16_t dx, std::int16_t dy) {
  Bytes body = start();
  wire::put_u16(body, x);
  wire::put_u16(body, y);
  wire::put_u16(body, static_cast<std::uint16_t>(dx));
  wire::put_u16(body, static_cast<std::uint16_t>(dy));
  stream_->send(protocol::Message::kWheel, body);
}

void InputClient::release() { stream_->send(protocol::Message::kRelease, start()); }

void InputClient::text(std::string_view utf8) {
  Bytes body = start();
  wire::put_text(body, utf8);
  stream_->send(protocol::Message::kTypedText, body);
}

void InputClient::size(std::uint16_t width, std::uint16_t height) {
  Bytes body = start();
  wire::put_u16(body, width);
  wire::put_u16(body, height);
  wire::put_u16(body, 100);
  stream_->send(protocol::Message::kSize, body);
}

}  // namespace oriel::display::testing
