#include "libs/postgres/database.h"

#include <list>
#include <vector>

#include "libs/async/backoff.h"
#include "libs/async/deadline.h"
#include "libs/async/event.h"
#include "libs/async/sleep.h"
#include "libs/base/log.h"
#include "libs/base/scope_exit.h"
#include "libs/postgres/connection.h"

namespace oriel::postgres {

using std::chrono::steady_clock;

struct Database::Pool : std::enable_shared_from_this<Pool> {
  Pool(Executor the_executor, DatabaseOptions the_options)
      : executor(the_executor), options(std::move(the_options)), released(std::move(the_executor)) {}

  /// A connection out of the pool; goes back by itself.
  class Lease {
   public:
    Lease(std::shared_ptr<Pool> pool, std::unique_ptr<Connection> connection)
        : pool_(std::move(pool)), connection_(std::move(connection)) {}
    Lease(Lease&&) noexcept = default;
    Lease& operator=(Lease&&) noexcept = delete;
    ~Lease() {
      if (pool_) pool_->give_back(std::move(connection_));
    }
    Connection& operator*() const { return *connection_; }
    Connection* operator->() const { return connection_.get(); }
    /// It will be closed instead of used again.
    void discard() { connection_.reset(); }

   private:
    std::shared_ptr<Pool> pool_;
    std::unique_ptr<Connection> connection_;
  };

  Async<Result<Lease>> acquire() {
    if (waiters >= limits::kPostgresWaiters)
      co_return fail(Code::kUnavailable, "database: too many wait for a connection");
    ++waiters;
    ScopeExit const count([&] { --waiters; });
    auto working = take();
    auto taken =
        co_await with_deadline(std::move(working), options.acquire_deadline, "database: get a connection");
    if (!taken) co_return taken.error();
    co_return Lease(shared_from_this(), std::move(*taken));
  }

  Async<Result<std::unique_ptr<Connection>>> take() {
    for (;;) {
      if (closed) co_return fail(Code::kUnavailable, "database: closed");
      while (!idle.empty()) {
        auto connection = std::move(idle.back());
        idle.pop_back();
        if (connection->alive()) co_return connection;
        --open;
      }
      if (open < options.connections) break;
      co_await released.wait();
    }
    // The place is taken before the wait, and given back on every way out but success.
    ++open;
    ScopeExit give_place([&] {
      --open;
      released.notify();
    });
    if (steady_clock::now() < retry_at) {
      // The server was away a moment ago; asking again at once, with every request, does not bring it back.
      co_return fail(Code::kUnavailable, "database: " + last_failure);
    }
    auto connected = co_await Connection::connect(executor, options);
    if (!connected) {
      last_failure = connected.error().message;
      retry_at = steady_clock::now() + backoff.next();
      co_return connected.error();
    }
    backoff.reset();
    retry_at = {};
    give_place.dismiss();
    co_return std::move(*connected);
  }

  void give_back(std::unique_ptr<Connection> connection) {
    if (connection && connection->usable() && connection->is_idle() && !closed) {
      idle.push_back(std::move(connection));
    } else {
      --open;
    }
    released.notify();
  }

  Executor executor;
  DatabaseOptions options;
  std::vector<std::unique_ptr<Connection>> idle;
  std::size_t open = 0;
  std::size_t waiters = 0;
  bool closed = false;
  Signal released;
  Backoff backoff;
  steady_clock::time_point retry_at{};
  std::string last_failure;
};

Database::Database(Executor executor, DatabaseOptions options)
    : pool_(std::make_shared<Pool>(std::move(executor), std::move(options))) {}

Database::~Database() { close(); }

void Database::close() {
  pool_->closed = true;
  pool_->open -= pool_->idle.size();
  pool_->idle.clear();
  pool_->released.notify();
}

std::size_t Database::open_connections() const { return pool_->open; }
DatabaseOptions const& Database::options() const { return pool_->options; }

Async<Result<Rows>> Database::query(std::string sql, Parameters parameters) {
  auto pool = pool_;
  auto lease = co_await pool->acquire();
  if (!lease) co_return lease.error();
  auto rows = co_await (*lease)->query(std::move(sql), std::move(parameters));
  co_return rows;
}

Async<Result<>> Database::script(std::string sql, std::chrono::milliseconds deadline) {
  auto pool = pool_;
  auto lease = co_await pool->acquire();
  if (!lease) co_return lease.error();
  auto done = co_await (*lease)->script(std::move(sql), deadline);
  lease->discard();
  co_return done;
}

Async<Result<>> Database::run_pinned(Body body) {
  auto pool = pool_;
  auto lease = co_await pool->acquire();
  if (!lease) co_return lease.error();
  // On every way out the connection is closed, and with it its locks and settings.
  ScopeExit const discard([&] { lease->discard(); });
  auto working = body(**lease);
  auto done = co_await std::move(working);
  co_return done;
}

Async<Result<>> Database::run_transaction(Body body) {
  auto pool = pool_;
  Backoff backoff(std::chrono::milliseconds(5), std::chrono::milliseconds(200));
  for (int attempt = 1;; ++attempt) {
    auto outcome = Result<>();
    {
      auto lease = co_await pool->acquire();
      if (!lease) co_return lease.error();
      // Leaving by an exception leaves the transaction open; such a connection does not go back (is_idle()).
      auto begun = co_await (*lease)->query("begin");
      if (!begun) co_return begun.error();
      auto working = body(**lease);
      outcome = co_await std::move(working);
      if (outcome && (*lease)->has_failed_transaction()) {
        outcome = fail(Code::kInternal,
                       "database: a statement of the transaction failed, and its error was not passed on");
      }
      if (outcome) {
        auto committed = co_await (*lease)->query("commit");
        if (!committed) outcome = committed.error();
      }
      if (!outcome && (*lease)->usable() && !(*lease)->is_idle()) {
        auto rolled_back = co_await (*lease)->query("rollback");
        (void)rolled_back;
      }
    }
    if (outcome || outcome.error().code != Code::kRetry) co_return outcome;
    if (attempt >= limits::kPostgresTransactionAttempts) {
      co_return outcome.error().within("gave up after " + std::to_string(attempt) + " attempts");
    }
    co_await backoff.wait();
  }
}

Async<Result<>> Database::wait_until_ready(std::chrono::milliseconds limit) {
  auto const end = steady_clock::now() + limit;
  for (;;) {
    auto rows = co_await query("select 1");
    if (rows) co_return Result<>();
    if (rows.error().code != Code::kUnavailable && rows.error().code != Code::kTimeout)
      co_return rows.error();
    if (steady_clock::now() >= end) co_return rows.error();
    co_await sleep_for(std::chrono::milliseconds(100));
  }
}

}  // namespace oriel::postgres
