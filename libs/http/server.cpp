#include "libs/http/server.h"

#include <cstdio>
#include <list>
#include <optional>

#include <boost/asio/posix/stream_descriptor.hpp>
#include <boost/asio/this_coro.hpp>
#include <boost/asio/write.hpp>
#include <boost/beast/core/error.hpp>
#include <boost/beast/http/parser.hpp>
#include <boost/beast/http/read.hpp>
#include <boost/beast/http/string_body.hpp>
#include <boost/beast/websocket/rfc6455.hpp>
#include <sys/socket.h>
#include <sys/stat.h>
#include <unistd.h>

#include "libs/async/deadline.h"
#include "libs/async/event.h"
#include "libs/async/first_of.h"
#include "libs/async/sleep.h"
#include "libs/async/task_group.h"
#include "libs/base/log.h"
#include "libs/base/scope_exit.h"
#include "libs/base/text.h"
#include "libs/http/wire.h"

namespace oriel::http {

namespace net = boost::asio;
namespace beast = boost::beast;
using Parser = beast::http::request_parser<beast::http::string_body>;

namespace {

/// Why a request cannot be answered by a handler, with the status that says so.
struct Refusal {
  int status;
  std::string message;
};

/// The checks of RFC 9112 that keep two parsers in a row of one mind about where a request ends.
std::optional<Refusal> framing_fault(Parser::value_type const& message) {
  namespace field = beast::http;
  auto const lengths = message.count(field::field::content_length);
  auto const codings = message.count(field::field::transfer_encoding);
  if (lengths > 1) return Refusal{400, "more than one Content-Length"};
  if (lengths == 1) {
    auto const value = std::string_view(message[field::field::content_length]);
    if (value.empty() || value.find_first_not_of("0123456789") != std::string_view::npos) {
      return Refusal{400, "Content-Length is no number"};
    }
  }
  if (codings > 0) {
    if (lengths > 0) return Refusal{400, "Content-Length and Transfer-Encoding together"};
    if (message.version() < 11) return Refusal{400, "Transfer-Encoding in HTTP/1.0"};
    if (codings > 1 ||
        !equal_ignoring_case(std::string_view(message[field::field::transfer_encoding]), "chunked")) {
      return Refusal{501, "only the chunked transfer coding is known here"};
    }
  }
  if (message.version() != 11 && message.version() != 10) return Refusal{505, "speak HTTP/1.1"};
  auto const hosts = message.count(field::field::host);
  if (hosts > 1 || (hosts == 0 && message.version() == 11)) return Refusal{400, "exactly one Host is needed"};
  return std::nullopt;
}

/// Fills target, path and query.
std::optional<Refusal> read_target(std::string_view target, Request& request) {
  if (target.size() > limits::kHttpTargetBytes) return Refusal{414, "the address is too long"};
  if (!target.starts_with('/')) return Refusal{400, "the address must begin with a slash"};
  request.target = std::string(target);
  auto const mark = target.find('?');
  auto const raw_path = target.substr(0, mark);
  if (lower_ascii(raw_path).find("%2f") != std::string::npos)
    return Refusal{400, "an encoded slash in the path"};
  auto path = percent_decode(raw_path);
  if (!path || path->find('\0') != std::string::npos || !is_utf8(*path)) {
    return Refusal{400, "the path holds a broken escape"};
  }
  for (auto const piece : split(*path, '/')) {
    if (piece == "." || piece == "..") return Refusal{400, "dots in the path"};
  }
  request.path = std::move(*path);
  if (mark == std::string_view::npos) return std::nullopt;
  for (auto const pair : split(target.substr(mark + 1), '&')) {
    if (pair.empty()) continue;
    if (request.query.size() >= limits::kHttpQueryParameters)
      return Refusal{414, "too many query parameters"};
    auto const parts = split(pair, '=', 2);
    auto key = percent_decode(parts[0], true);
    auto value = percent_decode(parts.size() > 1 ? parts[1] : std::string_view(), true);
    if (!key || !value || !is_utf8(*key) || !is_utf8(*value))
      return Refusal{400, "the query holds a broken escape"};
    if (key->find('\0') != std::string::npos || value->find('\0') != std::string::npos)
      return Refusal{400, "the query holds a zero byte"};
    request.query.emplace_back(std::move(*key), std::move(*value));
  }
  return std::nullopt;
}

std::string request_id_of(Headers const& headers) {
  // Only our proxy reaches us, and it overwrites what clients send.
  if (auto const given = headers.get("x-request-id")) {
    if (auto const id = RequestId::parse(*given)) return id->text();
  }
  return RequestId::random().text();
}

bool has_body(int status) { return status >= 200 && status != 204 && status != 304; }

Response refusal_response(Refusal const& refusal, std::string_view id) {
  auto response = problem(fail(Code::kInvalid, refusal.message), id);
  response.status = refusal.status;
  // No finisher sees it: nothing in it may be taken for a page.
  for (auto const& [name, value] : std::initializer_list<std::pair<std::string_view, std::string_view>>{
           {"Content-Security-Policy", "default-src 'none'; frame-ancestors 'none'"},
           {"X-Content-Type-Options", "nosniff"},
           {"Referrer-Policy", "same-origin"},
           {"Cross-Origin-Opener-Policy", "same-origin"},
           {"Cross-Origin-Resource-Policy", "same-origin"},
           {"Cache-Control", "no-store"}})
    response.headers.set(name, std::string(value));
  return response;
}

/// Of a unix socket's name; 0 for anything else.
ino_t inode_of(Endpoint const& endpoint) {
  struct stat present{};
  if (endpoint.kind != Endpoint::Kind::kUnix || ::stat(endpoint.path.c_str(), &present) != 0) return 0;
  return present.st_ino;
}

Async<Response> contain(Handler const& handler, Request request) {
  auto const id = request.id;
  bool aborted = false;
  std::string what;
  try {
    auto working = handler(std::move(request));
    auto response = co_await std::move(working);
    co_return response;
  } catch (boost::system::system_error const& error) {
    aborted = error.code() == net::error::operation_aborted;
    what = error.what();
  } catch (std::exception const& error) {
    what = error.what();
  }
  auto const state = co_await net::this_coro::cancellation_state;
  if (aborted && state.cancelled() != net::cancellation_type::none) {
    throw boost::system::system_error(net::error::operation_aborted);
  }
  co_return problem(fail(Code::kInternal, what), id);
}

}  // namespace

class ServerImplementation final : public Server {
 public:
  ServerImplementation(Executor executor, ServerOptions options, FileDescriptor listening, Router* router,
                       Handler handler)
      : executor_(executor),
        options_(std::move(options)),
        port_(local_port(listening.get())),
        inode_(inode_of(options_.endpoint)),
        acceptor_(executor, listening.release()),
        router_(router),
        handler_(std::move(handler)),
        tasks_(executor),
        accepting_(executor),
        stopping_(executor) {
    accepting_.spawn(accept(), "accept connections at " + options_.endpoint.text());
  }

  Async<> stop() override {
    stopping_.set();
    co_await accepting_.stop();
    boost::system::error_code ignored;
    acceptor_.close(ignored);
    // A successor may have put its own socket there already.
    if (inode_ != 0 && inode_of(options_.endpoint) == inode_) ::unlink(options_.endpoint.path.c_str());
    for (auto* connection : connections_) {
      // Nothing is being answered on it: its read ends, and with it the connection.
      if (connection->idle) connection->stream->cancel();
      // As if its peer had gone. A task for each stream that waits for this would cost more than the stream.
      if (connection->streaming) connection->stream->socket().shutdown(Socket::shutdown_receive, ignored);
    }
    auto polite = co_await with_deadline(tasks_.wait(), limits::kHttpStop, "end connections");
    (void)polite;
    co_await tasks_.stop();
  }

  std::uint16_t port() const override { return port_; }
  std::size_t connections() const override { return connections_.size(); }

 private:
  struct Connection {
    std::unique_ptr<Stream> stream;
    beast::flat_buffer buffer{limits::kHttpHeaderBytes + 64 * 1024};
    Peer peer;
    bool idle = true;
    bool keep = true;
    bool streaming = false;  // a body that may last; its peer is watched
  };

  /// What comes after a request: the connection's next one, its end, or a body that is written as it arises.
  struct Outcome {
    Outcome(bool go_on_) : go_on(go_on_) {}  // NOLINT(google-explicit-constructor): most requests end so
    bool go_on;
    std::optional<Response> stream{};
    bool is_head = false;
  };

  class Writer final : public BodyWriter {
   public:
    explicit Writer(Stream& stream) : stream_(stream) {}
    Async<bool> write(std::string chunk) override {
      if (gone_) co_return false;
      if (chunk.empty()) co_return true;  // An empty chunk would end the body.
      char size[24];
      std::snprintf(size, sizeof size, "%zx\r\n", chunk.size());
      std::string framed = size;
      framed += chunk;
      framed += "\r\n";
      bool const written = co_await write_all(stream_, std::move(framed));
      if (!written) gone_ = true;
      co_return written;
    }
    bool peer_gone() const override { return gone_; }
    void set_gone() { gone_ = true; }

   private:
    Stream& stream_;
    bool gone_ = false;
  };

  static Async<bool> write_all(Stream& stream, std::string bytes) {
    stream.expires_after(limits::kHttpWriteDeadline);
    auto const buffer = net::buffer(bytes);
    auto const [error, size] = co_await net::async_write(stream, buffer, kTuple);
    stream.expires_never();
    rethrow_cancellation(error);
    co_return !error;
  }

  Async<> accept() {
    for (;;) {
      int const accepted =
          ::accept4(acceptor_.native_handle(), nullptr, nullptr, SOCK_CLOEXEC | SOCK_NONBLOCK);
      int const error = errno;
      if (accepted >= 0) {
        FileDescriptor socket(accepted);
        if (connections_.size() >= options_.connections)
          continue;  // Closed at once: better than an endless queue.
        tasks_.spawn(serve(std::move(socket)), "connection");
        continue;
      }
      if (error == EINTR || error == ECONNABORTED) continue;
      if (error == EAGAIN || error == EWOULDBLOCK) {
        co_await acceptor_.async_wait(net::posix::stream_descriptor::wait_read, net::use_awaitable);
        continue;
      }
      // Out of descriptors or memory: others must end first.
      log::error("cannot accept a connection", {{"reason", fail_errno("accept", error)}});
      co_await sleep_for(std::chrono::milliseconds(100));
    }
  }

  Async<> serve(FileDescriptor socket) {
    auto connection = std::make_unique<Connection>();
    connection->peer = peer_of(socket.get());
    net::generic::stream_protocol const protocol(family_of(socket.get()), 0);
    Socket native(executor_, protocol, socket.release());
    connection->stream = std::make_unique<Stream>(std::move(native));
    auto const entry = connections_.insert(connections_.end(), connection.get());
    ScopeExit const forget([&] { connections_.erase(entry); });

    while (connection->keep && connection->stream && !stopping_.is_set()) {
      auto outcome = co_await serve_one(*connection);
      // Here, where nothing of the request is kept any more: a stream may last for hours.
      if (outcome.stream)
        outcome.go_on = co_await send_stream(*connection, std::move(*outcome.stream), outcome.is_head);
      if (!outcome.go_on) break;
    }
    if (connection->stream) {
      boost::system::error_code ignored;
      connection->stream->socket().shutdown(Socket::shutdown_both, ignored);
    }
  }

  /// One request and its answer, but for the body of a stream.
  Async<Outcome> serve_one(Connection& connection) {
    auto& stream = *connection.stream;
    Parser parser;
    parser.header_limit(limits::kHttpHeaderBytes);
    parser.body_limit(boost::none);

    // The first byte may take its time; from then on the header has a deadline.
    connection.idle = true;
    if (connection.buffer.size() == 0) {
      stream.expires_after(limits::kHttpIdle);
      auto space = connection.buffer.prepare(4096);
      auto const [error, size] = co_await stream.async_read_some(space, kTuple);
      if (error == net::error::operation_aborted && stopping_.is_set()) co_return false;
      rethrow_cancellation(error);
      if (error) co_return false;
      connection.buffer.commit(size);
    }
    connection.idle = false;
    stream.expires_after(limits::kHttpHeaderDeadline);
    auto const [header_error, header_size] =
        co_await beast::http::async_read_header(stream, connection.buffer, parser, kTuple);
    rethrow_cancellation(header_error);
    if (header_error) {
      bool const silent = header_error == beast::http::error::end_of_stream ||
                          header_error == net::error::eof || header_error == net::error::connection_reset;
      if (silent) co_return false;
      Refusal refusal{400, "this is not HTTP/1.1: " + header_error.message()};
      if (header_error == beast::http::error::header_limit ||
          header_error == beast::http::error::buffer_overflow) {
        refusal = {431, "the header is larger than 16 KiB"};
      } else if (header_error == beast::error::timeout) {
        refusal = {408, "the request's header did not come in time"};
      }
      co_return co_await refuse(connection, std::move(refusal));
    }

    auto const& head = parser.get();
    Request request;
    request.method = std::string(std::string_view(head.method_string()));
    request.peer = connection.peer;
    for (auto const& field : head) {
      request.headers.add(std::string(std::string_view(field.name_string())),
                          std::string(std::string_view(field.value())));
    }
    request.id = request_id_of(request.headers);
    auto refusal = framing_fault(head);
    if (!refusal) refusal = read_target(std::string_view(head.target()), request);
    if (refusal) co_return co_await refuse(connection, std::move(*refusal), request.id);
    connection.keep = head.keep_alive();

    auto const route_limits =
        router_ != nullptr ? router_->limits_of(request.method, request.path) : RouteLimits{};
    if (auto const length = parser.content_length(); length && *length > route_limits.body_bytes) {
      Refusal too_large{413, "the body is larger than " + std::to_string(route_limits.body_bytes) + " bytes"};
      co_return co_await refuse(connection, std::move(too_large), request.id);
    }
    parser.body_limit(route_limits.body_bytes);
    if (!parser.is_done()) {
      if (auto const expected = request.headers.get("expect")) {
        if (!equal_ignoring_case(*expected, "100-continue")) {
          Refusal unknown{417, "unknown expectation"};
          co_return co_await refuse(connection, std::move(unknown), request.id);
        }
        bool const told = co_await write_all(stream, "HTTP/1.1 100 Continue\r\n\r\n");
        if (!told) co_return false;
      }
      stream.expires_after(limits::kHttpBodyDeadline);
      auto const [body_error, body_size] =
          co_await beast::http::async_read(stream, connection.buffer, parser, kTuple);
      rethrow_cancellation(body_error);
      if (body_error) {
        if (body_error == beast::http::error::body_limit ||
            body_error == beast::http::error::buffer_overflow) {
          Refusal too_large{413,
                            "the body is larger than " + std::to_string(route_limits.body_bytes) + " bytes"};
          co_return co_await refuse(connection, std::move(too_large), request.id);
        }
        Refusal broken{400, "the body is broken: " + body_error.message()};
        co_return co_await refuse(connection, std::move(broken), request.id);
      }
    }
    stream.expires_never();

    bool const is_upgrade = beast::websocket::is_upgrade(parser.get());
    bool const is_head = request.method == "HEAD";
    request.body = std::move(parser.get().body());
    auto const id = request.id;
    auto response = co_await contain(handler_, std::move(request));

    if (response.upgrade) {
      if (is_upgrade) {
        co_await run_web_socket(connection, parser.get(), std::move(response));
        co_return false;
      }
      response = refusal_response({426, "ask for an upgrade to WebSocket here"}, id);
      response.headers.set("Upgrade", "websocket");
    }
    if (response.stream) {
      if (connection.buffer.size() == 0) connection.buffer.shrink_to_fit();
      Outcome outcome(true);
      outcome.is_head = is_head;
      outcome.stream = std::move(response);
      co_return outcome;
    }
    co_return co_await send(connection, std::move(response), is_head);
  }

  std::string start_line(Connection& connection, Response& response) const {
    if (!options_.server_header.empty()) response.headers.set("Server", options_.server_header);
    if (stopping_.is_set()) connection.keep = false;
    response.headers.set("Connection", connection.keep ? "keep-alive" : "close");
    return "HTTP/1.1 " + std::to_string(response.status) + " " + std::string(status_text(response.status));
  }

  Async<bool> send(Connection& connection, Response response, bool is_head) {
    auto line = start_line(connection, response);
    response.headers.remove("transfer-encoding");
    if (has_body(response.status)) {
      response.headers.set("Content-Length", std::to_string(response.body.size()));
    } else {
      response.headers.remove("content-length");
      response.body.clear();
    }
    auto head = serialise_head(std::move(line), response.headers);
    if (!head) {
      log::error("an answer cannot be sent", {{"reason", head.error()}});
      co_return false;
    }
    auto bytes = std::move(*head);
    if (!is_head) bytes += response.body;
    co_return co_await write_all(*connection.stream, std::move(bytes));
  }

  /// Answers what never became a request, and closes: where the next one would begin is not known.
  Async<bool> refuse(Connection& connection, Refusal refusal, std::string id = {}) {
    connection.keep = false;
    auto response = refusal_response(refusal, id);
    bool const sent = co_await send(connection, std::move(response), false);
    if (sent) {
      // What the peer is still sending would turn our close into a reset that swallows the answer.
      boost::system::error_code ignored;
      connection.stream->socket().shutdown(Socket::shutdown_send, ignored);
      connection.stream->expires_after(std::chrono::seconds(1));
      std::string sink(16 * 1024, '\0');
      for (int i = 0; i < 64; ++i) {
        auto const space = net::buffer(sink);
        auto const [error, size] = co_await connection.stream->async_read_some(space, kTuple);
        rethrow_cancellation(error);
        if (error) break;
      }
    }
    co_return false;
  }

  Async<> watch_peer(Connection& connection, Writer& writer) {
    auto& socket = connection.stream->socket();
    for (;;) {
      auto const [error] = co_await socket.async_wait(Socket::wait_read, kTuple);
      rethrow_cancellation(error);
      char byte = 0;
      auto const got = ::recv(socket.native_handle(), &byte, 1, MSG_PEEK | MSG_DONTWAIT);
      if (got > 0) {
        // The next request already: no business of a watcher, and readable from now on, so stop looking.
        co_await stopping_.wait();
        co_return;
      }
      if (got == 0 || (errno != EAGAIN && errno != EINTR)) {
        writer.set_gone();
        co_return;
      }
    }
  }

  Async<bool> send_stream(Connection& connection, Response response, bool is_head) {
    auto line = start_line(connection, response);
    response.headers.remove("content-length");
    response.headers.set("Transfer-Encoding", "chunked");
    auto head = serialise_head(std::move(line), response.headers);
    if (!head) {
      log::error("an answer cannot be sent", {{"reason", head.error()}});
      co_return false;
    }
    auto bytes = std::move(*head);
    bool const begun = co_await write_all(*connection.stream, std::move(bytes));
    if (!begun || is_head) co_return begun;
    if (stopping_.is_set()) co_return false;

    connection.streaming = true;
    ScopeExit const over([&] { connection.streaming = false; });
    Writer writer(*connection.stream);
    bool complete = false;
    auto body = run_stream(response.stream, writer, complete);
    auto watching = watch_peer(connection, writer);
    co_await first_of(std::move(body), std::move(watching));
    // A body that was cut short must not look whole: without the last chunk the peer knows.
    if (!complete || writer.peer_gone()) co_return false;
    co_return co_await write_all(*connection.stream, "0\r\n\r\n");
  }

  static Async<> run_stream(std::function<Async<>(BodyWriter&)> const& stream, Writer& writer,
                            bool& complete) {
    bool aborted = false;
    std::string what;
    try {
      auto working = stream(writer);
      co_await std::move(working);
      complete = true;
      co_return;
    } catch (boost::system::system_error const& error) {
      aborted = error.code() == net::error::operation_aborted;
      what = error.what();
    } catch (std::exception const& error) {
      what = error.what();
    }
    if (aborted) throw boost::system::system_error(net::error::operation_aborted);
    log::error("a streaming answer failed", {{"reason", what}});
  }

  Async<> run_web_socket(Connection& connection, Parser::value_type const& request, Response response) {
    auto accepted = co_await accept_web_socket(std::move(connection.stream), request, response.headers,
                                               connection.peer, options_.web_socket);
    if (!accepted) co_return;
    auto const socket = std::move(*accepted);
    auto working = response.upgrade(*socket);
    auto stopping = say_going_away(*socket);
    std::string what;
    try {
      co_await first_of(std::move(working), std::move(stopping));
    } catch (boost::system::system_error const& error) {
      if (error.code() == net::error::operation_aborted) throw;
      what = error.what();
    } catch (std::exception const& error) {
      what = error.what();
    }
    if (!what.empty()) log::error("a WebSocket's handler failed", {{"reason", what}});
    if (!socket->is_open()) co_return;
    std::uint16_t const code = what.empty() ? 1000 : 1011;
    co_await socket->close(code);
  }

  /// Closes first and lets the handler see it: cancelling its read would break the stream, and with it the
  /// close frame.
  Async<> say_going_away(WebSocket& socket) {
    co_await stopping_.wait();
    co_await socket.close(1001, "the service is stopping");
    co_await sleep_for(std::chrono::milliseconds(500));
  }

  Executor executor_;
  ServerOptions options_;
  std::uint16_t port_;
  ino_t inode_;
  net::posix::stream_descriptor acceptor_;
  Router* router_;
  Handler handler_;
  std::list<Connection*> connections_;
  TaskGroup tasks_;
  TaskGroup accepting_;
  Event stopping_;
};

Result<std::unique_ptr<Server>> Server::listen(Executor executor, ServerOptions options, Router& router) {
  auto checked = router.check();
  if (!checked) return checked.error();
  auto listening = listen_at(options.endpoint, options.unix_options);
  if (!listening) return listening.error();
  return std::make_unique<ServerImplementation>(
      executor, std::move(options), std::move(*listening), &router,
      [&router](Request request) { return router.handle(std::move(request)); });
}

Result<std::unique_ptr<Server>> Server::listen(Executor executor, ServerOptions options, Handler handler) {
  auto listening = listen_at(options.endpoint, options.unix_options);
  if (!listening) return listening.error();
  return std::make_unique<ServerImplementation>(executor, std::move(options), std::move(*listening), nullptr,
                                                std::move(handler));
}

}  // namespace oriel::http
