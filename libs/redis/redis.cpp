#include "libs/redis/redis.h"

#include "libs/async/backoff.h"
#include "libs/async/deadline.h"
#include "libs/async/event.h"
#include "libs/async/sleep.h"
#include "libs/async/task_group.h"
#include "libs/base/log.h"
#include "libs/base/text.h"
#include "libs/redis/connection.h"

namespace oriel::redis {

std::optional<std::int64_t> Reply::as_integer() const {
  if (kind == Kind::kInteger) return integer;
  if (kind == Kind::kText) return parse_integer(text);
  return std::nullopt;
}

struct Redis::State {
  State(Executor the_executor, RedisOptions the_options)
      : executor(the_executor),
        options(std::move(the_options)),
        changed(the_executor),
        tasks(std::move(the_executor)) {}

  Async<> keep_connected() {
    Backoff backoff;
    bool said = false;
    for (;;) {
      auto connected = co_await Connection::connect(executor, options);
      if (connected) {
        if (said) log::info("connected to Redis again");
        said = false;
        backoff.reset();
        connection = std::move(*connected);
        changed.notify();
        auto const current = connection;
        co_await current->until_closed();
        connection.reset();
        log::warning("the connection to Redis was lost, coming back");
        said = true;
      } else if (!said) {
        log::warning("cannot connect to Redis, trying again", {{"reason", connected.error()}});
        said = true;
      }
      co_await backoff.wait();
    }
  }

  Executor executor;
  RedisOptions options;
  std::shared_ptr<Connection> connection;
  Signal changed;
  TaskGroup tasks;
};

Redis::Redis(Executor executor, RedisOptions options)
    : state_(std::make_shared<State>(std::move(executor), std::move(options))) {
  state_->tasks.spawn(state_->keep_connected(), "keep Redis connected");
}
Redis::~Redis() = default;

bool Redis::connected() const { return state_->connection && state_->connection->is_open(); }

Async<> Redis::stop() {
  auto const state = state_;
  co_await state->tasks.stop();
  if (state->connection) state->connection->close();
  state->connection.reset();
}

Async<Result<>> Redis::wait_until_ready(std::chrono::milliseconds limit) {
  auto const end = std::chrono::steady_clock::now() + limit;
  while (!connected()) {
    if (std::chrono::steady_clock::now() >= end) co_return fail(Code::kUnavailable, "redis: not connected");
    co_await sleep_for(std::chrono::milliseconds(20));
  }
  co_return Result<>();
}

namespace {

struct Wait {
  explicit Wait(Executor const& executor) : done(executor) {}
  Event done;
  std::optional<Result<Reply>> reply;
};

Async<Result<Reply>> answer(std::shared_ptr<Wait> wait) {
  co_await wait->done.wait();
  co_return std::move(*wait->reply);
}

}  // namespace

Async<Result<Reply>> Redis::command(std::vector<std::string> arguments) {
  auto const state = state_;
  auto const connection = state->connection;
  if (!connection) co_return fail(Code::kUnavailable, "redis: not connected");
  // The answer may come after its asker has gone: who waits is shared with who answers.
  auto const wait = std::make_shared<Wait>(state->executor);
  Connection::OnReply on_reply = [wait](Result<Reply> reply) {
    wait->reply = std::move(reply);
    wait->done.set();
  };
  auto sent = connection->send(arguments, std::move(on_reply));
  if (!sent) co_return sent.error();
  auto waiting = answer(wait);
  auto what = "redis: " + (arguments.empty() ? std::string() : arguments.front());
  auto reply = co_await with_deadline(std::move(waiting), state->options.command_deadline, std::move(what));
  // A server that does not answer is as good as gone; what it still owes would be waited for by everybody
  // behind.
  if (!reply && reply.error().code == Code::kTimeout) connection->close();
  co_return reply;
}

}  // namespace oriel::redis
