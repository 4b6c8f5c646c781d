#pragma once

#include <chrono>
#include <functional>
#include <map>
#include <memory>
#include <optional>
#include <set>
#include <string>
#include <vector>

#include "libs/async/async.h"
#include "libs/async/channel.h"
#include "libs/http/router.h"
#include "libs/http/server.h"
#include "protocol/broker/messages.h"

namespace oriel::agent::testing {

/// A broker without an engine: speaks protocol/broker on a unix socket, keeps containers in a map, and does
/// to them what a test says. Restart it by making a new one over the same `Engine`.
class FakeBroker {
 public:
  /// What outlives the broker: as Docker does.
  struct Engine {
    std::map<std::string, protocol::broker::SessionContainer> containers{};
    std::vector<protocol::broker::Image> images{};
    std::string log = "line one\nline two\n";
    int creates = 0;  ///< containers made, adoptions not counted
    int pulls = 0;
    int pulls_at_once = 0;
    int most_pulls_at_once = 0;
    std::vector<protocol::broker::CreateSession> wishes{};
    std::chrono::steady_clock::time_point last_create_call{};
    std::function<void(std::string session)> on_start{};
    std::string control_directory{};  ///< where control directories are made and removed
    int control_calls = 0;
  };

  FakeBroker(Executor executor, std::string socket, Engine& engine);
  [[nodiscard]] Async<> stop();

  /// Answers everything but the event stream with this failure; none ends that.
  void refuse_with(std::optional<Code> code) { refuse_ = code; }
  /// Of every create, before it happens.
  void set_create_delay(std::chrono::milliseconds delay) { create_delay_ = delay; }
  void set_pull_delay(std::chrono::milliseconds delay) { pull_delay_ = delay; }
  /// The container's main process ended.
  void die(std::string const& session, int exit_code, bool oom_killed, bool say_so = true);
  /// Somebody removed the container by hand.
  void vanish(std::string const& session, bool say_so);

 private:
  void declare_routes();
  void tell(protocol::broker::Event const& event);
  [[nodiscard]] Async<http::Response> create(http::Request request);
  [[nodiscard]] Async<http::Response> pull(http::Request request);

  Executor executor_;
  Engine& engine_;
  http::Router router_;
  std::unique_ptr<http::Server> server_;
  std::set<std::shared_ptr<Channel<std::string>>> listeners_;
  std::optional<Code> refuse_{};
  std::chrono::milliseconds create_delay_{0};
  std::chrono::milliseconds pull_delay_{0};
};

}  // namespace oriel::agent::testing
