#include "display/control/agent_link.h"

#include <algorithm>
#include <array>
#include <cerrno>
#include <cstring>

#include <sys/socket.h>
#include <sys/un.h>
#include <unistd.h>

#include "display/limits.h"
#include "libs/base/log.h"

namespace oriel::display {

namespace {

constexpr std::size_t kLengthBytes = 4;
constexpr int kMessagesPerTurn = 16;

}  // namespace

AgentLink::AgentLink(EventLoop& loop, std::string path, json::Object hello, Received received,
                     std::function<void()> connected)
    : loop_(loop),
      path_(std::move(path)),
      hello_(std::move(hello)),
      received_(std::move(received)),
      connected_(std::move(connected)) {
  retry_ = loop_.after(std::chrono::seconds(0), [this] { connect(); });
}

AgentLink::~AgentLink() {
  loop_.cancel(retry_);
  if (socket_.is_open()) loop_.unwatch(socket_.get());
}

void AgentLink::connect() {
  retry_ = 0;
  sockaddr_un address{};
  address.sun_family = AF_UNIX;
  if (path_.size() >= sizeof address.sun_path) return log::error("the control socket's path is too long");
  std::memcpy(address.sun_path, path_.data(), path_.size());
  FileDescriptor socket(::socket(AF_UNIX, SOCK_STREAM | SOCK_CLOEXEC | SOCK_NONBLOCK, 0));
  if (!socket || ::connect(socket.get(), reinterpret_cast<sockaddr const*>(&address), sizeof address) != 0) {
    if (!complained_) log::warning("no agent yet", {{"socket", path_}, {"error", std::strerror(errno)}});
    complained_ = true;
    retry_ = loop_.after(limits::kReconnectInterval, [this] { connect(); });
    return;
  }
  complained_ = false;
  socket_ = std::move(socket);
  input_.clear();
  output_.clear();
  waits_for_write_ = false;
  loop_.watch(socket_.get(), EPOLLIN, [this](std::uint32_t events) { ready(events); });
  send(hello_);
  if (connected_) connected_();
}

void AgentLink::ready(std::uint32_t events) {
  if ((events & EPOLLOUT) != 0) flush();
  for (int message = 0;
       message < kMessagesPerTurn && socket_.is_open() && (events & (EPOLLIN | EPOLLHUP | EPOLLERR)) != 0;
       ++message)
    if (!read_message()) return;
}

std::size_t AgentLink::missing() const {
  if (input_.size() < kLengthBytes) return kLengthBytes - input_.size();
  std::size_t length = 0;
  for (std::size_t index = 0; index < kLengthBytes; ++index)
    length |= static_cast<std::size_t>(static_cast<unsigned char>(input_[index])) << (8 * index);
  return kLengthBytes + length - input_.size();
}

bool AgentLink::read_message() {
  // Never beyond the end of a message: a descriptor comes with the first byte of its own, and one read may
  // cross from a message without one into a message with one.
  while (input_.size() < kLengthBytes || missing() > 0) {
    std::size_t const wanted = missing();
    if (wanted > limits::kControlMessage) {
      lose("a message is too long");
      return false;
    }
    std::size_t const before = input_.size();
    input_.resize(before + wanted);
    alignas(cmsghdr) std::array<char, CMSG_SPACE(4 * sizeof(int))> control;
    iovec piece{input_.data() + before, wanted};
    msghdr message{};
    message.msg_iov = &piece;
    message.msg_iovlen = 1;
    message.msg_control = control.data();
    message.msg_controllen = control.size();
    auto const got = recvmsg(socket_.get(), &message, MSG_DONTWAIT | MSG_CMSG_CLOEXEC);
    input_.resize(before + static_cast<std::size_t>(std::max<ssize_t>(0, got)));
    if (got < 0) {
      if (errno != EAGAIN && errno != EINTR) lose(std::strerror(errno));
      return false;
    }
    for (auto* header = CMSG_FIRSTHDR(&message); header != nullptr; header = CMSG_NXTHDR(&message, header)) {
      if (header->cmsg_level != SOL_SOCKET || header->cmsg_type != SCM_RIGHTS) continue;
      std::size_t const count = (header->cmsg_len - CMSG_LEN(0)) / sizeof(int);
      for (std::size_t index = 0; index < count; ++index) {
        int descriptor = -1;
        std::memcpy(&descriptor, CMSG_DATA(header) + index * sizeof(int), sizeof descriptor);
        descriptor_ =
            FileDescriptor(descriptor);  // One a message is spoken; a further one closes the earlier.
      }
    }
    if (got == 0) {
      lose("closed");
      return false;
    }
  }
  auto const value = json::parse(std::string_view(input_).substr(kLengthBytes));
  input_.clear();
  if (!value || !value->is_object()) {
    lose("a broken message");
    return false;
  }
  FileDescriptor descriptor = std::move(descriptor_);
  received_(value->get_object(), std::move(descriptor));
  return true;
}

void AgentLink::send(json::Object const& message) {
  if (!socket_.is_open()) return;
  std::string const text = json::text(message);
  if (output_.size() + text.size() > limits::kControlQueueBytes) return lose("the agent does not read");
  for (std::size_t index = 0; index < kLengthBytes; ++index)
    output_.push_back(static_cast<char>(text.size() >> (8 * index)));
  output_.append(text);
  if (!waits_for_write_) flush();
}

void AgentLink::flush() {
  while (!output_.empty()) {
    auto const written = ::send(socket_.get(), output_.data(), output_.size(), MSG_DONTWAIT | MSG_NOSIGNAL);
    if (written < 0) {
      if (errno == EINTR) continue;
      if (errno != EAGAIN) return lose(std::strerror(errno));
      if (!waits_for_write_) loop_.change(socket_.get(), EPOLLIN | EPOLLOUT);
      waits_for_write_ = true;
      return;
    }
    output_.erase(0, static_cast<std::size_t>(written));
  }
  if (waits_for_write_) loop_.change(socket_.get(), EPOLLIN);
  waits_for_write_ = false;
}

void AgentLink::lose(std::string_view reason) {
  if (!socket_.is_open()) return;
  log::warning("the agent's connection ended", {{"reason", reason}});
  loop_.unwatch(socket_.get());
  socket_.reset();
  descriptor_.reset();
  output_.clear();
  retry_ = loop_.after(limits::kReconnectInterval, [this] { connect(); });
}

}  // namespace oriel::display
