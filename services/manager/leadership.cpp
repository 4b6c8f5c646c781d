#include "services/manager/leadership.h"

#include <utility>

#include "libs/async/sleep.h"
#include "libs/base/limits.h"
#include "libs/base/log.h"
#include "libs/store/leases.h"

namespace oriel::manager {
namespace {
constexpr char const* kName = "manager";
}

Leadership::Leadership(Executor executor, postgres::Database& database, std::string holder)
    : database_(database), holder_(std::move(holder)), tasks_(executor, end_the_process()) {}

void Leadership::start() { tasks_.spawn(run(), "leadership"); }

Async<> Leadership::stop() {
  co_await tasks_.stop();
  if (!leads()) co_return;
  until_ = {};
  auto released = co_await store::release_lease(database_, kName, holder_);
  if (!released) log::warning("the lease was not given back", {{"error", released.error()}});
}

bool Leadership::leads() const { return std::chrono::steady_clock::now() < until_; }

Async<> Leadership::run() {
  for (;;) {
    bool const led = leads();
    // From before the question: the database starts the lease's time later than this.
    auto const asked = std::chrono::steady_clock::now();
    auto lease = co_await store::take_lease(database_, kName, holder_, limits::kLease);
    if (lease && *lease) {
      until_ = asked + limits::kLease;
      epoch_ = (*lease)->epoch;
      if (!led) log::info("this manager leads", {{"epoch", epoch_}});
    } else if (lease) {
      if (led) log::warning("another manager leads now");
      until_ = {};
    } else {
      log::warning("the lease was not renewed", {{"error", lease.error()}});
    }
    auto const pause = leads() ? limits::kLeaseRenew : std::chrono::seconds(1);
    co_await sleep_for(pause);
  }
}

}  // namespace oriel::manager
