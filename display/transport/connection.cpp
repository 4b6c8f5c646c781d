#include "display/transport/connection.h"

#include <array>
#include <cerrno>

#include <sys/socket.h>
#include <sys/uio.h>

#include "display/limits.h"

namespace oriel::display {

namespace {

constexpr std::uint8_t kBinary = 2;
constexpr std::uint8_t kCloseFrame = 8;
constexpr std::uint8_t kPongFrame = 10;

std::size_t largest_message(Route route) {
  switch (route) {
    case Route::kDisplay:
      return limits::kDisplayMessage;
    case Route::kInput:
      return limits::kInputMessage;
    case Route::kClipboard:
      return limits::kClipboardMessage;
  }
  return 0;
}

Bytes close_payload(std::uint16_t code, std::string_view reason) {
  Bytes payload{static_cast<std::uint8_t>(code >> 8), static_cast<std::uint8_t>(code)};
  auto const text = to_utf8(reason, 120);
  payload.insert(payload.end(), text.begin(), text.end());
  return payload;
}

}  // namespace

Connection::Connection(EventLoop& loop, FileDescriptor socket, ConnectionListener& listener)
    : loop_(loop), socket_(std::move(socket)), listener_(listener) {
  loop_.watch(socket_.get(), EPOLLIN, [this](std::uint32_t events) { ready(events); });
  deadline_ = loop_.after(limits::kUpgradeDeadline, [this] { die(); });
}

Connection::~Connection() {
  loop_.cancel(deadline_);
  if (socket_.is_open()) loop_.unwatch(socket_.get());
}

void Connection::ready(std::uint32_t events) {
  if ((events & EPOLLOUT) != 0) flush();
  if (state_ != State::kDead && (events & (EPOLLIN | EPOLLHUP | EPOLLERR)) != 0) read_some();
}

void Connection::read_some() {
  static thread_local std::array<std::uint8_t, limits::kReadBytes> buffer;
  auto const got = recv(socket_.get(), buffer.data(), buffer.size(), MSG_DONTWAIT);
  if (got < 0) {
    if (errno != EAGAIN && errno != EINTR) die();
    return;
  }
  if (got == 0) {
    die();
    return;
  }
  auto const bytes = std::span<std::uint8_t const>(buffer).first(static_cast<std::size_t>(got));
  if (state_ == State::kUpgrade) {
    take_upgrade(as_text(bytes));
  } else {
    take_frames(bytes);
  }
}

void Connection::take_upgrade(std::string_view bytes) {
  upgrade_.push(bytes);
  if (!upgrade_.complete()) return;
  loop_.cancel(deadline_);
  deadline_ = 0;
  auto request = upgrade_.request();
  Result<> accepted;
  if (!request) {
    accepted = request.error();
  } else {
    request_ = std::move(*request);
    accepted = listener_.connection_requested(*this, request_);
  }
  if (!accepted) {
    std::string const answer = refusal_answer(accepted.error());
    enqueue(Bytes(answer.begin(), answer.end()));
    state_ = State::kClosing;
    deadline_ = loop_.after(limits::kCloseDeadline, [this] { die(); });
    flush();
    if (state_ == State::kClosing) shutdown(socket_.get(), SHUT_WR);
    return;
  }
  if (state_ == State::kDead) return;
  reader_ = std::make_unique<WebSocketReader>(largest_message(request_.route));
  // The listener may have sent already: its messages stand behind the answer.
  auto const answer = upgrade_answer(request_.key);
  Bytes head(answer.begin(), answer.end());
  queued_bytes_ += head.size();
  queue_.push_front(std::move(head));
  if (state_ == State::kUpgrade) state_ = State::kOpen;
  flush();
  std::string const rest(upgrade_.rest());
  if (!rest.empty() && state_ == State::kOpen) take_frames(as_bytes(rest));
}

void Connection::take_frames(std::span<std::uint8_t const> bytes) {
  if (!reader_) return;
  reader_->push(bytes);
  while (state_ == State::kOpen || state_ == State::kClosing) {
    auto event = reader_->next();
    if (!event) {
      if (state_ == State::kClosing) return die();
      close(protocol::Close::kProtocolError, event.error().message);
      return;
    }
    if (!*event) return;
    // Having said goodbye, only the other side's goodbye is of interest.
    if (state_ == State::kClosing && (*event)->kind != WebSocketEvent::Kind::kClose) continue;
    switch ((*event)->kind) {
      case WebSocketEvent::Kind::kMessage:
        take_message((*event)->payload);
        break;
      case WebSocketEvent::Kind::kPing: {
        Bytes pong = websocket_header(kPongFrame, (*event)->payload.size());
        pong.insert(pong.end(), (*event)->payload.begin(), (*event)->payload.end());
        enqueue(std::move(pong));
        flush();
        break;
      }
      case WebSocketEvent::Kind::kPong:
        break;
      case WebSocketEvent::Kind::kClose:
        close(protocol::Close::kNormal, "");
        die();
        return;
    }
  }
}

void Connection::take_message(std::span<std::uint8_t const> message) {
  while (!message.empty() && state_ == State::kOpen) {
    if (message.size() < protocol::kHeaderSize) {
      close(protocol::Close::kProtocolError, "a message is cut short");
      return;
    }
    std::size_t const length =
        static_cast<std::size_t>(message[1]) | static_cast<std::size_t>(message[2]) << 8 |
        static_cast<std::size_t>(message[3]) << 16 | static_cast<std::size_t>(message[4]) << 24;
    if (length > message.size() - protocol::kHeaderSize) {
      close(protocol::Close::kProtocolError, "a message is cut short");
      return;
    }
    listener_.message_received(*this, message[0], message.subspan(protocol::kHeaderSize, length));
    message = message.subspan(protocol::kHeaderSize + length);
  }
}

void Connection::send(Bytes messages) {
  if (state_ != State::kOpen && state_ != State::kUpgrade) return;
  // A frame on the display route was paid for by acknowledgements; nothing bounds the small routes but this.
  if (request_.route != Route::kDisplay && queued_bytes_ + messages.size() > limits::kSmallQueueBytes) {
    close(protocol::Close::kProtocolError, "the stream is not read");
    return;
  }
  Bytes header = websocket_header(kBinary, messages.size());
  queued_bytes_ += header.size() + messages.size();
  queue_.push_back(std::move(header));
  queue_.push_back(std::move(messages));
  if (state_ == State::kOpen && !waits_for_write_) flush();
}

void Connection::enqueue(Bytes bytes) {
  queued_bytes_ += bytes.size();
  queue_.push_back(std::move(bytes));
}

void Connection::flush() {
  if (state_ == State::kDead || (state_ == State::kUpgrade && queue_.empty())) return;
  while (!queue_.empty()) {
    std::array<iovec, 16> pieces{};
    std::size_t count = 0;
    std::size_t skip = front_sent_;
    for (auto& bytes : queue_) {
      if (count == pieces.size()) break;
      pieces[count++] = {bytes.data() + skip, bytes.size() - skip};
      skip = 0;
    }
    msghdr message{};
    message.msg_iov = pieces.data();
    message.msg_iovlen = count;
    auto const written = sendmsg(socket_.get(), &message, MSG_DONTWAIT | MSG_NOSIGNAL);
    if (written < 0) {
      if (errno == EINTR) continue;
      if (errno != EAGAIN) {
        // Reported through the loop: the caller may be in the middle of something with this connection.
        shutdown(socket_.get(), SHUT_RDWR);
        return;
      }
      if (!waits_for_write_) {
        waits_for_write_ = true;
        loop_.change(socket_.get(), EPOLLIN | EPOLLOUT);
      }
      return;
    }
    auto left = static_cast<std::size_t>(written);
    queued_bytes_ -= left;
    sent_bytes_ += left;
    while (left > 0) {
      std::size_t const rest = queue_.front().size() - front_sent_;
      if (left < rest) {
        front_sent_ += left;
        break;
      }
      left -= rest;
      front_sent_ = 0;
      queue_.pop_front();
    }
  }
  if (waits_for_write_) {
    waits_for_write_ = false;
    loop_.change(socket_.get(), EPOLLIN);
  }
}

void Connection::close(protocol::Close code, std::string_view reason) {
  if (state_ != State::kOpen && state_ != State::kUpgrade) return;
  Bytes const payload = close_payload(static_cast<std::uint16_t>(code), reason);
  Bytes frame = websocket_header(kCloseFrame, payload.size());
  frame.insert(frame.end(), payload.begin(), payload.end());
  enqueue(std::move(frame));
  bool const was_open = state_ == State::kOpen;
  state_ = State::kClosing;
  if (was_open) flush();
  loop_.cancel(deadline_);
  deadline_ = loop_.after(limits::kCloseDeadline, [this] { die(); });
}

void Connection::die() {
  if (state_ == State::kDead) return;
  state_ = State::kDead;
  loop_.cancel(deadline_);
  deadline_ = 0;
  loop_.unwatch(socket_.get());
  socket_.reset();
  listener_.connection_closed(*this);
}

}  // namespace oriel::display
