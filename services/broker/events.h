#pragma once

#include <memory>
#include <set>
#include <string>

#include "libs/async/async.h"
#include "libs/async/channel.h"
#include "libs/docker/engine.h"
#include "protocol/broker/messages.h"
#include "services/broker/configuration.h"

namespace oriel::broker {

/// One subscription at the engine, shared by all who read GET /v1/events. Belongs to one executor.
class Events {
 public:
  using Queue = Channel<protocol::broker::Event>;

  Events(Executor executor, Configuration const& configuration, docker::Engine& engine);

  /// Listens at the engine for ever, again after each break; every (re)connection is a `resynchronise` for
  /// all readers.
  [[nodiscard]] Async<> run();

  /// A reader's own queue; it begins with `resynchronise`. One that falls behind is closed, and its reader
  /// connects again.
  [[nodiscard]] std::shared_ptr<Queue> subscribe();
  void unsubscribe(std::shared_ptr<Queue> const& queue) { queues_.erase(queue); }

 private:
  void publish(protocol::broker::Event const& event);
  void take(docker::Event const& event);

  Executor executor_;
  Configuration const& configuration_;
  docker::Engine& engine_;
  std::set<std::shared_ptr<Queue>> queues_;
  std::set<std::string> out_of_memory_;  // container ids whose `die` has not come yet
};

}  // namespace oriel::broker
