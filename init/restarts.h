#pragma once

#include <chrono>

namespace oriel::init {

/// How soon a program that ended is started again: at once, then doubling from limits::kBackoffFirst to
/// limits::kBackoffLongest; forgotten after limits::kSteady of running.
class Restarts {
 public:
  using Time = std::chrono::steady_clock::time_point;
  void started(Time now) { started_ = now; }
  /// Notes the end and says when to start again.
  Time ended(Time now);
  /// Ends in a row, none of them after a steady run.
  [[nodiscard]] int in_a_row() const { return in_a_row_; }

 private:
  Time started_{};
  int in_a_row_ = 0;
};

}  // namespace oriel::init
