#include "display/control/init_link.h"

#include <cerrno>
#include <cstring>
#include <string>

#include <fcntl.h>
#include <sys/socket.h>

#include "display/limits.h"
#include "libs/base/log.h"

namespace oriel::display {

InitLink::InitLink(EventLoop& loop, FileDescriptor socket, Received received, std::function<void()> closed)
    : loop_(loop), socket_(std::move(socket)), received_(std::move(received)), closed_(std::move(closed)) {
  fcntl(socket_.get(), F_SETFD, FD_CLOEXEC);
  loop_.watch(socket_.get(), EPOLLIN, [this](std::uint32_t) { read_some(); });
}

InitLink::~InitLink() {
  if (socket_.is_open()) loop_.unwatch(socket_.get());
}

void InitLink::read_some() {
  std::string buffer(limits::kControlMessage, '\0');
  auto const got = recv(socket_.get(), buffer.data(), buffer.size(), MSG_DONTWAIT);
  if (got < 0 && (errno == EAGAIN || errno == EINTR)) return;
  if (got <= 0) {
    loop_.unwatch(socket_.get());
    socket_.reset();
    closed_();
    return;
  }
  auto const value = json::parse(std::string_view(buffer).substr(0, static_cast<std::size_t>(got)));
  if (!value || !value->is_object()) {
    log::warning("init sent something unreadable");
    return;
  }
  received_(value->get_object());
}

void InitLink::send(json::Object const& message) {
  if (!socket_.is_open()) return;
  std::string const text = json::text(message);
  if (::send(socket_.get(), text.data(), text.size(), MSG_DONTWAIT | MSG_NOSIGNAL) < 0)
    log::warning("message to init", {{"error", std::strerror(errno)}});
}

bool is_init_socket(int descriptor) {
  int type = 0;
  socklen_t size = sizeof type;
  return getsockopt(descriptor, SOL_SOCKET, SO_TYPE, &type, &size) == 0 && type == SOCK_SEQPACKET;
}

}  // namespace oriel::display
