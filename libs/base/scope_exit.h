#pragma once

#include <utility>

namespace oriel {

/// Runs `action` on every way out of the scope, exceptions and cancellation included. `action` must not
/// throw.
template <typename Action>
class [[nodiscard]] ScopeExit {
 public:
  explicit ScopeExit(Action action) : action_(std::move(action)) {}
  ScopeExit(ScopeExit const&) = delete;
  ScopeExit& operator=(ScopeExit const&) = delete;
  ~ScopeExit() {
    if (armed_) action_();
  }

  /// The action is no longer needed: what it would undo has succeeded.
  void dismiss() { armed_ = false; }

 private:
  Action action_;
  bool armed_ = true;
};

}  // namespace oriel
