#include "services/agent/testing/fake_display.h"

#include <utility>

#include "libs/async/channel.h"
#include "libs/async/sleep.h"
#include "libs/base/json.h"

namespace oriel::agent::testing {

namespace wire = protocol::control;

struct FakeDisplay::Link {
  Link(Executor const& executor, ControlSocket socket_)
      : socket(std::move(socket_)), outgoing(executor, 4096) {}
  ControlSocket socket;
  Channel<ControlMessage> outgoing;
};

FakeDisplay::FakeDisplay(Executor executor, std::string control_socket, std::string session)
    : executor_(executor),
      path_(std::move(control_socket)),
      session_(session),
      hello_session_(std::move(session)),
      tasks_(executor) {
  tasks_.spawn(run(), "fake display");
}

Async<> FakeDisplay::stop() {
  co_await tasks_.stop();
  if (link_) link_->socket.close();
  link_.reset();
  listener_.reset();
  streams_.clear();
}

void FakeDisplay::send_raw(std::string payload) {
  if (!link_) return;
  ControlMessage message;
  message.payload = std::move(payload);
  link_->outgoing.try_send(std::move(message));
}

void FakeDisplay::say(std::string state, std::string step) {
  state_.emplace();
  state_->state = std::move(state);
  state_->step = std::move(step);
  send_raw(json::write_text(*state_));
}

void FakeDisplay::say_viewers(std::int64_t count, double last_input_seconds) {
  wire::Viewers viewers;
  viewers.count = count;
  viewers.last_input_seconds = last_input_seconds;
  send_raw(json::write_text(viewers));
}

Async<> FakeDisplay::write_loop(std::shared_ptr<Link> link) {
  for (;;) {
    auto message = co_await link->outgoing.receive();
    if (!message) co_return;
    auto sent = co_await link->socket.send(std::move(*message));
    if (!sent) co_return;
  }
}

Async<> FakeDisplay::accept_loop(std::shared_ptr<ControlListener> listener) {
  for (;;) {
    auto accepted = co_await listener->accept();
    if (!accepted) co_return;
    ControlMessage greeting;
    greeting.payload = session_;
    auto sent = co_await accepted->send(std::move(greeting));
    if (sent) streams_.push_back(std::move(*accepted));
  }
}

void FakeDisplay::take(ControlMessage message) {
  auto value = json::parse(message.payload);
  if (!value) return;
  auto envelope = json::read<wire::Envelope>(*value, json::Unknown::kIgnore);
  if (!envelope) return;
  if (envelope->type == "begin") {
    auto begin = json::read<wire::Begin>(*value, json::Unknown::kIgnore);
    if (begin) begins_.push_back(std::move(*begin));
  } else if (envelope->type == "listen" && message.descriptors.size() == 1) {
    ++listens_;
    if (listener_) listener_->close();
    listener_ = std::make_shared<ControlListener>(executor_, std::move(message.descriptors.front()));
    tasks_.spawn(accept_loop(listener_), "fake display accept");
  } else if (envelope->type == "end") {
    auto end = json::read<wire::End>(*value, json::Unknown::kIgnore);
    if (end) end_reason_ = end->reason;
  } else if (envelope->type == "close_viewer") {
    auto close = json::read<wire::CloseViewer>(*value, json::Unknown::kIgnore);
    if (close) closed_.push_back(std::move(*close));
  }
}

Async<> FakeDisplay::run() {
  for (;;) {
    auto socket = co_await ControlSocket::connect(executor_, path_);
    if (socket) {
      auto link = std::make_shared<Link>(executor_, std::move(*socket));
      link_ = link;
      tasks_.spawn(write_loop(link), "fake display write");
      wire::Hello hello;
      hello.session = hello_session_;
      hello.protocol = 1;
      hello.build = "test";
      hello.runtime = "test-runtime";
      ++hellos_;
      connected_ = true;
      send_raw(json::write_text(hello));
      if (state_) send_raw(json::write_text(*state_));
      for (;;) {
        auto message = co_await link->socket.receive();
        if (!message) break;
        take(std::move(*message));
      }
      connected_ = false;
      link->outgoing.close();
      link->socket.close();
      if (link_ == link) link_.reset();
    }
    co_await sleep_for(std::chrono::milliseconds(50));
  }
}

}  // namespace oriel::agent::testing
