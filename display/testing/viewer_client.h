#pragma once

#include <chrono>
#include <cstdint>
#include <functional>
#include <map>
#include <memory>
#include <string>
#include <vector>

#include "display/decode/decoder.h"
#include "display/screen/geometry.h"
#include "libs/base/file_descriptor.h"
#include "libs/base/result.h"
#include "libs/base/text.h"
#include "protocol/display/messages.h"

/// A viewer as a browser is one, for tests and benchmarks: blocking, one thread.
namespace oriel::display::testing {

/// One stream of a viewer.
class StreamClient {
 public:
  struct Credentials {
    std::string viewer = "0123456789abcdef0123456789abcdef";
    std::string role = "owner";
    std::string permissions = "input,clipboard-in,clipboard-out";
    std::string expires;
    std::string grant;
    std::string query;
  };
  struct Incoming {
    std::uint8_t type = 0;
    Bytes body;
  };

  /// Connects and upgrades; the error holds the status line of a refusal.
  [[nodiscard]] static Result<std::unique_ptr<StreamClient>> open(std::string const& path,
                                                                  std::string const& route,
                                                                  Credentials const& credentials);

  /// Sends one protocol message as a masked frame.
  void send(protocol::Message type, Bytes const& body);
  /// The next protocol message; kTimeout after `wait`, kUnavailable when the connection ended (then
  /// `close_code` tells).
  [[nodiscard]] Result<Incoming> next(std::chrono::milliseconds wait);

  [[nodiscard]] std::uint16_t close_code() const { return close_code_; }
  [[nodiscard]] std::string const& close_reason() const { return close_reason_; }
  [[nodiscard]] std::uint64_t received_bytes() const { return received_bytes_; }
  [[nodiscard]] std::size_t largest_message() const { return largest_message_; }
  [[nodiscard]] int descriptor() const { return socket_.get(); }

 private:
  explicit StreamClient(FileDescriptor socket) : socket_(std::move(socket)) {}
  Result<> fill(std::chrono::steady_clock::time_point deadline);

  FileDescriptor socket_;
  Bytes buffer_;
  std::size_t at_ = 0;
  Bytes message_;
  std::size_t message_at_ = 0;
  std::uint16_t close_code_ = 0;
  std::string close_reason_;
  std::uint64_t received_bytes_ = 0;
  std::size_t largest_message_ = 0;
};

/// A display stream with its decoder: acknowledges each frame at once.
class ViewerClient {
 public:
  [[nodiscard]] static Result<std::unique_ptr<ViewerClient>> open(
      std::string const& path, StreamClient::Credentials const& credentials = {});

  /// Reads until the next END; the decoder then holds the whole frame.
  [[nodiscard]] Result<EndInformation> next_frame(std::chrono::milliseconds wait);
  /// Reads until nothing came for `quiet`; how many frames there were.
  [[nodiscard]] Result<int> settle(std::chrono::milliseconds quiet);

  [[nodiscard]] Decoder const& decoder() const { return decoder_; }
  [[nodiscard]] StreamClient& stream() { return *stream_; }
  /// Bodies of the last message of each type.
  [[nodiscard]] std::map<std::uint8_t, Bytes> const& last() const { return last_; }
  void set_acknowledging(bool on) { acknowledging_ = on; }
  void acknowledge();

 private:
  explicit ViewerClient(std::unique_ptr<StreamClient> stream) : stream_(std::move(stream)) {}

  std::unique_ptr<StreamClient> stream_;
  Decoder decoder_;
  std::map<std::uint8_t, Bytes> last_;
  bool acknowledging_ = true;
};

/// An input stream: numbers its messages.
class InputClient {
 public:
  [[nodiscard]] static Result<std::unique_ptr<InputClient>> open(
      std::string const& path, StreamClient::Credentials const& credentials = {});

  void key(bool down, std::uint32_t keysym, std::uint16_t code = 0, std::uint8_t modifiers = 0);
  void pointer(std::uint16_t x, std::uint16_t y, std::uint8_t buttons);
  void wheel(std::uint16_t x, std::uint16_t y, std::int16_t dx, std::int16_t dy);
  void release();
  void text(std::string_view utf8);
  void size(std::uint16_t width, std::uint16_t height);
  [[nodiscard]] std::uint32_t sequence() const { return sequence_; }
  [[nodiscard]] StreamClient& stream() { return *stream_; }

 private:
  explicit InputClient(std::unique_ptr<StreamClient> stream) : stream_(std::move(stream)) {}
  Bytes start();

  std::unique_ptr<StreamClient> stream_;
  std::uint32_t sequence_ = 0;
};

}  // namespace oriel::display::testing
