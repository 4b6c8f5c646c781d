#include "services/agent/sessions.h"

#include <utility>

#include "libs/async/backoff.h"
#include "libs/async/deadline.h"
#include "libs/async/failpoint.h"
#include "libs/async/sleep.h"
#include "libs/base/limits.h"
#include "libs/base/log.h"

namespace oriel::agent {

namespace wire = protocol::agent;

namespace {
constexpr std::uint64_t kWatchedRounds = 6;  // of kUsageInterval: every 30 s
}

Sessions::Sessions(Executor executor, Options const& options, BrokerClient& broker, Clock& clock)
    : broker_(broker),
      clock_(clock),
      context_{executor, options, broker, clock,
               [this](SessionId session) {
                 dirty_.insert(session);
                 changed_.notify();
               }},
      changed_(executor),
      list_now_(executor),
      discards_(executor),
      tasks_(executor) {}

void Sessions::start() {
  tasks_.spawn(list_loop(), "list containers");
  tasks_.spawn(event_loop(), "broker events");
  tasks_.spawn(usage_loop(), "usage");
}

Async<> Sessions::stop() {
  co_await tasks_.stop();
  for (auto& [id, keeper] : keepers_) co_await keeper->stop();
  keepers_.clear();
  co_await discards_.wait();
}

SessionKeeper* Sessions::keeper_of(SessionId session) {
  auto const found = keepers_.find(session);
  return found == keepers_.end() ? nullptr : found->second.get();
}

void Sessions::forget(SessionId session) {
  auto found = keepers_.find(session);
  if (found == keepers_.end()) return;
  // Only what is gone may be forgotten; anything else stays and is reported until the manager says `ended`.
  if (!found->second->gone()) {
    found->second->forget_desire();
    dirty_.insert(session);
    changed_.notify();
    return;
  }
  auto keeper = std::move(found->second);
  keepers_.erase(found);
  dirty_.erase(session);
  discards_.spawn(discard(std::move(keeper)), "forget session");
}

Async<> Sessions::discard(std::unique_ptr<SessionKeeper> keeper) { co_await keeper->stop(); }

void Sessions::apply(wire::Desired const& message) {
  for (auto const& desired : message.sessions) {
    if (message.full) named_.insert(desired.id);
    auto* keeper = keeper_of(desired.id);
    if (keeper == nullptr) {
      if (keepers_.size() >= limits::kAgentSessions) {
        log::error("too many sessions on this host; one is not taken", {{"session", desired.id}});
        continue;
      }
      auto made = std::make_unique<SessionKeeper>(context_, desired.id);
      keeper = made.get();
      keepers_.emplace(desired.id, std::move(made));
    }
    keeper->want(desired);
  }
  for (auto const& id : message.removed_sessions) forget(id);
  if (!message.full || message.more) return;

  std::vector<SessionId> unnamed;
  for (auto const& [id, keeper] : keepers_) {
    if (!named_.contains(id)) unnamed.push_back(id);
  }
  named_.clear();
  for (auto const& id : unnamed) forget(id);
}

void Sessions::close_viewer(wire::CloseViewer const& message) {
  for (auto const& [id, keeper] : keepers_) {
    if (!message.session || *message.session == id) keeper->close_viewers(message.viewers, message.reason);
  }
}

std::vector<wire::ObservedSession> Sessions::observed() const {
  std::vector<wire::ObservedSession> list;
  list.reserve(keepers_.size());
  for (auto const& [id, keeper] : keepers_) list.push_back(keeper->observed());
  return list;
}

std::vector<wire::ObservedSession> Sessions::take_changed(std::size_t most) {
  std::vector<wire::ObservedSession> list;
  while (!dirty_.empty() && list.size() < most) {
    auto const id = *dirty_.begin();
    dirty_.erase(dirty_.begin());
    if (auto* keeper = keeper_of(id)) list.push_back(keeper->observed());
  }
  return list;
}

std::int64_t Sessions::count() const {
  std::int64_t count = 0;
  for (auto const& [id, keeper] : keepers_) count += keeper->gone() ? 0 : 1;
  return count;
}

Async<> Sessions::list_containers() {
  auto const asked = clock_.steady_now();
  auto list = co_await broker_.sessions();
  if (!list) {
    if (broker_answers_) log::warning("the broker does not answer", {{"error", list.error()}});
    broker_answers_ = false;
    co_return;
  }
  broker_answers_ = true;
  ORIEL_FAILPOINT_PASSED(kAgentContainersListed);
  std::set<SessionId> present;
  for (auto const& container : *list) {
    auto const id = SessionId::parse(container.session);
    if (!id) continue;
    present.insert(*id);
    auto* keeper = keeper_of(*id);
    if (keeper == nullptr) {
      auto made = std::make_unique<SessionKeeper>(context_, *id);
      keeper = made.get();
      keepers_.emplace(*id, std::move(made));
      log::info("found a session's container", {{"session", *id}, {"attempt", container.attempt}});
    }
    keeper->see_container(container);
  }
  for (auto const& [id, keeper] : keepers_) {
    if (!present.contains(id)) keeper->see_no_container(asked);
  }
}

Async<> Sessions::list_loop() {
  Backoff backoff;
  for (;;) {
    auto const seen = list_now_.count();
    co_await list_containers();
    if (!broker_answers_) {
      co_await backoff.wait();
      continue;
    }
    backoff.reset();
    auto sooner = list_now_.wait_after(seen);
    (void)co_await with_deadline(std::move(sooner), limits::kContainerList, "next list");
  }
}

Async<> Sessions::event_loop() {
  Backoff backoff;
  for (;;) {
    auto const began = clock_.steady_now();
    std::function<void(protocol::broker::Event const&)> on_event =
        [this](protocol::broker::Event const& event) {
          if (event.event == "resynchronise") {
            list_now_.notify();
            return;
          }
          auto const id = SessionId::parse(event.session);
          if (!id) return;
          if (auto* keeper = keeper_of(*id)) keeper->see_event(event);
        };
    auto followed = co_await broker_.events(std::move(on_event));
    list_now_.notify();
    if (!followed) log::debug("the broker's events ended", {{"error", followed.error()}});
    if (clock_.steady_now() - began > limits::kBackoffLongest) backoff.reset();
    co_await backoff.wait();
  }
}

Async<> Sessions::usage_loop() {
  for (std::uint64_t round = 1;; ++round) {
    co_await sleep_for(limits::kUsageInterval);
    std::vector<SessionId> running;
    for (auto const& [id, keeper] : keepers_) {
      if (!keeper->running()) continue;
      running.push_back(id);
      // Somebody who only watches changes nothing, and must still keep the session alive.
      if (keeper->watched() && round % kWatchedRounds == 0) context_.changed(id);
    }
    for (auto const& id : running) {
      auto usage = co_await broker_.usage(id);
      if (!usage) {
        if (may_pass(usage.error())) break;  // the broker is away: not one timeout for each session
        continue;
      }
      if (auto* keeper = keeper_of(id)) keeper->see_usage(*usage);
    }
  }
}

}  // namespace oriel::agent
