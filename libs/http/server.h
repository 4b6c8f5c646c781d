#pragma once

#include <cstdint>
#include <memory>

#include "libs/base/uri.h"
#include "libs/http/router.h"

namespace oriel::http {

struct ServerOptions {
  Endpoint endpoint{};               ///< unix or tcp
  UnixListenOptions unix_options{};  ///< mode and owner of a unix socket
  std::size_t connections = limits::kHttpConnections;
  WebSocketOptions web_socket{};
  std::string server_header{};  ///< `Server:`; empty: none
};

/// HTTP/1.1 (RFC 9112) with keep-alive, bounded headers, bodies and times. Refuses what smuggles: two
/// Content-Length, or Content-Length with Transfer-Encoding, other codings. A folded line is read as one; the
/// proxy lets none through. Belongs to one executor.
class Server {
 public:
  /// Listens and serves from now on. The router must outlive the server; its check() decides whether it
  /// starts.
  [[nodiscard]] static Result<std::unique_ptr<Server>> listen(Executor executor, ServerOptions options,
                                                              Router& router);
  /// The same with one handler for everything: for tests and tiny services.
  [[nodiscard]] static Result<std::unique_ptr<Server>> listen(Executor executor, ServerOptions options,
                                                              Handler handler);

  virtual ~Server() = default;

  /// Stops accepting, lets requests in progress end for limits::kHttpStop, then cancels them. Required before
  /// destruction.
  [[nodiscard]] virtual Async<> stop() = 0;
  /// Of a tcp listener.
  [[nodiscard]] virtual std::uint16_t port() const = 0;
  [[nodiscard]] virtual std::size_t connections() const = 0;
};

}  // namespace oriel::http
