#pragma once

#include <string>

#include "libs/async/async.h"
#include "libs/docker/engine.h"
#include "libs/http/message.h"
#include "protocol/broker/messages.h"
#include "services/broker/configuration.h"

namespace oriel::broker {

/// Images as sessions see them. Belongs to one executor.
class Images {
 public:
  Images(Executor executor, Configuration const& configuration, docker::Engine& engine);

  /// Those whose references the policy allows.
  [[nodiscard]] Async<Result<protocol::broker::ImageList>> list();

  /// Whether the policy lets this be pulled; kForbidden says why not.
  [[nodiscard]] Result<> may_pull(protocol::broker::PullImage const& wanted) const;
  /// Writes progress lines (protocol/broker) until it is there, or failed, or the reader has gone.
  [[nodiscard]] Async<> pull(protocol::broker::PullImage wanted, http::BodyWriter& writer);

 private:
  Executor executor_;
  Configuration const& configuration_;
  docker::Engine& engine_;
};

}  // namespace oriel::broker
