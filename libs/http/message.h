#pragma once

#include <any>
#include <chrono>
#include <cstddef>
#include <cstdint>
#include <functional>
#include <initializer_list>
#include <map>
#include <optional>
#include <string>
#include <string_view>
#include <utility>
#include <vector>

#include "libs/async/async.h"
#include "libs/async/unix_socket.h"
#include "libs/base/limits.h"
#include "libs/base/result.h"

/// HTTP messages as plain structs; Beast stays inside three sources of this folder.
namespace oriel::http {

class BodyWriter;
class WebSocket;

/// Header fields in order; names compare without case.
class Headers {
 public:
  using Field = std::pair<std::string, std::string>;

  Headers() = default;
  Headers(std::initializer_list<Field> fields) : fields_(fields) {}

  /// The first value of that name.
  [[nodiscard]] std::optional<std::string_view> get(std::string_view name) const;
  /// Replaces every field of that name.
  void set(std::string_view name, std::string value);
  /// Adds one more.
  void add(std::string name, std::string value) { fields_.emplace_back(std::move(name), std::move(value)); }
  void remove(std::string_view name);
  [[nodiscard]] std::size_t count(std::string_view name) const;
  [[nodiscard]] std::vector<Field> const& all() const { return fields_; }

 private:
  std::vector<Field> fields_;
};

/// Who is at the other end of the connection.
struct Peer {
  std::string address{};                         ///< `127.0.0.1:4242`, or `unix`
  std::optional<PeerCredentials> credentials{};  ///< of a unix socket
};

/// A request, complete with its body.
struct Request {
  std::string method{};
  std::string target{};  ///< as sent
  std::string path{};    ///< percent-decoded; a target with %2F, %00, or bad escapes never gets this far
  std::vector<std::pair<std::string, std::string>> query{};  ///< decoded, in order
  Headers headers{};
  std::string body{};
  Peer peer{};
  std::map<std::string, std::string, std::less<>>
      parameters{};      ///< of the route's pattern, set by the Router
  std::string action{};  ///< of the route, set by the Router
  std::string id{};      ///< X-Request-Id as our proxy set it (32 hex), else made here; in logs and problems
  std::any subject{};    ///< who asks: set by the router's guard, read by handlers

  /// The first query parameter of that name.
  [[nodiscard]] std::optional<std::string_view> query_value(std::string_view name) const;
  /// A parameter of the route's pattern; asking for one that the pattern lacks is a bug.
  [[nodiscard]] std::string const& parameter(std::string_view name) const;
  /// The first cookie of that name.
  [[nodiscard]] std::optional<std::string> cookie(std::string_view name) const;
};

/// An answer. At most one of `body`, `stream` and `upgrade` is used.
struct Response {
  int status = 200;
  Headers headers{};
  std::string body{};

  /// Writes the body while it is made (server-sent events, logs). Runs after the header was sent; chunked. It
  /// is cancelled when the peer goes away or the server stops, so it may wait for anything. What it captures
  /// lives until it ends.
  std::function<Async<>(BodyWriter&)> stream{};

  /// Accepts a WebSocket upgrade; runs as long as the socket. The request must have been an upgrade, else 426
  /// is answered. It is cancelled when the server stops.
  std::function<Async<>(WebSocket&)> upgrade{};
};

/// Where a streaming answer goes.
class BodyWriter {
 public:
  virtual ~BodyWriter() = default;
  /// Resumes when the kernel has taken the chunk: that is the back-pressure. False: the peer is gone, stop.
  [[nodiscard]] virtual Async<bool> write(std::string chunk) = 0;
  [[nodiscard]] virtual bool peer_gone() const = 0;
};

/// `event: name\ndata: …\n\n` with the data's lines split as server-sent events need it; `id` may be empty.
[[nodiscard]] std::string server_sent_event(std::string_view event, std::string_view data,
                                            std::string_view id = {});

struct WebSocketMessage {
  std::string data;
  bool binary = false;
};

struct WebSocketOptions {
  std::size_t message_bytes = limits::kWebSocketMessageBytes;
  std::chrono::seconds idle = limits::kWebSocketIdle;  ///< ping after half, gone after the whole of it
  std::string subprotocol{};                           ///< answered by a server, offered by a client
};

/// One end of a WebSocket (RFC 6455). One read at a time; writes from several coroutines are put in order and
/// bounded. Belongs to one executor.
class WebSocket {
 public:
  virtual ~WebSocket() = default;

  /// The next message. kUnavailable once the peer closed or is gone: see close_code(). kTooLarge above the
  /// bound.
  [[nodiscard]] virtual Async<Result<WebSocketMessage>> read() = 0;
  /// Resumes when the kernel has taken the message. kUnavailable: closed. kRateLimited: too many writes
  /// already wait.
  [[nodiscard]] virtual Async<Result<>> write(std::string text) = 0;
  [[nodiscard]] virtual Async<Result<>> write_binary(std::string data) = 0;
  /// Sends the close frame and waits a little for the peer's. Codes 4000-4999 are ours.
  [[nodiscard]] virtual Async<> close(std::uint16_t code = 1000, std::string reason = {}) = 0;

  [[nodiscard]] virtual bool is_open() const = 0;
  /// What the peer gave when it closed; 1006 when it just went.
  [[nodiscard]] virtual std::uint16_t close_code() const = 0;
  [[nodiscard]] virtual std::string close_reason() const = 0;
  [[nodiscard]] virtual Peer const& peer() const = 0;
};

/// Standard reason phrase; `Unknown` for codes outside the registry.
[[nodiscard]] std::string_view status_text(int status);

/// A body with its type.
[[nodiscard]] Response text_response(std::string body, int status = 200,
                                     std::string content_type = "text/plain; charset=utf-8");
/// A body that is JSON text already.
[[nodiscard]] Response json_text_response(std::string json, int status = 200);
/// 204.
[[nodiscard]] Response no_content();

/// HTTP status of a Code: the only place that knows.
[[nodiscard]] int status_of(Code code);
/// Code of an HTTP status of somebody else's answer.
[[nodiscard]] Code code_of_status(int status);
/// `{"error":{"code","message","fields":[{"pointer","message"}],"request_id"}}` with its status; internal
/// errors say only that, their message goes to the log.
[[nodiscard]] Response problem(Error const& error, std::string_view request_id = {});
/// The Error inside an answer of ours or of Docker (`{"message":…}`), or its status in words.
[[nodiscard]] Error error_of(Response const& response);

/// A Set-Cookie. Attributes default to the strict side.
struct Cookie {
  std::string name;
  std::string value;
  std::string path = "/";
  std::optional<std::chrono::seconds> max_age{};  ///< absent: until the browser ends; 0: remove
  bool http_only = true;
  bool secure = true;
  std::string same_site = "Lax";
};
void set_cookie(Response& response, Cookie const& cookie);

}  // namespace oriel::http
