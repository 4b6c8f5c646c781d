#include "services/broker/docker_watch.h"

#include <chrono>
#include <optional>

#include "libs/async/sleep.h"
#include "libs/base/log.h"
#include "services/broker/firewall.h"

namespace oriel::broker {
namespace {

constexpr std::chrono::milliseconds kLookEvery{250};
constexpr std::chrono::seconds kPatience{1};
constexpr std::chrono::seconds kFirewallEvery{5};

}  // namespace

Async<> watch_docker(Service& service, docker::Engine& engine) {
  std::optional<std::chrono::steady_clock::time_point> refused_since;
  while (!service.stopping()) {
    auto const answer = co_await engine.ping();
    auto const now = std::chrono::steady_clock::now();
    // Slow is not gone: only a socket that nobody listens on, or that is not there.
    auto const code = answer ? Code::kInternal : answer.error().code;
    bool const refused =
        !answer && (code == Code::kUnavailable || code == Code::kNotFound || code == Code::kForbidden);
    if (!refused) {
      refused_since.reset();
    } else if (!refused_since) {
      refused_since = now;
    } else if (now - *refused_since >= kPatience) {
      service.request_stop("nobody answers on the Docker socket: " + answer.error().message);
      co_return;
    }
    co_await sleep_for(kLookEvery);
  }
}

Async<> watch_firewall(Firewall& firewall) {
  for (;;) {
    auto const stands = co_await firewall.ensure();
    if (!stands)
      log::error("the firewall table does not stand: sessions with a network are refused",
                 {{"error", stands.error()}});
    co_await sleep_for(kFirewallEvery);
  }
}

}  // namespace oriel::broker
