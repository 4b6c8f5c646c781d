#pragma once

#include <chrono>
#include <string>
#include <string_view>
#include <unordered_map>

#include "libs/async/async.h"
#include "libs/base/clock.h"
#include "libs/crypto/crypto.h"
#include "libs/domain/throttle.h"
#include "libs/redis/redis.h"

namespace oriel::api {

/// Counts guesses at accounts and from addresses, in Redis for all API instances together; while Redis is
/// away, in this process alone. An address from which somebody signed in to an account has a count of its own
/// there: whoever guesses from everywhere keeps nobody out of the place where they work. What is counted is
/// the attempt, before the password is looked at: a hundred guesses at once are a hundred.
class SignInThrottle {
 public:
  SignInThrottle(redis::Redis& redis, crypto::Key const& token_key, std::string instance, Clock const& clock);

  /// Zero: go on, and tell how it went. Else how long to wait; nothing was counted.
  [[nodiscard]] Async<std::chrono::seconds> begin(std::string account, std::string address);
  /// The attempt was good: the account's count is forgotten, the address's is taken back.
  [[nodiscard]] Async<> succeeded(std::string account, std::string address);
  /// How long the account's next attempt has to wait now; zero: not at all. Counts nothing.
  [[nodiscard]] Async<std::chrono::seconds> paused(std::string account);
  /// Lets the account try again at once.
  [[nodiscard]] Async<> forget(std::string account);

 private:
  /// One counted name: `account:<keyed hash>` or `address:<keyed hash>`.
  struct Counter {
    std::string name;
    domain::ThrottlePolicy policy;
  };
  struct Local {
    int failures = 0;
    SteadyTime forget_at{};
    SteadyTime blocked_until{};
  };
  [[nodiscard]] Counter counter(std::string_view kind, std::string_view what,
                                domain::ThrottlePolicy policy) const;

  /// The count of one account from one address that it knows.
  [[nodiscard]] Counter of_place(std::string const& account, std::string const& address) const;
  [[nodiscard]] Async<bool> is_known(std::string account, std::string address);
  [[nodiscard]] Async<Result<std::chrono::seconds>> begin_shared(std::vector<Counter> counters);
  [[nodiscard]] std::chrono::seconds begin_local(std::vector<Counter> const& counters);
  void forget_old();

  redis::Redis& redis_;
  crypto::Key key_;
  std::string prefix_;
  Clock const& clock_;
  std::unordered_map<std::string, Local> local_;
};

}  // namespace oriel::api
