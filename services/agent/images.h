#pragma once

#include <chrono>
#include <map>
#include <string>
#include <vector>

#include "libs/async/async.h"
#include "libs/async/event.h"
#include "libs/async/task_group.h"
#include "libs/base/clock.h"
#include "protocol/agent/messages.h"
#include "protocol/broker/messages.h"
#include "services/agent/broker_client.h"

namespace oriel::agent {

/// Keeps the images that are wanted here, and knows which are: at most kImagePulls downloads at once, one for
/// each reference, failed ones again after a growing while.
class Images {
 public:
  Images(Executor executor, BrokerClient& broker, Clock& clock);
  void start();
  /// Downloads under way are given up. Required before destruction.
  [[nodiscard]] Async<> stop();

  void apply(std::vector<protocol::agent::DesiredImage> wanted);
  /// The broker answered once: inventory() means something.
  [[nodiscard]] bool listed() const { return listed_; }
  [[nodiscard]] protocol::agent::Inventory inventory() const;
  /// Notified when inventory() answers something else.
  [[nodiscard]] Signal& changed() { return changed_; }
  /// What the broker said of this host when it was last asked.
  [[nodiscard]] protocol::broker::Host const& host() const { return host_; }

 private:
  struct Pull {
    bool running = false;
    std::int64_t progress = 0;
    std::string message{};
    std::string failure{};
    std::chrono::seconds wait{0};  ///< until it is tried again
    SteadyTime again_at{};
  };

  [[nodiscard]] Async<> keep_loop();
  [[nodiscard]] Async<> refresh();
  [[nodiscard]] Async<> pull(protocol::agent::DesiredImage wanted);
  [[nodiscard]] bool present(protocol::agent::DesiredImage const& wanted) const;
  void start_pulls();
  void note_if_changed();

  BrokerClient& broker_;
  Clock& clock_;
  std::vector<protocol::agent::DesiredImage> wanted_;
  std::vector<protocol::broker::Image> here_;
  protocol::broker::Host host_{};
  bool listed_ = false;
  std::map<std::string, Pull> pulls_;
  std::size_t running_pulls_ = 0;
  std::string last_inventory_;
  Signal changed_;
  Signal look_again_;
  TaskGroup tasks_;
};

}  // namespace oriel::agent
