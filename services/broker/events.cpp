#include "services/broker/events.h"

#include <vector>

#include "libs/async/backoff.h"
#include "libs/base/log.h"
#include "libs/base/text.h"
#include "services/broker/policy.h"

namespace oriel::broker {
namespace {

constexpr std::size_t kQueue = 512;
constexpr std::size_t kRemembered = 1024;

std::string attribute(docker::Event const& event, char const* name) {
  auto const found = event.attributes.find(name);
  return found == event.attributes.end() ? std::string() : found->second;
}

}  // namespace

Events::Events(Executor executor, Configuration const& configuration, docker::Engine& engine)
    : executor_(std::move(executor)), configuration_(configuration), engine_(engine) {}

Async<> Events::run() {
  Backoff backoff;
  for (;;) {
    auto const policy = read_policy(configuration_.policy_path());
    if (policy) {
      docker::Labels labels{{"oriel.instance", configuration_.instance}, {"oriel.agent", policy->agent}};
      std::vector<std::string> types{"container"};
      auto on_open = [this, &backoff] {
        backoff.reset();
        publish({.event = "resynchronise", .time = rfc3339(SystemClock().now())});
      };
      auto on_event = [this](docker::Event const& event) { take(event); };
      auto const ended = co_await engine_.events(std::move(labels), std::move(types), on_open, on_event);
      if (!ended) log::warning("the engine's event stream broke", {{"error", ended.error()}});
    } else {
      log::error("cannot listen for events", {{"error", policy.error()}});
    }
    co_await backoff.wait();
  }
}

std::shared_ptr<Events::Queue> Events::subscribe() {
  auto queue = std::make_shared<Queue>(executor_, kQueue);
  queue->try_send({.event = "resynchronise", .time = rfc3339(SystemClock().now())});
  queues_.insert(queue);
  return queue;
}

void Events::publish(protocol::broker::Event const& event) {
  for (auto it = queues_.begin(); it != queues_.end();) {
    if ((*it)->try_send(event)) {
      ++it;
      continue;
    }
    (*it)->close();
    it = queues_.erase(it);
  }
}

void Events::take(docker::Event const& event) {
  protocol::broker::Event shown;
  shown.session = attribute(event, "oriel.session");
  if (shown.session.empty()) return;
  shown.attempt = parse_integer(attribute(event, "oriel.attempt")).value_or(0);
  shown.time = rfc3339(event.time);
  if (event.action == "oom") {
    if (out_of_memory_.size() < kRemembered) out_of_memory_.insert(event.id);
    return;
  }
  if (event.action == "start") {
    shown.event = "started";
    out_of_memory_.erase(event.id);
  } else if (event.action == "die") {
    shown.event = "died";
    shown.exit_code = parse_integer(attribute(event, "exitCode")).value_or(0);
    // The kernel ends a process above the limit, seldom PID 1: only an end by SIGKILL is one by memory.
    bool const killed = shown.exit_code == 137;
    shown.oom_killed = out_of_memory_.erase(event.id) > 0 && killed;
  } else if (event.action == "destroy") {
    shown.event = "removed";
    out_of_memory_.erase(event.id);
  } else {
    return;
  }
  publish(shown);
}

}  // namespace oriel::broker
