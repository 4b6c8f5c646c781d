#include "services/api/sign_in_throttle.h"

#include <algorithm>
#include <vector>

#include "libs/base/log.h"

namespace oriel::api {
namespace {

/// Names remembered while Redis is away; beyond it the oldest windows are dropped.
constexpr std::size_t kLocalCounters = 20'000;

std::string milliseconds(std::chrono::seconds duration) {
  return std::to_string(std::chrono::milliseconds(duration).count());
}

std::chrono::seconds rounded_up(std::chrono::milliseconds duration) {
  return std::chrono::ceil<std::chrono::seconds>(duration);
}

}  // namespace

SignInThrottle::SignInThrottle(redis::Redis& redis, crypto::Key const& token_key, std::string instance,
                               Clock const& clock)
    : redis_(redis),
      key_(token_key.derive("sign-in throttle")),
      prefix_("oriel:" + std::move(instance) + ":throttle:"),
      clock_(clock) {}

SignInThrottle::Counter SignInThrottle::counter(std::string_view kind, std::string_view what,
                                                domain::ThrottlePolicy policy) const {
  // Names are hashed: neither Redis nor a dump of it tells who signs in from where.
  return {std::string(kind) + ":" + crypto::keyed_hash(key_, what).substr(0, 32), policy};
}

Async<std::chrono::seconds> SignInThrottle::begin(std::string account, std::string address) {
  std::vector<Counter> counters;
  if (!account.empty()) {
    auto const known = co_await is_known(account, address);
    counters.push_back(known ? of_place(account, address)
                             : counter("account", account, domain::kAccountThrottle));
  }
  if (!address.empty()) counters.push_back(counter("address", address, domain::kAddressThrottle));
  auto shared = co_await begin_shared(counters);
  if (shared) co_return *shared;
  log::warning("sign-in attempts are counted in this process alone", {{"error", shared.error()}});
  co_return begin_local(counters);
}

SignInThrottle::Counter SignInThrottle::of_place(std::string const& account,
                                                 std::string const& address) const {
  return counter("place", account + "\n" + address, domain::kAccountThrottle);
}

Async<bool> SignInThrottle::is_known(std::string account, std::string address) {
  auto known = co_await redis_.command("GET", prefix_ + of_place(account, address).name + ":known");
  co_return known && !known->is_nil();
}

Async<Result<std::chrono::seconds>> SignInThrottle::begin_shared(std::vector<Counter> counters) {
  std::chrono::milliseconds wait{0};
  for (auto const& one : counters) {
    auto left = co_await redis_.command("PTTL", prefix_ + one.name + ":blocked");
    if (!left) co_return left.error();
    wait = std::max(wait, std::chrono::milliseconds(left->as_integer().value_or(0)));
  }
  if (wait.count() > 0) co_return rounded_up(wait);

  for (auto const& one : counters) {
    auto const key = prefix_ + one.name;
    auto count = co_await redis_.command("INCR", key);
    if (!count) co_return count.error();
    auto kept = co_await redis_.command("PEXPIRE", key, milliseconds(one.policy.window));
    if (!kept) co_return kept.error();
    auto const delay = one.policy.delay_after(static_cast<int>(count->as_integer().value_or(0)) - 1);
    if (delay.count() == 0) continue;
    // Of the guesses that arrive together one goes on and makes the others wait.
    auto first = co_await redis_.command("SET", key + ":blocked", "1", "NX", "PX", milliseconds(delay));
    if (!first) co_return first.error();
    if (first->is_nil()) wait = std::max(wait, std::chrono::milliseconds(delay));
  }
  co_return rounded_up(wait);
}

std::chrono::seconds SignInThrottle::begin_local(std::vector<Counter> const& counters) {
  forget_old();
  auto const now = clock_.steady_now();
  std::chrono::milliseconds wait{0};
  for (auto const& one : counters) {
    auto const found = local_.find(one.name);
    if (found == local_.end()) continue;
    wait = std::max(wait,
                    std::chrono::duration_cast<std::chrono::milliseconds>(found->second.blocked_until - now));
  }
  if (wait.count() > 0) return rounded_up(wait);
  for (auto const& one : counters) {
    auto& entry = local_[one.name];
    ++entry.failures;
    entry.forget_at = now + one.policy.window;
    entry.blocked_until = now + one.policy.delay_after(entry.failures - 1);
  }
  return std::chrono::seconds(0);
}

void SignInThrottle::forget_old() {
  auto const now = clock_.steady_now();
  std::erase_if(local_, [now](auto const& entry) { return entry.second.forget_at <= now; });
  if (local_.size() >= kLocalCounters) {
    // Somebody floods names: those that are not waiting are the least loss.
    std::erase_if(local_, [now](auto const& entry) { return entry.second.blocked_until <= now; });
  }
  if (local_.size() >= kLocalCounters) local_.clear();
}

Async<> SignInThrottle::succeeded(std::string account, std::string address) {
  auto const known = co_await is_known(account, address);
  auto const place = of_place(account, address);
  // What others guess at the account stays counted when its owner comes from a known place.
  auto const of_account = known ? place : counter("account", account, domain::kAccountThrottle);
  auto const of_address = counter("address", address, domain::kAddressThrottle);
  local_.erase(of_account.name);
  if (auto const found = local_.find(of_address.name); found != local_.end() && found->second.failures > 0) {
    --found->second.failures;
  }
  auto forgotten =
      co_await redis_.command("DEL", prefix_ + of_account.name, prefix_ + of_account.name + ":blocked");
  if (!forgotten) co_return;
  auto remembered = co_await redis_.command("SET", prefix_ + place.name + ":known", "1", "PX",
                                            milliseconds(domain::kKnownPlace));
  if (!remembered) log::debug("a place is not remembered", {{"error", remembered.error()}});
  // Taken back, not forgotten: whoever owns one account must not buy guesses at others with it.
  auto taken = co_await redis_.command("DECR", prefix_ + of_address.name);
  if (!taken) log::debug("the address's count stays", {{"error", taken.error()}});
}

Async<std::chrono::seconds> SignInThrottle::paused(std::string account) {
  auto const one = counter("account", account, domain::kAccountThrottle);
  auto left = co_await redis_.command("PTTL", prefix_ + one.name + ":blocked");
  if (left) {
    co_return rounded_up(
        std::max(std::chrono::milliseconds(0), std::chrono::milliseconds(left->as_integer().value_or(0))));
  }
  auto const found = local_.find(one.name);
  if (found == local_.end()) co_return std::chrono::seconds(0);
  auto const wait = found->second.blocked_until - clock_.steady_now();
  co_return rounded_up(
      std::max(std::chrono::milliseconds(0), std::chrono::duration_cast<std::chrono::milliseconds>(wait)));
}

Async<> SignInThrottle::forget(std::string account) {
  auto const one = counter("account", account, domain::kAccountThrottle);
  local_.erase(one.name);
  auto forgotten = co_await redis_.command("DEL", prefix_ + one.name, prefix_ + one.name + ":blocked");
  if (!forgotten) log::warning("an account stays paused for a while", {{"error", forgotten.error()}});
}

}  // namespace oriel::api
