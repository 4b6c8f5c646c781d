#pragma once

#include <functional>
#include <memory>
#include <string>
#include <vector>

#include "libs/postgres/database.h"

namespace oriel::postgres {

struct Notification {
  std::string channel;
  std::string payload;
};

/// LISTENs on a connection of its own, for ever, reconnecting with back-off. NOTIFY is a hint: whoever uses
/// this also polls. Callbacks run on the executor and must not block.
class Listener {
 public:
  using OnNotification = std::function<void(Notification const&)>;
  /// Called each time the listening begins, the first included: what happened before may have been missed,
  /// read it again.
  using OnResynchronise = std::function<void()>;

  Listener(Executor executor, DatabaseOptions options, std::vector<std::string> channels,
           OnNotification on_notification, OnResynchronise on_resynchronise);
  ~Listener();
  Listener(Listener const&) = delete;
  Listener& operator=(Listener const&) = delete;

  /// Required before destruction.
  [[nodiscard]] Async<> stop();
  [[nodiscard]] bool listening() const;

 private:
  struct State;
  std::shared_ptr<State> state_;
};

}  // namespace oriel::postgres
