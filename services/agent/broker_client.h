#pragma once

#include <functional>
#include <string>
#include <vector>

#include "libs/async/async.h"
#include "libs/base/id.h"
#include "libs/base/result.h"
#include "libs/base/uri.h"
#include "libs/http/client.h"
#include "protocol/broker/messages.h"

namespace oriel::agent {

/// protocol/broker, typed. Every call has a deadline.
class BrokerClient {
 public:
  BrokerClient(Executor executor, Endpoint endpoint);

  [[nodiscard]] Async<Result<protocol::broker::Host>> host();
  [[nodiscard]] Async<Result<std::vector<protocol::broker::SessionContainer>>> sessions();
  /// kNotFound when the session has none.
  [[nodiscard]] Async<Result<protocol::broker::SessionContainer>> find(SessionId session);
  /// Makes the session's control directory, or keeps it. It goes with remove().
  [[nodiscard]] Async<Result<>> make_control(SessionId session);
  /// Creates and starts, or adopts what is there.
  [[nodiscard]] Async<Result<protocol::broker::SessionContainer>> create(
      SessionId session, protocol::broker::CreateSession wanted);
  /// Resumes when container, volumes and control directory are seen gone; also when they were gone already.
  [[nodiscard]] Async<Result<>> remove(SessionId session);
  [[nodiscard]] Async<Result<std::string>> log(SessionId session);
  [[nodiscard]] Async<Result<protocol::broker::SessionUsage>> usage(SessionId session);
  [[nodiscard]] Async<Result<std::vector<protocol::broker::Image>>> images();
  /// The image's id once it is there. `on_progress` gets percent and words.
  [[nodiscard]] Async<Result<std::string>> pull(
      protocol::broker::PullImage wanted, std::function<void(protocol::broker::PullLine const&)> on_progress);
  /// Runs until the stream ends or breaks.
  [[nodiscard]] Async<Result<>> events(std::function<void(protocol::broker::Event const&)> on_event);

 private:
  http::Client calls_;
};

/// The other side is down, slow or full, or had a fault of its own: the same call may succeed later.
[[nodiscard]] bool may_pass(Error const& error);

}  // namespace oriel::agent
