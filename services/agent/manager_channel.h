#pragma once

#include <chrono>
#include <cstdint>
#include <memory>
#include <string>

#include "libs/async/async.h"
#include "libs/async/event.h"
#include "libs/async/task_group.h"
#include "libs/base/log_ring.h"
#include "services/agent/host_resources.h"
#include "services/agent/identity.h"
#include "services/agent/images.h"
#include "services/agent/options.h"
#include "services/agent/sessions.h"

namespace oriel::http {
class WebSocket;
}

namespace oriel::agent {

/// The agent's outbound channel (protocol/agent): connects for ever with back-off, proves who it is, then
/// takes wishes and answers with what is. Nothing is queued: what goes out is made from the present state
/// when there is room.
class ManagerChannel {
 public:
  ManagerChannel(Executor executor, Options const& options, Sessions& sessions, Images& images,
                 HostResources& resources, log::Ring const& own_log);

  /// Enrols first when there is no identity yet.
  void start();
  /// Required before destruction.
  [[nodiscard]] Async<> stop();

  [[nodiscard]] bool connected() const { return connected_; }
  [[nodiscard]] bool enrolled() const { return enrolled_; }
  /// Why it is not connected, in words.
  [[nodiscard]] std::string const& last_error() const { return last_error_; }

 private:
  [[nodiscard]] Async<> run();
  [[nodiscard]] Async<Result<Identity>> become_known();
  [[nodiscard]] Async<Result<>> converse(Identity const& identity);
  [[nodiscard]] Async<Result<>> introduce(http::WebSocket& socket, Identity const& identity);
  [[nodiscard]] Async<Result<>> receive_loop(http::WebSocket& socket);
  [[nodiscard]] Async<Result<>> send_loop(http::WebSocket& socket);
  [[nodiscard]] Async<Result<>> send_full(http::WebSocket& socket);
  [[nodiscard]] Async<Result<>> send_log(http::WebSocket& socket);
  [[nodiscard]] Async<> watch_sessions();
  [[nodiscard]] Async<> watch_images();

  Executor executor_;
  Options const& options_;
  Sessions& sessions_;
  Images& images_;
  HostResources& resources_;
  log::Ring const& own_log_;
  bool connected_ = false;
  bool enrolled_ = false;
  std::string last_error_ = "not connected yet";
  std::chrono::seconds heartbeat_{5};
  bool full_desired_ = false;  ///< the whole list arrived on this channel
  bool inventory_due_ = false;
  bool log_wanted_ = false;
  std::uint64_t log_told_ = 0;  ///< number of the last line that was sent
  Signal something_to_send_;
  TaskGroup tasks_;
};

}  // namespace oriel::agent
