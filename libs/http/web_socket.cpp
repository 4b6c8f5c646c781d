#include <deque>

#include <boost/asio/buffer.hpp>
#include <boost/asio/this_coro.hpp>
#include <boost/beast/websocket/rfc6455.hpp>
#include <boost/beast/websocket/stream.hpp>

#include "libs/async/deadline.h"
#include "libs/async/event.h"
#include "libs/base/scope_exit.h"
#include "libs/base/text.h"
#include "libs/http/client.h"
#include "libs/http/wire.h"

namespace oriel::http {

namespace net = boost::asio;
namespace beast = boost::beast;
namespace websocket = beast::websocket;

namespace {

using Frames = websocket::stream<Stream, false>;  // No permessage-deflate: it costs memory per connection.

constexpr std::uint16_t kAbnormal = 1006;

class StreamWebSocket final : public WebSocket {
 public:
  StreamWebSocket(std::unique_ptr<Stream> stream, Peer peer, WebSocketOptions const& options)
      : frames_(std::move(*stream)), peer_(std::move(peer)), turn_(frames_.get_executor()) {
    websocket::stream_base::timeout timeouts;
    timeouts.handshake_timeout = limits::kWebSocketHandshake;
    timeouts.idle_timeout = options.idle;
    timeouts.keep_alive_pings = true;
    frames_.set_option(timeouts);
    frames_.read_message_max(options.message_bytes);
    frames_.auto_fragment(false);
  }

  Frames& frames() { return frames_; }
  void set_open() { open_ = true; }

  Async<Result<WebSocketMessage>> read() override {
    if (!open_) co_return closed();
    WebSocketMessage message;
    beast::flat_buffer buffer;
    auto const [error, size] = co_await frames_.async_read(buffer, kTuple);
    if (error) {
      bool const too_large =
          error == websocket::error::message_too_big || error == websocket::error::buffer_overflow;
      co_await settle(error);
      if (too_large) co_return fail(Code::kTooLarge, "a WebSocket message is larger than allowed");
      co_return closed();
    }
    auto const data = buffer.data();
    message.data.assign(static_cast<char const*>(data.data()), data.size());
    message.binary = frames_.got_binary();
    co_return message;
  }

  Async<Result<>> write(std::string text) override { return write_message(std::move(text), false); }
  Async<Result<>> write_binary(std::string data) override { return write_message(std::move(data), true); }

  Async<> close(std::uint16_t code, std::string reason) override {
    if (!open_) co_return;
    open_ = false;
    auto const text = to_utf8(reason, 123);
    reason_wanted_ = websocket::close_reason(static_cast<websocket::close_code>(code), text);
    // The whole of it is bounded: a peer that neither reads nor answers must not hold us.
    auto polite = close_politely();
    auto done = co_await with_deadline(std::move(polite), limits::kWebSocketClose, "close a WebSocket");
    if (!done) {
      boost::system::error_code ignored;
      beast::get_lowest_layer(frames_).socket().close(ignored);
    }
  }

  bool is_open() const override { return open_; }
  std::uint16_t close_code() const override { return close_code_; }
  std::string close_reason() const override { return close_text_; }
  Peer const& peer() const override { return peer_; }

 private:
  Async<> close_politely() {
    auto const ticket = take_ticket();
    ScopeExit const give_back([&] { give_ticket(ticket); });
    while (waiting_.front() != ticket) co_await turn_.wait();
    auto const [error] = co_await frames_.async_close(reason_wanted_, kTuple);
    if (error) co_await settle(error);
  }

  /// Notes why it ended. Beast says operation_aborted also to an operation whose stream failed under another
  /// one: only a coroutine that really is being cancelled sees an exception.
  Async<> settle(boost::system::error_code error) {
    auto const state = co_await net::this_coro::cancellation_state;
    end(error);
    if (state.cancelled() != net::cancellation_type::none) {
      throw boost::system::system_error(net::error::operation_aborted);
    }
  }

  Async<Result<>> write_message(std::string data, bool binary) {
    if (!open_) co_return closed();
    if (waiting_.size() >= limits::kWebSocketQueue) {
      co_return fail(Code::kRateLimited, "the peer does not read: too many messages wait for it");
    }
    // One at a time, in the order of the calls.
    auto const ticket = take_ticket();
    ScopeExit const give_back([&] { give_ticket(ticket); });
    while (waiting_.front() != ticket) co_await turn_.wait();
    if (!open_) co_return closed();
    frames_.binary(binary);
    auto const buffer = net::buffer(data);
    auto const [error, size] = co_await frames_.async_write(buffer, kTuple);
    if (error) {
      co_await settle(error);
      co_return closed();
    }
    co_return Result<>();
  }

  std::uint64_t take_ticket() {
    waiting_.push_back(++tickets_);
    return tickets_;
  }

  void give_ticket(std::uint64_t ticket) {
    std::erase(waiting_, ticket);
    turn_.notify();
  }

  void end(boost::system::error_code error) {
    open_ = false;
    if (close_code_ != kAbnormal || !close_text_.empty()) return;  // The first reason is the reason.
    if (error == websocket::error::closed) {
      auto const& reason = frames_.reason();
      close_code_ = reason.code == websocket::close_code::none ? 1005 : reason.code;
      close_text_ = std::string(reason.reason.data(), reason.reason.size());
    } else {
      close_code_ = kAbnormal;
      close_text_ = error.message();
    }
  }

  Error closed() const {
    return fail(Code::kUnavailable,
                "the WebSocket is closed" +
                    (close_code_ != kAbnormal ? " (" + std::to_string(close_code_) + " " + close_text_ + ")"
                     : close_text_.empty()    ? std::string()
                                              : " (" + close_text_ + ")"));
  }

  Frames frames_;
  Peer peer_;
  Signal turn_;
  std::deque<std::uint64_t> waiting_;
  std::uint64_t tickets_ = 0;
  websocket::close_reason reason_wanted_;
  bool open_ = false;
  std::uint16_t close_code_ = kAbnormal;
  std::string close_text_;
};

/// What client and answer exchange beside the upgrade itself.
bool belongs_to_the_upgrade(std::string_view name) {
  for (auto const* own : {"connection", "upgrade", "sec-websocket-accept", "sec-websocket-key",
                          "sec-websocket-version", "content-length", "transfer-encoding", "host"}) {
    if (equal_ignoring_case(name, own)) return true;
  }
  return false;
}

Async<Result<std::unique_ptr<WebSocket>>> connect_web_socket(Executor executor, Endpoint endpoint,
                                                             std::string target, Headers headers,
                                                             WebSocketOptions options) {
  auto const name = "connect to " + endpoint.text() + target;
  auto connected = co_await connect_stream(executor, endpoint);
  if (!connected) co_return connected.error();
  auto peer = peer_of((*connected)->socket().native_handle());
  auto socket = std::make_unique<StreamWebSocket>(std::move(*connected), std::move(peer), options);
  auto decorate = [&](websocket::request_type& request) {
    for (auto const& [key, value] : headers.all()) {
      if (!belongs_to_the_upgrade(key)) request.insert(key, value);
    }
    if (!options.subprotocol.empty())
      request.set(beast::http::field::sec_websocket_protocol, options.subprotocol);
  };
  socket->frames().set_option(websocket::stream_base::decorator(decorate));
  websocket::response_type answer;
  auto const host = std::string(headers.get("host").value_or("localhost"));
  auto const [error] = co_await socket->frames().async_handshake(answer, host, target, kTuple);
  rethrow_cancellation(error);
  if (error == websocket::error::upgrade_declined) {
    Response declined;
    declined.status = static_cast<int>(answer.result_int());
    declined.body = answer.body();
    co_return error_of(declined).within(name);
  }
  if (error) co_return fail(Code::kUnavailable, name + ": " + error.message());
  socket->set_open();
  co_return std::unique_ptr<WebSocket>(std::move(socket));
}

}  // namespace

Async<Result<std::unique_ptr<WebSocket>>> accept_web_socket(
    std::unique_ptr<Stream> stream, beast::http::request<beast::http::string_body> const& request,
    Headers headers, Peer peer, WebSocketOptions options) {
  stream->expires_never();
  auto socket = std::make_unique<StreamWebSocket>(std::move(stream), std::move(peer), options);
  auto decorate = [headers = std::move(headers),
                   protocol = options.subprotocol](websocket::response_type& answer) {
    for (auto const& [key, value] : headers.all()) {
      if (!belongs_to_the_upgrade(key)) answer.insert(key, value);
    }
    if (!protocol.empty()) answer.set(beast::http::field::sec_websocket_protocol, protocol);
  };
  socket->frames().set_option(websocket::stream_base::decorator(decorate));
  auto const [error] = co_await socket->frames().async_accept(request, kTuple);
  rethrow_cancellation(error);
  if (error) co_return fail(Code::kUnavailable, "accept a WebSocket: " + error.message());
  socket->set_open();
  co_return std::unique_ptr<WebSocket>(std::move(socket));
}

Async<Result<std::unique_ptr<WebSocket>>> WebSocketClient::connect(Executor executor, Endpoint endpoint,
                                                                   std::string target, Headers headers,
                                                                   WebSocketOptions options) {
  auto name = "connect to " + endpoint.text();
  auto work = connect_web_socket(std::move(executor), std::move(endpoint), std::move(target),
                                 std::move(headers), std::move(options));
  return with_deadline(std::move(work), limits::kWebSocketHandshake, std::move(name));
}

}  // namespace oriel::http
