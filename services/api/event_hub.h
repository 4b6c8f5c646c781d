#pragma once

#include <deque>
#include <memory>
#include <optional>
#include <string>
#include <unordered_map>
#include <vector>

#include "libs/async/channel.h"
#include "libs/async/task_group.h"
#include "libs/base/clock.h"
#include "libs/postgres/database.h"
#include "libs/postgres/listener.h"
#include "libs/store/sessions.h"

namespace oriel::api {

/// Who listens, and the events that wait for them. Closed when its reader is too slow, its sign-in ended, or
/// the service stops.
struct Subscription {
  explicit Subscription(Executor const& executor);

  UserId user{};
  bool everything = false;                  ///< an administrator's
  std::optional<SessionId> only_session{};  ///< a connect link's
  std::string token_hash{};
  Channel<std::string> events;  ///< ready to be written
};

/// Tells event streams what changed. Rows are the truth and are asked each second; notifications only make it
/// sooner.
class EventHub {
 public:
  EventHub(Executor executor, postgres::Database& database, postgres::DatabaseOptions listen_options);
  ~EventHub();
  EventHub(EventHub const&) = delete;
  EventHub& operator=(EventHub const&) = delete;

  void start();
  /// Required before destruction.
  [[nodiscard]] Async<> stop();

  /// Empty when too many listen already.
  [[nodiscard]] std::shared_ptr<Subscription> subscribe(UserId user, bool everything,
                                                        std::optional<SessionId> only_session,
                                                        std::string token_hash);
  [[nodiscard]] std::size_t subscriptions() const;

 private:
  [[nodiscard]] Async<> pump();
  [[nodiscard]] Async<> turn();
  [[nodiscard]] Async<> tell_sessions();
  [[nodiscard]] Async<> tell_servers();
  [[nodiscard]] Async<> check_sign_ins();
  void tell_removed();
  void tell(store::Session const& session);
  void forget_told();
  void send(Subscription& subscription, std::string const& event);
  void send_all(std::string const& event, bool administrators_only);
  void drop_gone();

  struct Removal {
    SessionId session{};
    UserId user{};
    SteadyTime due{};
  };

  Executor executor_;
  postgres::Database& database_;
  postgres::DatabaseOptions listen_options_;
  SystemClock clock_;
  TaskGroup tasks_;
  Signal changed_;
  std::unique_ptr<postgres::Listener> listener_;
  std::vector<std::weak_ptr<Subscription>> subscriptions_;

  std::optional<WallTime> since_{};                 ///< database time of the newest change told
  std::unordered_map<SessionId, WallTime> told_{};  ///< within the overlap
  std::deque<Removal> removals_{};
  std::unordered_map<AgentId, std::string> servers_{};  ///< what was told last
  bool servers_changed_ = false;
  bool workspaces_changed_ = false;
  bool stopping_ = false;
  SteadyTime next_ping_{};
  SteadyTime next_servers_{};
  SteadyTime next_check_{};
};

}  // namespace oriel::api
