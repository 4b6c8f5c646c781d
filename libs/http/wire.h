#pragma once

// Inside libs/http only: what its three Beast sources share.

#include <memory>
#include <string>

#include <boost/asio/as_tuple.hpp>
#include <boost/asio/generic/stream_protocol.hpp>
#include <boost/asio/use_awaitable.hpp>
#include <boost/beast/core/basic_stream.hpp>
#include <boost/beast/core/flat_buffer.hpp>
#include <boost/beast/http/message.hpp>
#include <boost/beast/http/string_body.hpp>

#include "libs/base/file_descriptor.h"
#include "libs/base/uri.h"
#include "libs/http/message.h"

namespace oriel::http {

/// Unix and TCP sockets alike: one instantiation of Beast for both.
using Socket = boost::asio::generic::stream_protocol::socket;
using Stream =
    boost::beast::basic_stream<boost::asio::generic::stream_protocol, boost::asio::any_io_executor>;

inline constexpr auto kTuple = boost::asio::as_tuple(boost::asio::use_awaitable);

/// Cancellation is an exception, every other failure a value.
inline void rethrow_cancellation(boost::system::error_code error) {
  if (error == boost::asio::error::operation_aborted) throw boost::system::system_error(error);
}

/// A listening socket at the endpoint, non-blocking.
[[nodiscard]] Result<FileDescriptor> listen_at(Endpoint const& endpoint,
                                               UnixListenOptions const& unix_options);
/// The family of a socket, for generic::stream_protocol.
[[nodiscard]] int family_of(int socket);
[[nodiscard]] std::uint16_t local_port(int socket);
[[nodiscard]] Peer peer_of(int socket);

/// A connected stream; kUnavailable, kNotFound or kTimeout otherwise. Names are resolved on a thread of
/// Asio's.
[[nodiscard]] Async<Result<std::unique_ptr<Stream>>> connect_stream(Executor executor, Endpoint endpoint);

/// Start line and fields as bytes, with an empty line after them; kInternal when a field would break out of
/// its line.
[[nodiscard]] Result<std::string> serialise_head(std::string start_line, Headers const& headers);

/// Takes the request of an upgrade, answers 101 and gives the socket.
[[nodiscard]] Async<Result<std::unique_ptr<WebSocket>>> accept_web_socket(
    std::unique_ptr<Stream> stream,
    boost::beast::http::request<boost::beast::http::string_body> const& request, Headers headers, Peer peer,
    WebSocketOptions options);

}  // namespace oriel::http
