#include "libs/async/unix_socket.h"

#include <array>
#include <cerrno>
#include <cstring>

#include <boost/asio/as_tuple.hpp>
#include <boost/asio/local/stream_protocol.hpp>
#include <boost/asio/use_awaitable.hpp>
#include <fcntl.h>
#include <sys/socket.h>
#include <sys/stat.h>
#include <sys/un.h>
#include <unistd.h>

#include "libs/base/scope_exit.h"
#include "libs/base/text.h"

namespace oriel {

namespace net = boost::asio;
using Protocol = net::local::stream_protocol;

namespace {

constexpr auto kTuple = net::as_tuple(net::use_awaitable);

Result<sockaddr_un> unix_address(std::string const& path) {
  sockaddr_un address{};
  address.sun_family = AF_UNIX;
  if (path.empty() || path.size() >= sizeof address.sun_path) {
    return fail(Code::kTooLarge, "socket path " + path + ": empty or longer than " +
                                     std::to_string(sizeof address.sun_path - 1) + " bytes");
  }
  std::memcpy(address.sun_path, path.data(), path.size());
  return address;
}

uid_t user_of(UnixListenOptions const& options) { return options.user.value_or(static_cast<uid_t>(-1)); }
gid_t group_of(UnixListenOptions const& options) { return options.group.value_or(static_cast<gid_t>(-1)); }

Error gone(std::string_view doing, boost::system::error_code error) {
  if (error == net::error::eof || error == net::error::bad_descriptor) {
    return fail(Code::kUnavailable, std::string(doing) + ": the peer closed the connection");
  }
  auto failure = fail_errno(doing, error.value());
  if (failure.code == Code::kInternal) failure.code = Code::kUnavailable;
  return failure;
}

/// Cancellation is an exception, every other failure a value.
void rethrow_cancellation(boost::system::error_code error) {
  if (error == net::error::operation_aborted) throw boost::system::system_error(error);
}

constexpr std::size_t kRightsBytes = CMSG_SPACE(sizeof(int) * limits::kControlDescriptors);

}  // namespace

Result<FileDescriptor> listen_unix(std::string const& path, UnixListenOptions options) {
  struct stat present{};
  if (::lstat(path.c_str(), &present) == 0 && !S_ISSOCK(present.st_mode)) {
    return fail(Code::kConflict, "listen at " + path + ": something that is no socket is there");
  }
  // Beside the target under a short name, so that the whole of sun_path is available to the target.
  auto const slash = path.rfind('/');
  auto const temporary =
      (slash == std::string::npos ? std::string() : path.substr(0, slash + 1)) + "." + hex(random_bytes(4));
  auto const final_address = unix_address(path);
  if (!final_address) return final_address.error();
  auto const address = unix_address(temporary);
  if (!address) return address.error();

  FileDescriptor socket(::socket(AF_UNIX, SOCK_STREAM | SOCK_CLOEXEC | SOCK_NONBLOCK, 0));
  if (!socket) return fail_errno("make a unix socket", errno);
  // Whoever could reach it between bind and chmod would find it closed: mode 0600 from the start.
  if (::fchmod(socket.get(), 0600) != 0) return fail_errno("chmod a socket", errno);
  if (::bind(socket.get(), reinterpret_cast<sockaddr const*>(&*address), sizeof *address) != 0) {
    return fail_errno("listen at " + path, errno);
  }
  ScopeExit remove([&] { ::unlink(temporary.c_str()); });
  if (options.user || options.group) {
    if (::lchown(temporary.c_str(), user_of(options), group_of(options)) != 0)
      return fail_errno("chown " + path, errno);
  }
  if (::chmod(temporary.c_str(), options.mode) != 0) return fail_errno("chmod " + path, errno);
  if (::listen(socket.get(), options.backlog) != 0) return fail_errno("listen at " + path, errno);
  if (::rename(temporary.c_str(), path.c_str()) != 0) return fail_errno("rename a socket to " + path, errno);
  remove.dismiss();
  return socket;
}

Result<PeerCredentials> peer_credentials(int socket) {
  ucred credentials{};
  socklen_t size = sizeof credentials;
  if (::getsockopt(socket, SOL_SOCKET, SO_PEERCRED, &credentials, &size) != 0) {
    return fail_errno("ask who connected", errno);
  }
  return PeerCredentials{credentials.pid, credentials.uid, credentials.gid};
}

struct ControlSocket::State {
  State(Executor const& executor, FileDescriptor descriptor)
      : socket(executor, Protocol(), descriptor.release()) {}

  /// Reads exactly `size` bytes, collecting descriptors on the way.
  Async<Result<>> read_exactly(char* into, std::size_t size, std::vector<FileDescriptor>& descriptors) {
    std::size_t have = 0;
    while (have < size) {
      iovec vector{into + have, size - have};
      alignas(cmsghdr) std::array<char, kRightsBytes> rights{};
      msghdr message{};
      message.msg_iov = &vector;
      message.msg_iovlen = 1;
      message.msg_control = rights.data();
      message.msg_controllen = rights.size();
      auto const got = ::recvmsg(socket.native_handle(), &message, MSG_DONTWAIT | MSG_CMSG_CLOEXEC);
      int const error = errno;
      if (got > 0) {
        have += static_cast<std::size_t>(got);
        collect(message, descriptors);
        if ((message.msg_flags & MSG_CTRUNC) != 0 || descriptors.size() > limits::kControlDescriptors) {
          co_return fail(Code::kTooLarge, "receive a message: more file descriptors than allowed");
        }
        continue;
      }
      if (got == 0) co_return fail(Code::kUnavailable, "receive a message: the peer closed the connection");
      if (error == EINTR) continue;
      if (error != EAGAIN && error != EWOULDBLOCK) {
        co_return gone("receive a message",
                       boost::system::error_code(error, boost::system::generic_category()));
      }
      auto const [failure] = co_await socket.async_wait(Protocol::socket::wait_read, kTuple);
      rethrow_cancellation(failure);
      if (failure) co_return gone("receive a message", failure);
    }
    co_return Result<>();
  }

  static void collect(msghdr& message, std::vector<FileDescriptor>& into) {
    for (auto* part = CMSG_FIRSTHDR(&message); part != nullptr; part = CMSG_NXTHDR(&message, part)) {
      if (part->cmsg_level != SOL_SOCKET || part->cmsg_type != SCM_RIGHTS) continue;
      auto const count = (part->cmsg_len - CMSG_LEN(0)) / sizeof(int);
      for (std::size_t i = 0; i < count; ++i) {
        int descriptor = -1;
        std::memcpy(&descriptor, CMSG_DATA(part) + i * sizeof(int), sizeof descriptor);
        into.emplace_back(descriptor);
      }
    }
  }

  Protocol::socket socket;
};

ControlSocket::ControlSocket(Executor const& executor, FileDescriptor socket)
    : state_(std::make_unique<State>(executor, std::move(socket))) {}
ControlSocket::~ControlSocket() = default;
ControlSocket::ControlSocket(ControlSocket&&) noexcept = default;
ControlSocket& ControlSocket::operator=(ControlSocket&&) noexcept = default;

Async<Result<ControlSocket>> ControlSocket::connect(Executor executor, std::string path) {
  auto const address = unix_address(path);
  if (!address) co_return address.error();
  FileDescriptor socket(::socket(AF_UNIX, SOCK_STREAM | SOCK_CLOEXEC | SOCK_NONBLOCK, 0));
  if (!socket) co_return fail_errno("make a unix socket", errno);
  // Connecting to a unix socket never waits: the kernel answers at once, EAGAIN meaning that the backlog is
  // full.
  if (::connect(socket.get(), reinterpret_cast<sockaddr const*>(&*address), sizeof *address) != 0) {
    co_return fail_errno("connect to " + path, errno);
  }
  co_return ControlSocket(executor, std::move(socket));
}

Result<PeerCredentials> ControlSocket::peer() const {
  return peer_credentials(state_->socket.native_handle());
}

Async<Result<>> ControlSocket::send(ControlMessage message) {
  if (message.payload.size() > limits::kControlMessageBytes) {
    co_return fail(Code::kTooLarge,
                   "send a message: above " + std::to_string(limits::kControlMessageBytes) + " bytes");
  }
  if (message.descriptors.size() > limits::kControlDescriptors) {
    co_return fail(Code::kTooLarge, "send a message: more file descriptors than allowed");
  }
  auto& socket = state_->socket;
  auto const size = static_cast<std::uint32_t>(message.payload.size());
  std::string bytes{static_cast<char>(size & 255), static_cast<char>(size >> 8 & 255),
                    static_cast<char>(size >> 16 & 255), static_cast<char>(size >> 24 & 255)};
  bytes += message.payload;
  std::size_t sent = 0;
  while (sent < bytes.size()) {
    iovec vector{bytes.data() + sent, bytes.size() - sent};
    msghdr header{};
    header.msg_iov = &vector;
    header.msg_iovlen = 1;
    alignas(cmsghdr) std::array<char, kRightsBytes> rights{};
    if (sent == 0 && !message.descriptors.empty()) {
      header.msg_control = rights.data();
      header.msg_controllen = CMSG_SPACE(sizeof(int) * message.descriptors.size());
      auto* const part = CMSG_FIRSTHDR(&header);
      part->cmsg_level = SOL_SOCKET;
      part->cmsg_type = SCM_RIGHTS;
      part->cmsg_len = CMSG_LEN(sizeof(int) * message.descriptors.size());
      for (std::size_t i = 0; i < message.descriptors.size(); ++i) {
        int const descriptor = message.descriptors[i].get();
        std::memcpy(CMSG_DATA(part) + i * sizeof(int), &descriptor, sizeof descriptor);
      }
    }
    auto const written = ::sendmsg(socket.native_handle(), &header, MSG_DONTWAIT | MSG_NOSIGNAL);
    int const error = errno;
    if (written > 0) {
      sent += static_cast<std::size_t>(written);
      continue;
    }
    if (error == EINTR) continue;
    if (error != EAGAIN && error != EWOULDBLOCK) {
      co_return gone("send a message", boost::system::error_code(error, boost::system::generic_category()));
    }
    auto const [failure] = co_await socket.async_wait(Protocol::socket::wait_write, kTuple);
    rethrow_cancellation(failure);
    if (failure) co_return gone("send a message", failure);
  }
  co_return Result<>();
}

Async<Result<ControlMessage>> ControlSocket::receive(std::size_t limit) {
  ControlMessage message;
  std::array<char, 4> length{};
  auto header = co_await state_->read_exactly(length.data(), length.size(), message.descriptors);
  if (!header) co_return header.error();
  std::size_t size = 0;
  for (std::size_t i = 4; i-- > 0;) size = size << 8 | static_cast<unsigned char>(length[i]);
  if (size > limit) {
    co_return fail(Code::kTooLarge, "receive a message: " + std::to_string(size) + " bytes, allowed are " +
                                        std::to_string(limit));
  }
  message.payload.resize(size);
  auto body = co_await state_->read_exactly(message.payload.data(), size, message.descriptors);
  if (!body) co_return body.error();
  co_return message;
}

void ControlSocket::close() {
  boost::system::error_code ignored;
  state_->socket.close(ignored);
}

struct ControlListener::State {
  State(Executor const& the_executor, FileDescriptor listening)
      : executor(the_executor), acceptor(the_executor, Protocol(), listening.release()) {}
  Executor executor;
  Protocol::acceptor acceptor;
};

ControlListener::ControlListener(Executor const& executor, FileDescriptor listening)
    : state_(std::make_unique<State>(executor, std::move(listening))) {}
ControlListener::~ControlListener() = default;
ControlListener::ControlListener(ControlListener&&) noexcept = default;
ControlListener& ControlListener::operator=(ControlListener&&) noexcept = default;

Async<Result<ControlSocket>> ControlListener::accept() {
  for (;;) {
    int const accepted =
        ::accept4(state_->acceptor.native_handle(), nullptr, nullptr, SOCK_CLOEXEC | SOCK_NONBLOCK);
    int const error = errno;
    if (accepted >= 0) co_return ControlSocket(state_->executor, FileDescriptor(accepted));
    if (error == EINTR || error == ECONNABORTED) continue;
    if (error != EAGAIN && error != EWOULDBLOCK) co_return fail_errno("accept a connection", error);
    auto const [failure] = co_await state_->acceptor.async_wait(Protocol::acceptor::wait_read, kTuple);
    rethrow_cancellation(failure);
    if (failure) co_return gone("accept a connection", failure);
  }
}

void ControlListener::close() {
  boost::system::error_code ignored;
  state_->acceptor.close(ignored);
}

}  // namespace oriel
