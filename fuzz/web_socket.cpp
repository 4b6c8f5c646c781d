// WebSocket frames at our server and at our client: messages are bounded, text is UTF-8, the end comes.
#include <string>

#include "display/transport/upgrade_request.h"
#include "fuzz/loopback.h"
#include "fuzz/target.h"
#include "libs/base/text.h"
#include "libs/http/client.h"

using namespace oriel;
using fuzz::require;

namespace {

constexpr std::size_t kMessageBytes = 4096;

Async<> read_all(http::WebSocket& socket) {
  for (;;) {
    auto message = co_await socket.read();
    if (!message) break;
    require(message->data.size() <= kMessageBytes, "a message is bounded");
    require(message->binary || is_utf8(message->data), "a text message is UTF-8");
  }
  require(!socket.is_open(), "a socket that cannot be read is closed");
  require(socket.close_reason().size() <= 1024, "a reason is bounded");
}

Async<http::Response> upgrade(http::Request) {
  http::Response response;
  response.upgrade = read_all;
  co_return response;
}

http::WebSocketOptions small() {
  http::WebSocketOptions options;
  options.message_bytes = kMessageBytes;
  return options;
}

Async<> connect_and_read(std::string path, bool& done) {
  auto connecting = http::WebSocketClient::connect(fuzz::loop().executor(), Endpoint::unix_path(path), "/",
                                                   http::Headers(), small());
  auto socket = co_await std::move(connecting);
  if (socket) co_await read_all(**socket);
  done = true;
}

std::string accepted(std::string const& head, std::string_view frames) {
  constexpr std::string_view kName = "Sec-WebSocket-Key: ";
  auto const at = head.find(kName);
  if (at == std::string::npos) return {};
  auto const begin = at + kName.size();
  auto const key = head.substr(begin, head.find("\r\n", begin) - begin);
  return display::upgrade_answer(key) + std::string(frames);
}

}  // namespace

ORIEL_FUZZ_TARGET(web_socket) {
  static std::string const path = fuzz::serve("websocket", upgrade, small());
  constexpr std::string_view kUpgrade =
      "GET / HTTP/1.1\r\nHost: x\r\nUpgrade: websocket\r\nConnection: Upgrade\r\nSec-WebSocket-Version: "
      "13\r\nSec-WebSocket-Key: dGhlIHNhbXBsZSBub25jZQ==\r\n\r\n";
  auto const answer = fuzz::talk(fuzz::connect_raw(path), {kUpgrade, input});
  require(answer.starts_with("HTTP/1.1 101 "), "an upgrade is taken");

  static fuzz::RawServer server("websocket-server");
  bool done = false;
  fuzz::loop().start(connect_and_read(server.path(), done));
  fuzz::loop().until([&] {
    server.serve_waiting([&](std::string const& head) { return accepted(head, input); });
    return done;
  });
}
