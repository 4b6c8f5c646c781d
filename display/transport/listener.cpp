#include "display/transport/listener.h"

#include <cerrno>
#include <cstring>

#include <fcntl.h>
#include <sys/socket.h>
#include <sys/un.h>
#include <unistd.h>

#include "libs/base/log.h"

namespace oriel::display {

namespace {

constexpr int kBacklog = 64;
constexpr int kAcceptsPerTurn = 16;

}  // namespace

Listener::Listener(EventLoop& loop, FileDescriptor listening, Accepted accepted)
    : loop_(loop), listening_(std::move(listening)), accepted_(std::move(accepted)) {
  fcntl(listening_.get(), F_SETFL, fcntl(listening_.get(), F_GETFL) | O_NONBLOCK);
  loop_.watch(listening_.get(), EPOLLIN, [this](std::uint32_t) { accept_some(); });
}

Listener::~Listener() { loop_.unwatch(listening_.get()); }

void Listener::accept_some() {
  for (int count = 0; count < kAcceptsPerTurn; ++count) {
    FileDescriptor socket(accept4(listening_.get(), nullptr, nullptr, SOCK_NONBLOCK | SOCK_CLOEXEC));
    if (!socket) {
      if (errno != EAGAIN && errno != EINTR && errno != ECONNABORTED)
        log::warning("accept", {{"error", std::strerror(errno)}});
      return;
    }
    accepted_(std::move(socket));
  }
}

Result<FileDescriptor> listen_on_path(std::string const& path) {
  sockaddr_un address{};
  address.sun_family = AF_UNIX;
  if (path.size() >= sizeof address.sun_path)
    return fail(Code::kInvalid, "the socket's path is too long: " + path);
  std::memcpy(address.sun_path, path.data(), path.size());
  FileDescriptor socket(::socket(AF_UNIX, SOCK_STREAM | SOCK_CLOEXEC, 0));
  if (!socket) return fail_errno("make a socket", errno);
  unlink(path.c_str());
  if (bind(socket.get(), reinterpret_cast<sockaddr const*>(&address), sizeof address) != 0)
    return fail_errno("bind " + path, errno);
  if (listen(socket.get(), kBacklog) != 0) return fail_errno("listen on " + path, errno);
  return socket;
}

}  // namespace oriel::display
