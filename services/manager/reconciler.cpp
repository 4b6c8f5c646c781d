#include "services/manager/reconciler.h"

#include <algorithm>
#include <utility>
#include <vector>

#include "libs/async/deadline.h"
#include "libs/async/failpoint.h"
#include "libs/base/limits.h"
#include "libs/base/log.h"
#include "libs/store/agent_settings.h"
#include "libs/store/agents.h"
#include "libs/store/revocations.h"
#include "libs/store/session_list.h"
#include "libs/store/session_notices.h"
#include "libs/store/settings.h"
#include "libs/store/sign_ins.h"

namespace oriel::manager {
namespace {

using namespace std::chrono_literals;
using domain::Cause;
using domain::SessionState;

constexpr std::size_t kHints = 4096;  // more are found by the next round over everything
constexpr auto kPolicyLife = 10s;
constexpr auto kCleanEvery = 1h;
constexpr std::chrono::hours kKeepEnded{24 * 30};

}  // namespace

Reconciler::Reconciler(Executor executor, postgres::Database& database,
                       postgres::DatabaseOptions const& listening, Leadership& leadership,
                       AgentChannels& channels)
    : database_(database),
      listening_(listening),
      executor_(executor),
      leadership_(leadership),
      channels_(channels),
      wake_(executor),
      tasks_(executor, end_the_process()) {}

void Reconciler::start() {
  std::vector<std::string> names = {"oriel_sessions", "oriel_images", "oriel_revocations"};
  listener_ = std::make_unique<postgres::Listener>(
      executor_, listening_, std::move(names),
      [this](postgres::Notification const& notification) { notified(notification); },
      [this] { wake_.notify(); });
  tasks_.spawn(run(), "reconciler");
}

Async<> Reconciler::stop() {
  if (listener_) co_await listener_->stop();
  co_await tasks_.stop();
  listener_.reset();
}

void Reconciler::notified(postgres::Notification const& notification) {
  if (notification.channel == "oriel_images") {
    for (auto* channel : channels_.all()) channel->images_changed();
    return;
  }
  if (notification.channel == "oriel_revocations") {
    auto const& viewer = notification.payload;
    if (!viewer.empty() && revoked_.size() < limits::kRevocations) revoked_.insert(viewer);
  } else if (auto const id = SessionId::parse(notification.payload)) {
    if (hinted_.size() < kHints && hinted_already_.insert(*id).second) hinted_.push_back(*id);
  }
  wake_.notify();
}

void Reconciler::push(store::Session const& session) {
  if (!session.agent) return;
  if (auto* channel = channels_.find(*session.agent)) channel->push(session);
}

Async<> Reconciler::run() {
  auto next_round = std::chrono::steady_clock::now();
  for (;;) {
    auto const seen = wake_.count();
    auto hinted = co_await look_at_hinted();
    if (!hinted) log::warning("a hint could not be followed", {{"error", hinted.error()}});
    auto closed = co_await close_viewers();
    if (!closed) log::warning("viewers could not be closed", {{"error", closed.error()}});
    if (std::chrono::steady_clock::now() >= next_round) {
      next_round = std::chrono::steady_clock::now() + limits::kReconcilePoll;
      auto looked = co_await look_at_everything();
      if (!looked && healthy_) log::error("reconciling does not go on", {{"error", looked.error()}});
      if (looked && !healthy_) log::info("reconciling goes on");
      healthy_ = looked.has_value();
    }
    auto const left = next_round - std::chrono::steady_clock::now();
    if (left > 0s && wake_.count() == seen) {
      auto something = wake_.wait_after(seen);
      (void)co_await with_deadline(std::move(something), left, "next round");
    }
  }
}

Async<Result<>> Reconciler::look_at_hinted() {
  while (!hinted_.empty()) {
    auto const id = hinted_.front();
    hinted_.pop_front();
    hinted_already_.erase(id);
    auto session = co_await store::find_session(database_, id);
    if (!session) co_return session.error();
    if (!*session) continue;
    auto looked = co_await look_at(std::move(**session));
    if (!looked) co_return looked.error();
  }
  co_return Result<>();
}

Async<Result<>> Reconciler::look_at(store::Session session) {
  push(session);
  if (!leadership_.leads() || domain::is_final(session.state)) co_return Result<>();
  if (session.state == SessionState::kRequested) co_return co_await place(session.id);
  if (session.desired == domain::DesiredState::kEnded && session.state != SessionState::kEnding) {
    co_return co_await begin_end(std::move(session));
  }
  co_return Result<>();
}

Async<Result<>> Reconciler::read_policy() {
  auto const now = std::chrono::steady_clock::now();
  if (policy_read_ != std::chrono::steady_clock::time_point{} && now - policy_read_ < kPolicyLife)
    co_return Result<>();
  auto policy = co_await store::find_placement_policy(database_);
  if (!policy) co_return policy.error();
  policy_ = *policy;
  policy_read_ = now;
  co_return Result<>();
}

Async<Result<>> Reconciler::place(SessionId session) {
  auto read = co_await read_policy();
  if (!read) co_return read.error();
  ORIEL_FAILPOINT(kManagerSessionSeen);
  auto placed = co_await store::place_session(database_, session, policy_);
  if (!placed) co_return placed.error().within("place session " + session.text());
  if (!*placed) co_return Result<>();
  ORIEL_FAILPOINT(kManagerSessionPlaced);
  auto const& [row, decision] = **placed;
  log::info("session placed", {{"session", session},
                               {"state", domain::text(row.state)},
                               {"server", row.server.value_or("none")},
                               {"why", decision.agent ? std::string("fits best") : decision.summary()}});
  push(row);
  co_return Result<>();
}

Async<Result<>> Reconciler::begin_end(store::Session session) {
  store::SessionPatch patch;
  patch.state = SessionState::kEnding;
  auto advanced =
      co_await store::advance_session(database_, session.id, session.generation, Cause::kManager, patch);
  if (!advanced) {
    if (advanced.error().code == Code::kConflict) co_return Result<>();
    co_return advanced.error().within("end session " + session.id.text());
  }
  ORIEL_FAILPOINT(kManagerEndBegun);
  if (*advanced) push(**advanced);
  co_return Result<>();
}

Async<Result<>> Reconciler::call_in_deadline(store::Session session) {
  auto const exit = domain::overdue_exit(session.state);
  if (!exit) co_return Result<>();
  if (exit->to == session.state) {
    auto rearmed = co_await store::rearm_deadline(database_, session.id, session.generation);
    if (!rearmed) co_return rearmed.error();
    auto* channel = session.agent ? channels_.find(*session.agent) : nullptr;
    if (channel != nullptr) channel->repeat(session.id);
    log::warning("an end is not confirmed yet", {{"session", session.id}});
    co_return Result<>();
  }
  store::SessionPatch patch;
  patch.state = exit->to;
  patch.reason_code = std::string(exit->reason_code);
  patch.reason = std::string(exit->reason);
  if (session.state == SessionState::kStarting) {
    patch.reason =
        "The start took longer than 60 s: last step " + session.step + ". " + std::string(exit->reason);
  }
  log::warning("session is overdue",
               {{"session", session.id}, {"state", domain::text(session.state)}, {"step", session.step}});
  auto advanced = co_await store::advance_session(database_, session.id, session.generation, Cause::kManager,
                                                  std::move(patch));
  if (!advanced) {
    if (advanced.error().code == Code::kConflict) co_return Result<>();
    co_return advanced.error();
  }
  // A failed session is `ended` for its agent: what is left of it goes.
  if (*advanced) push(**advanced);
  co_return Result<>();
}

Async<Result<>> Reconciler::watch_agents() {
  auto changes =
      co_await store::mark_silent_agents(database_, limits::kAgentSuspect, limits::kAgentUnreachable);
  if (!changes) co_return changes.error();
  for (auto const& change : *changes) {
    log::warning(
        "an agent is silent",
        {{"agent", change.id}, {"hostname", change.hostname}, {"state", domain::text(change.state)}});
  }
  co_return Result<>();
}

Async<Result<>> Reconciler::clean() {
  auto const now = std::chrono::steady_clock::now();
  if (cleaned_ != std::chrono::steady_clock::time_point{} && now - cleaned_ < kCleanEvery)
    co_return Result<>();
  cleaned_ = now;
  auto forgotten = co_await store::forget_sessions(database_, kKeepEnded);
  if (!forgotten) log::warning("old sessions were not forgotten", {{"error", forgotten.error()}});
  auto revocations = co_await store::forget_revocations(database_, store::kSignInAbsolute + kCleanEvery);
  if (!revocations) log::warning("old revocations were not forgotten", {{"error", revocations.error()}});
  co_return Result<>();
}

Async<Result<>> Reconciler::look_at_everything() {
  if (!leadership_.leads()) co_return Result<>();
  auto requested = co_await store::list_requested_sessions(database_);
  if (!requested) co_return requested.error();
  for (auto const& id : *requested) {
    auto placed = co_await place(id);
    if (!placed) co_return placed.error();
  }
  auto expired = co_await store::expire_sessions(database_);
  if (!expired) co_return expired.error();
  for (auto const& id : *expired) log::info("session expired", {{"session", id}});

  auto to_end = co_await store::list_sessions_to_end(database_);
  if (!to_end) co_return to_end.error();
  for (auto& session : *to_end) {
    auto ended = co_await begin_end(std::move(session));
    if (!ended) co_return ended.error();
  }
  auto overdue = co_await store::list_overdue_sessions(database_);
  if (!overdue) co_return overdue.error();
  for (auto& session : *overdue) {
    auto called = co_await call_in_deadline(std::move(session));
    if (!called) co_return called.error();
  }
  auto lost = co_await store::fail_sessions_of_removed_agents(database_);
  if (!lost) co_return lost.error();
  for (auto const& id : *lost) log::warning("a session's server was removed", {{"session", id}});
  auto lapsed = co_await store::close_lapsed_watches(database_);
  if (!lapsed) co_return lapsed.error();
  auto watched = co_await watch_agents();
  if (!watched) co_return watched.error();
  co_return co_await clean();
}

/// Any agent may hold the viewer: each is told, and those that do not know it do nothing.
Async<Result<>> Reconciler::close_viewers() {
  if (!revocations_) {
    auto now = co_await store::database_time(database_);
    if (!now) co_return now.error();
    revocations_.emplace(*now);
  }
  std::vector<std::string> viewers(revoked_.begin(), revoked_.end());
  revoked_.clear();
  for (;;) {
    auto more = co_await revocations_->read(database_);
    if (!more) co_return more.error();
    viewers.insert(viewers.end(), more->begin(), more->end());
    if (viewers.empty()) co_return Result<>();
    for (auto const& message : close_messages(std::exchange(viewers, {}))) {
      for (auto* channel : channels_.all()) channel->close_viewers(message);
    }
  }
}

}  // namespace oriel::manager
