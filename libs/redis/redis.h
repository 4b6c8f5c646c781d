#pragma once

#include <chrono>
#include <cstdint>
#include <functional>
#include <memory>
#include <optional>
#include <string>
#include <vector>

#include "libs/async/async.h"
#include "libs/base/limits.h"
#include "libs/base/result.h"
#include "libs/base/uri.h"

namespace oriel::redis {

struct RedisOptions {
  Endpoint endpoint{};  ///< unix or tcp
  std::string user{};   ///< empty: `default`
  std::string password{};
  std::chrono::milliseconds connect_deadline = limits::kRedisConnect;
  std::chrono::milliseconds command_deadline = limits::kRedisCommand;
};

/// What Redis answered (RESP2). An error reply is not a Reply but an Error.
struct Reply {
  enum class Kind { kNil, kText, kStatus, kInteger, kArray };
  Kind kind = Kind::kNil;
  std::string text{};
  std::int64_t integer = 0;
  std::vector<Reply> elements{};

  [[nodiscard]] bool is_nil() const { return kind == Kind::kNil; }
  /// The integer, also of a text that is one.
  [[nodiscard]] std::optional<std::int64_t> as_integer() const;
};

/// One pipelined connection that comes back by itself. While it is down, commands fail at once with
/// kUnavailable: what Redis holds may vanish, and callers go on without it. Belongs to one executor.
class Redis {
 public:
  Redis(Executor executor, RedisOptions options);
  ~Redis();
  Redis(Redis const&) = delete;
  Redis& operator=(Redis const&) = delete;

  /// kTimeout after the command deadline, kInvalid for an error reply, kForbidden for NOAUTH, NOPERM and
  /// WRONGPASS.
  [[nodiscard]] Async<Result<Reply>> command(std::vector<std::string> arguments);

  /// `redis.command("SET", key, value)`.
  template <typename... More>
  [[nodiscard]] Async<Result<Reply>> command(std::string first, More... more) {
    std::vector<std::string> arguments;
    arguments.reserve(sizeof...(More) + 1);
    arguments.push_back(std::move(first));
    (arguments.push_back(std::move(more)), ...);
    return command(std::move(arguments));
  }

  [[nodiscard]] bool connected() const;
  /// Waits until connected, at most so long.
  [[nodiscard]] Async<Result<>> wait_until_ready(std::chrono::milliseconds limit);
  /// Required before destruction.
  [[nodiscard]] Async<> stop();

 private:
  struct State;
  std::shared_ptr<State> state_;
};

/// SUBSCRIBE on a connection of its own, for ever, reconnecting. Callbacks run on the executor and must not
/// block.
class Subscriber {
 public:
  using OnMessage = std::function<void(std::string const& channel, std::string const& payload)>;
  /// Called each time the subscriptions begin, the first included: what was published before may have been
  /// missed.
  using OnResynchronise = std::function<void()>;

  Subscriber(Executor executor, RedisOptions options, OnMessage on_message,
             OnResynchronise on_resynchronise = {});
  ~Subscriber();
  Subscriber(Subscriber const&) = delete;
  Subscriber& operator=(Subscriber const&) = delete;

  void subscribe(std::string channel);
  void unsubscribe(std::string channel);
  [[nodiscard]] bool connected() const;
  /// Required before destruction.
  [[nodiscard]] Async<> stop();

 private:
  struct State;
  std::shared_ptr<State> state_;
};

}  // namespace oriel::redis
