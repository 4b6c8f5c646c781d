#include "libs/http/client.h"

#include <vector>

#include <boost/asio/write.hpp>
#include <boost/beast/core/error.hpp>
#include <boost/beast/http/buffer_body.hpp>
#include <boost/beast/http/parser.hpp>
#include <boost/beast/http/read.hpp>
#include <sys/socket.h>

#include "libs/async/deadline.h"
#include "libs/base/text.h"
#include "libs/http/wire.h"

namespace oriel::http {

namespace net = boost::asio;
namespace beast = boost::beast;
using Parser = beast::http::response_parser<beast::http::buffer_body>;

namespace {

constexpr std::size_t kChunkBytes = 32 * 1024;

struct Connection {
  std::unique_ptr<Stream> stream;
  beast::flat_buffer buffer{limits::kHttpHeaderBytes + 64 * 1024};
  bool used = false;  ///< Has carried an exchange before: the server may have closed it meanwhile.
};

/// An exchange after its header.
struct Exchange {
  std::unique_ptr<Connection> connection;
  std::unique_ptr<Parser> parser;
  Response head;
};

/// The other end has closed it, or says something that nobody asked for.
bool is_stale(Stream& stream) {
  char byte = 0;
  auto const got = ::recv(stream.socket().native_handle(), &byte, 1, MSG_PEEK | MSG_DONTWAIT);
  return got >= 0 || (errno != EAGAIN && errno != EWOULDBLOCK);
}

}  // namespace

struct Client::State {
  Executor executor;
  Endpoint endpoint;
  ClientOptions options;
  std::vector<std::unique_ptr<Connection>> idle;

  std::string name(ClientRequest const& request) const {
    return request.method + " " + request.target.substr(0, request.target.find('?'));
  }

  Async<Result<std::unique_ptr<Connection>>> connection(bool fresh) {
    while (!fresh && !idle.empty()) {
      auto kept = std::move(idle.back());
      idle.pop_back();
      if (!is_stale(*kept->stream)) co_return kept;
    }
    auto stream = co_await connect_stream(executor, endpoint);
    if (!stream) co_return stream.error();
    auto connected = std::make_unique<Connection>();
    connected->stream = std::move(*stream);
    co_return connected;
  }

  void keep(std::unique_ptr<Connection> connection) {
    if (idle.size() >= options.idle_connections || connection->buffer.size() > 0) return;
    connection->used = true;
    connection->stream->expires_never();
    idle.push_back(std::move(connection));
  }

  Result<std::string> serialise(ClientRequest const& request) const {
    auto headers = request.headers;
    if (!headers.get("host")) headers.set("Host", options.host);
    headers.remove("transfer-encoding");
    bool const has_body = !request.body.empty() || request.method == "POST" || request.method == "PUT" ||
                          request.method == "PATCH";
    if (has_body) headers.set("Content-Length", std::to_string(request.body.size()));
    if (!headers.get("accept")) headers.set("Accept", "*/*");
    if (request.target.empty() || request.target.find_first_of(" \r\n") != std::string::npos) {
      return fail(Code::kInvalid, name(request) + ": the target holds what it must not");
    }
    auto head = serialise_head(request.method + " " + request.target + " HTTP/1.1", headers);
    if (!head) return head.error();
    *head += request.body;
    return std::move(*head);
  }

  /// Sends, and reads the header of the answer.
  Async<Result<Exchange>> begin(ClientRequest const& request) {
    auto bytes = serialise(request);
    if (!bytes) co_return bytes.error();
    for (int attempt = 0;; ++attempt) {
      auto connected = co_await connection(attempt > 0);
      if (!connected) co_return connected.error();
      auto one = std::move(*connected);
      Exchange exchange;
      exchange.parser = std::make_unique<Parser>();
      exchange.parser->header_limit(limits::kHttpHeaderBytes);
      exchange.parser->body_limit(boost::none);
      if (request.method == "HEAD") exchange.parser->skip(true);
      auto const out = net::buffer(*bytes);
      auto const [write_error, written] = co_await net::async_write(*one->stream, out, kTuple);
      rethrow_cancellation(write_error);
      boost::system::error_code error = write_error;
      if (!error) {
        auto const [read_error, got] =
            co_await beast::http::async_read_header(*one->stream, one->buffer, *exchange.parser, kTuple);
        rethrow_cancellation(read_error);
        error = read_error;
      }
      if (error) {
        // A kept connection that the server closed between two exchanges: nothing was answered, so once more.
        bool const nothing_came = one->buffer.size() == 0 && !exchange.parser->got_some();
        if (one->used && nothing_came && attempt == 0) continue;
        co_return fail(Code::kUnavailable, name(request) + ": " + error.message());
      }
      auto const& head = exchange.parser->get();
      exchange.head.status = static_cast<int>(head.result_int());
      for (auto const& field : head) {
        exchange.head.headers.add(std::string(std::string_view(field.name_string())),
                                  std::string(std::string_view(field.value())));
      }
      exchange.connection = std::move(one);
      co_return exchange;
    }
  }

  /// The next piece of the body; empty at its end.
  Async<Result<std::string>> next(Exchange& exchange, std::string const& what) {
    auto& parser = *exchange.parser;
    if (parser.is_done()) co_return std::string();
    std::string chunk(kChunkBytes, '\0');
    auto& body = parser.get().body();
    for (;;) {
      body.data = chunk.data();
      body.size = chunk.size();
      body.more = true;
      auto const [error, got] = co_await beast::http::async_read_some(
          *exchange.connection->stream, exchange.connection->buffer, parser, kTuple);
      rethrow_cancellation(error);
      if (error && error != beast::http::error::need_buffer) {
        co_return fail(Code::kUnavailable, what + ": the answer broke off: " + error.message());
      }
      auto const filled = chunk.size() - body.size;
      if (filled > 0 || parser.is_done()) {
        chunk.resize(filled);
        if (filled > 0 || parser.is_done()) co_return chunk;
      }
    }
  }

  Async<Result<Response>> collect(Exchange exchange, std::size_t limit, std::string what) {
    auto response = std::move(exchange.head);
    for (;;) {
      auto chunk = co_await next(exchange, what);
      if (!chunk) co_return chunk.error();
      if (response.body.size() + chunk->size() > limit) {
        co_return fail(Code::kTooLarge,
                       what + ": the answer is larger than " + std::to_string(limit) + " bytes");
      }
      response.body += *chunk;
      if (exchange.parser->is_done()) break;
    }
    if (exchange.parser->get().keep_alive()) keep(std::move(exchange.connection));
    co_return response;
  }

  Async<Result<Response>> exchange(ClientRequest request) {
    auto begun = co_await begin(request);
    if (!begun) co_return begun.error();
    auto what = name(request);
    auto collecting = collect(std::move(*begun), request.answer_bytes, std::move(what));
    auto response = co_await std::move(collecting);
    co_return response;
  }

  Async<Result<Exchange>> begin_owned(ClientRequest request) {
    auto begun = co_await begin(request);
    co_return begun;
  }
};

Client::Client(Executor executor, Endpoint endpoint, ClientOptions options)
    : state_(
          std::make_unique<State>(State{std::move(executor), std::move(endpoint), std::move(options), {}})) {}
Client::~Client() = default;

Endpoint const& Client::endpoint() const { return state_->endpoint; }

Async<Result<Response>> Client::send(ClientRequest request) {
  auto const deadline = request.deadline;
  auto what = state_->name(request);
  auto work = state_->exchange(std::move(request));
  return with_deadline(std::move(work), deadline, std::move(what));
}

Async<Result<json::Value>> Client::call(std::string method, std::string target,
                                        std::optional<json::Value> body,
                                        std::chrono::steady_clock::duration deadline) {
  ClientRequest request;
  request.method = std::move(method);
  request.target = std::move(target);
  request.deadline = deadline;
  if (body) {
    request.body = json::text(*body);
    request.headers.set("Content-Type", "application/json");
  }
  auto const what = state_->name(request);
  json::ParseLimits const parse_limits{.bytes = request.answer_bytes, .depth = limits::kJsonDepth * 2};
  auto response = co_await send(std::move(request));
  if (!response) co_return response.error();
  if (response->status < 200 || response->status > 299) co_return error_of(*response).within(what);
  if (trim(response->body).empty()) co_return json::Value(nullptr);
  auto value = json::parse(response->body, parse_limits);
  if (!value) co_return fail(Code::kInternal, what + ": " + value.error().message);
  co_return value;
}

Async<Result<Response>> Client::stream(ClientRequest request,
                                       std::function<Async<Result<>>(std::string chunk)> on_chunk) {
  auto const what = state_->name(request);
  auto const deadline = request.deadline;
  auto const silence = request.silence;
  auto const limit = request.answer_bytes;
  auto const on_open = std::move(request.on_open);
  auto beginning = state_->begin_owned(std::move(request));
  auto begun = co_await with_deadline(std::move(beginning), deadline, what);
  if (!begun) co_return begun.error();
  auto exchange = std::move(*begun);
  if (exchange.head.status < 200 || exchange.head.status > 299) {
    auto collecting = state_->collect(std::move(exchange), limit, what);
    auto response = co_await with_deadline(std::move(collecting), deadline, what);
    co_return response;
  }
  if (on_open) on_open();
  while (!exchange.parser->is_done()) {
    auto reading = state_->next(exchange, what);
    auto chunk = Result<std::string>(std::string());
    if (silence > std::chrono::steady_clock::duration::zero()) {
      chunk = co_await with_deadline(std::move(reading), silence, what);
    } else {
      chunk = co_await std::move(reading);
    }
    if (!chunk) co_return chunk.error();
    if (chunk->empty()) break;
    auto handling = on_chunk(std::move(*chunk));
    auto handled = co_await std::move(handling);
    if (!handled) co_return handled.error();
  }
  auto response = std::move(exchange.head);
  if (exchange.parser->get().keep_alive()) state_->keep(std::move(exchange.connection));
  co_return response;
}

namespace {

/// Cuts a stream into lines; each line is a message of its own.
Async<Result<>> feed_lines(std::string& partial, std::string chunk,
                           std::function<Async<Result<>>(std::string line)>& on_line, std::size_t limit) {
  std::string_view rest = chunk;
  for (;;) {
    auto const at = rest.find('\n');
    if (at == std::string_view::npos) break;
    auto line = std::move(partial) + std::string(rest.substr(0, at));
    partial.clear();
    rest.remove_prefix(at + 1);
    if (line.ends_with('\r')) line.pop_back();
    if (line.size() > limit)
      co_return fail(Code::kTooLarge, "a line is larger than " + std::to_string(limit) + " bytes");
    auto handling = on_line(std::move(line));
    auto handled = co_await std::move(handling);
    if (!handled) co_return handled;
  }
  partial += rest;
  if (partial.size() > limit)
    co_return fail(Code::kTooLarge, "a line is larger than " + std::to_string(limit) + " bytes");
  co_return Result<>();
}

}  // namespace

Async<Result<Response>> Client::stream_lines(ClientRequest request,
                                             std::function<Async<Result<>>(std::string line)> on_line,
                                             std::size_t line_bytes) {
  std::string partial;
  std::function<Async<Result<>>(std::string)> on_chunk = [&partial, &on_line, line_bytes](std::string chunk) {
    return feed_lines(partial, std::move(chunk), on_line, line_bytes);
  };
  auto response = co_await stream(std::move(request), std::move(on_chunk));
  if (response && !partial.empty() && response->status < 300) {
    auto handling = on_line(std::move(partial));
    auto handled = co_await std::move(handling);
    if (!handled) co_return handled.error();
  }
  co_return response;
}

}  // namespace oriel::http
