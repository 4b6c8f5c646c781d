#pragma once

#include <chrono>
#include <functional>
#include <memory>
#include <optional>
#include <string>

#include "libs/base/json.h"
#include "libs/base/uri.h"
#include "libs/http/message.h"

namespace oriel::http {

struct ClientRequest {
  std::string method = "GET";
  std::string target = "/";
  Headers headers{};
  std::string body{};  ///< Content-Length is set; a POST without body says 0
  std::chrono::steady_clock::duration deadline =
      limits::kHttpCall;  ///< connecting included; for streams: until the header
  std::chrono::steady_clock::duration
      silence{};  ///< streams: without a chunk for so long → kTimeout; 0 = for ever
  std::size_t answer_bytes = limits::kHttpAnswerBytes;
  std::function<void()> on_open{};  ///< streams: called once, when a 2xx header has come
};

struct ClientOptions {
  std::string host = "localhost";  ///< the Host field
  std::size_t idle_connections = 8;
};

/// Calls one HTTP/1.1 server. Idle connections are kept; a call that finds its kept connection closed
/// before any answer is sent again once on a new one. Belongs to one executor.
class Client {
 public:
  Client(Executor executor, Endpoint endpoint, ClientOptions options = {});
  ~Client();
  Client(Client const&) = delete;
  Client& operator=(Client const&) = delete;

  /// Any answer is a value, whatever its status. kUnavailable: cannot connect, or the connection broke.
  [[nodiscard]] Async<Result<Response>> send(ClientRequest request);

  /// 2xx → the parsed body (null when empty); anything else → the Error inside it (error_of()).
  [[nodiscard]] Async<Result<json::Value>> call(
      std::string method, std::string target, std::optional<json::Value> body = std::nullopt,
      std::chrono::steady_clock::duration deadline = limits::kHttpCall);

  /// Calls `on_chunk` for each piece of a 2xx body as it arrives; its Error ends the exchange and is
  /// returned. Resumes at the body's end. An answer other than 2xx is returned as a value with its body,
  /// without calling on_chunk.
  [[nodiscard]] Async<Result<Response>> stream(ClientRequest request,
                                               std::function<Async<Result<>>(std::string chunk)> on_chunk);
  /// The same by lines, without their newline; lines above `line_bytes` are kTooLarge.
  [[nodiscard]] Async<Result<Response>> stream_lines(ClientRequest request,
                                                     std::function<Async<Result<>>(std::string line)> on_line,
                                                     std::size_t line_bytes = limits::kDockerLineBytes);

  [[nodiscard]] Endpoint const& endpoint() const;

 private:
  struct State;
  std::unique_ptr<State> state_;
};

/// Connects and upgrades; kUnavailable when nobody listens, the Error inside the answer when it is not 101.
class WebSocketClient {
 public:
  [[nodiscard]] static Async<Result<std::unique_ptr<WebSocket>>> connect(Executor executor, Endpoint endpoint,
                                                                         std::string target,
                                                                         Headers headers = {},
                                                                         WebSocketOptions options = {});
};

}  // namespace oriel::http
