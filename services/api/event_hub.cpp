#include "services/api/event_hub.h"

#include <set>

#include "libs/async/deadline.h"
#include "libs/async/sleep.h"
#include "libs/base/json.h"
#include "libs/base/log.h"
#include "libs/http/message.h"
#include "libs/store/agents.h"
#include "libs/store/ended_sign_ins.h"
#include "libs/store/settings.h"
#include "libs/store/sign_ins.h"
#include "services/api/views.h"

namespace oriel::api {
namespace {

using namespace std::chrono_literals;

constexpr std::size_t kSubscriptions = 3000;  // of kHttpConnections, so that requests find room beside them
constexpr std::size_t kWaitingEvents =
    512;  // a reader further behind than this is cut; it reconnects and reads anew
constexpr std::size_t kRemovals = 10'000;
constexpr auto kPoll = 1s;
constexpr auto kPing = 15s;
constexpr auto kServers = 5s;
constexpr auto kSignInCheck = 3s;
constexpr auto kShownAfterEnd = 5min;
constexpr auto kOverlap = 3s;  // how late a transaction may commit after its stamp and still be told
constexpr auto kGather = 5ms;  // changes that come together are read together

}  // namespace

Subscription::Subscription(Executor const& executor) : events(executor, kWaitingEvents) {}

EventHub::EventHub(Executor executor, postgres::Database& database, postgres::DatabaseOptions listen_options)
    : executor_(executor),
      database_(database),
      listen_options_(std::move(listen_options)),
      tasks_(executor),
      changed_(executor) {}

EventHub::~EventHub() = default;

void EventHub::start() {
  auto const on_notification = [this](postgres::Notification const& notification) {
    if (notification.channel == "oriel_agents") servers_changed_ = true;
    if (notification.channel == "oriel_revocations") {
      // Somebody's right ended: who still listens is asked now.
      next_check_ = {};
      changed_.notify();
      return;
    }
    // Whether a workspace can start depends on servers, too.
    if (notification.channel != "oriel_sessions") workspaces_changed_ = true;
    changed_.notify();
  };
  auto const on_resynchronise = [this] {
    servers_changed_ = true;
    workspaces_changed_ = true;
    changed_.notify();
  };
  listener_ = std::make_unique<postgres::Listener>(
      executor_, listen_options_,
      std::vector<std::string>{"oriel_sessions", "oriel_agents", "oriel_images", "oriel_revocations"},
      on_notification, on_resynchronise);
  tasks_.spawn(pump(), "events");
}

Async<> EventHub::stop() {
  stopping_ = true;
  for (auto const& weak : subscriptions_) {
    if (auto const subscription = weak.lock()) subscription->events.close();
  }
  co_await tasks_.stop();
  if (listener_) co_await listener_->stop();
}

std::shared_ptr<Subscription> EventHub::subscribe(UserId user, bool everything,
                                                  std::optional<SessionId> only_session,
                                                  std::string token_hash) {
  drop_gone();
  if (stopping_ || subscriptions_.size() >= kSubscriptions) return nullptr;
  auto subscription = std::make_shared<Subscription>(executor_);
  subscription->user = user;
  subscription->everything = everything;
  subscription->only_session = only_session;
  subscription->token_hash = std::move(token_hash);
  subscriptions_.push_back(subscription);
  if (everything) servers_.clear();  // the newcomer is told every server at the next turn
  changed_.notify();
  return subscription;
}

std::size_t EventHub::subscriptions() const {
  std::size_t count = 0;
  for (auto const& weak : subscriptions_) count += weak.expired() ? 0 : 1;
  return count;
}

Async<> EventHub::pump() {
  auto seen = changed_.count();
  while (!stopping_) {
    auto waiting = changed_.wait_after(seen);
    auto woken = co_await with_deadline(std::move(waiting), kPoll, "wait for changes");
    if (woken) co_await sleep_for(kGather);
    seen = changed_.count();
    drop_gone();
    if (subscriptions_.empty()) {
      since_.reset();
      told_.clear();
      removals_.clear();
      servers_.clear();
      continue;
    }
    co_await turn();
  }
}

Async<> EventHub::turn() {
  auto const now = clock_.steady_now();
  co_await tell_sessions();
  tell_removed();
  if (std::exchange(workspaces_changed_, false)) send_all(http::server_sent_event("workspaces", "{}"), false);
  if (std::exchange(servers_changed_, false) || servers_.empty() || now >= next_servers_) {
    next_servers_ = now + kServers;
    co_await tell_servers();
  }
  if (now >= next_check_) {
    next_check_ = now + kSignInCheck;
    co_await check_sign_ins();
  }
  if (now >= next_ping_) {
    next_ping_ = now + kPing;
    send_all(http::server_sent_event("ping", "{}"), false);
  }
}

Async<> EventHub::tell_sessions() {
  if (!since_) {
    auto now = co_await store::database_time(database_);
    if (!now) co_return;
    since_ = *now;
  }
  auto changed = co_await store::list_changed_sessions(database_, *since_ - kOverlap);
  if (!changed) {
    log::warning("events wait for the database", {{"error", changed.error()}});
    co_return;
  }
  for (auto const& session : *changed) {
    auto& told = told_[session.id];
    if (told == session.changed_at) continue;
    told = session.changed_at;
    if (session.changed_at > *since_) since_ = session.changed_at;
    tell(session);
  }
  forget_told();
}

void EventHub::forget_told() {
  auto const horizon = *since_ - 2 * kOverlap;
  std::erase_if(told_, [horizon](auto const& entry) { return entry.second < horizon; });
}

void EventHub::tell(store::Session const& session) {
  std::string for_owner;
  std::string for_administrators;
  for (auto const& weak : subscriptions_) {
    auto const subscription = weak.lock();
    if (!subscription) continue;
    if (subscription->everything) {
      if (for_administrators.empty()) {
        for_administrators = http::server_sent_event("session", json::text(admin_session_view(session)));
      }
      send(*subscription, for_administrators);
    } else if (subscription->user == session.user &&
               (!subscription->only_session || *subscription->only_session == session.id)) {
      if (for_owner.empty())
        for_owner = http::server_sent_event("session", json::text(session_view(session)));
      send(*subscription, for_owner);
    }
  }
  if (domain::is_final(session.state) && removals_.size() < kRemovals) {
    removals_.push_back({session.id, session.user, clock_.steady_now() + kShownAfterEnd});
  }
}

void EventHub::tell_removed() {
  auto const now = clock_.steady_now();
  while (!removals_.empty() && removals_.front().due <= now) {
    auto const removal = removals_.front();
    removals_.pop_front();
    auto const event =
        http::server_sent_event("session-removed", json::text(json::Object{{"id", removal.session.text()}}));
    for (auto const& weak : subscriptions_) {
      auto const subscription = weak.lock();
      if (subscription && (subscription->everything || subscription->user == removal.user))
        send(*subscription, event);
    }
  }
}

Async<> EventHub::tell_servers() {
  bool anybody = false;
  for (auto const& weak : subscriptions_) {
    auto const subscription = weak.lock();
    anybody = anybody || (subscription && subscription->everything);
  }
  if (!anybody) co_return;
  auto agents = co_await store::list_agents(database_);
  if (!agents) co_return;
  auto const policy = co_await store::find_placement_policy(database_);
  if (!policy) co_return;
  for (auto const& agent : *agents) {
    auto text = json::text(server_view(agent, *policy));
    auto& told = servers_[agent.id];
    if (told == text) continue;
    told = text;
    send_all(http::server_sent_event("server", text), true);
  }
}

Async<> EventHub::check_sign_ins() {
  // One question for all who listen; tabs of one browser share their sign-in.
  std::set<std::string> asked;
  std::set<std::string> of_administrators;
  for (auto const& weak : subscriptions_) {
    auto const subscription = weak.lock();
    if (!subscription) continue;
    asked.insert(subscription->token_hash);
    if (subscription->everything) of_administrators.insert(subscription->token_hash);
  }
  std::vector<std::string> hashes(asked.begin(), asked.end());
  auto listed = co_await store::list_ended_sign_ins(database_, std::move(hashes));
  if (!listed) co_return;  // the database is away: nobody is cut for that
  std::set<std::string> const ended(listed->begin(), listed->end());
  // Whether somebody is an administrator still: few listen to everything.
  std::set<std::string> demoted;
  for (auto const& token_hash : of_administrators) {
    if (ended.contains(token_hash)) continue;
    auto sign_in = co_await store::find_sign_in(database_, token_hash, store::SignInUse::kLook);
    if (!sign_in) co_return;
    if (!*sign_in || !(*sign_in)->account.permissions.is_administrator()) demoted.insert(token_hash);
  }
  for (auto const& weak : subscriptions_) {
    auto const subscription = weak.lock();
    if (!subscription) continue;
    bool const over = ended.contains(subscription->token_hash) ||
                      (subscription->everything && demoted.contains(subscription->token_hash));
    if (over) subscription->events.close();
  }
}

void EventHub::send(Subscription& subscription, std::string const& event) {
  if (!subscription.events.try_send(event)) subscription.events.close();
}

void EventHub::send_all(std::string const& event, bool administrators_only) {
  for (auto const& weak : subscriptions_) {
    auto const subscription = weak.lock();
    if (subscription && (subscription->everything || !administrators_only)) send(*subscription, event);
  }
}

void EventHub::drop_gone() {
  std::erase_if(subscriptions_, [](std::weak_ptr<Subscription> const& weak) { return weak.expired(); });
}

}  // namespace oriel::api
