#pragma once

#include <memory>
#include <optional>
#include <string>
#include <vector>

#include "libs/async/async.h"
#include "libs/async/task_group.h"
#include "libs/async/unix_socket.h"
#include "protocol/control/messages.h"

namespace oriel::agent::testing {

/// A display server without a picture: connects to a session's control socket for ever, takes `begin` and the
/// listening socket, and accepts viewers on it, whom it greets with its session's id. Its streams live as
/// long as it does.
class FakeDisplay {
 public:
  FakeDisplay(Executor executor, std::string control_socket, std::string session);
  [[nodiscard]] Async<> stop();

  /// Said after each hello, and now when it is connected.
  void say(std::string state, std::string step);
  void say_viewers(std::int64_t count, double last_input_seconds);
  /// Sends anything, as a hostile container would.
  void send_raw(std::string payload);
  void set_hello_session(std::string session) { hello_session_ = std::move(session); }

  [[nodiscard]] bool connected() const { return connected_; }
  [[nodiscard]] int hellos() const { return hellos_; }
  [[nodiscard]] int listens() const { return listens_; }
  [[nodiscard]] std::vector<protocol::control::Begin> const& begins() const { return begins_; }
  [[nodiscard]] std::optional<std::string> const& end_reason() const { return end_reason_; }
  [[nodiscard]] std::vector<protocol::control::CloseViewer> const& closed_viewers() const { return closed_; }
  /// Viewers whose stream is open.
  [[nodiscard]] std::size_t streams() const { return streams_.size(); }

 private:
  struct Link;
  [[nodiscard]] Async<> run();
  [[nodiscard]] Async<> write_loop(std::shared_ptr<Link> link);
  [[nodiscard]] Async<> accept_loop(std::shared_ptr<ControlListener> listener);
  void take(ControlMessage message);

  Executor executor_;
  std::string path_;
  std::string session_;
  std::string hello_session_;
  std::optional<protocol::control::State> state_;
  std::shared_ptr<Link> link_;
  std::shared_ptr<ControlListener> listener_;
  std::vector<ControlSocket> streams_;
  std::vector<protocol::control::Begin> begins_;
  std::vector<protocol::control::CloseViewer> closed_;
  std::optional<std::string> end_reason_;
  bool connected_ = false;
  int hellos_ = 0;
  int listens_ = 0;
  TaskGroup tasks_;
};

}  // namespace oriel::agent::testing
