#pragma once

#include <cstdint>
#include <string>

#include "libs/async/async.h"
#include "libs/async/event.h"
#include "libs/async/task_group.h"
#include "libs/postgres/database.h"

namespace oriel::manager {

/// Which of several managers places, expires and repairs: the one that holds the lease `manager` in the
/// database. All of them serve agents.
class Leadership {
 public:
  Leadership(Executor executor, postgres::Database& database, std::string holder);
  void start();
  /// Gives the lease back, so that another leads at once. Required before destruction.
  [[nodiscard]] Async<> stop();

  /// False as soon as the lease could have expired by our own monotonic clock, whatever the database says
  /// later.
  [[nodiscard]] bool leads() const;
  /// Grows each time another holder takes over.
  [[nodiscard]] std::int64_t epoch() const { return epoch_; }

 private:
  [[nodiscard]] Async<> run();

  postgres::Database& database_;
  std::string holder_;
  std::int64_t epoch_ = 0;
  std::chrono::steady_clock::time_point until_{};
  TaskGroup tasks_;
};

}  // namespace oriel::manager
