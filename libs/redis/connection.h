#pragma once

// Inside libs/redis only.

#include <functional>
#include <memory>
#include <optional>
#include <string>
#include <vector>

#include <hiredis/async.h>

#include "libs/async/event.h"
#include "libs/redis/redis.h"

namespace oriel::redis {

/// One hiredis connection on the loop. When it ends it says so once, answers what is pending with
/// kUnavailable, and is thrown away; it never comes back.
class Connection : public std::enable_shared_from_this<Connection> {
 public:
  using OnReply = std::function<void(Result<Reply>)>;

  /// Connected and signed in.
  [[nodiscard]] static Async<Result<std::shared_ptr<Connection>>> connect(Executor executor,
                                                                          RedisOptions options);
  ~Connection();
  Connection(Connection const&) = delete;
  Connection& operator=(Connection const&) = delete;

  [[nodiscard]] bool is_open() const { return context_ != nullptr; }
  [[nodiscard]] std::size_t pending() const { return pending_; }
  /// `on_reply` is called exactly once, or, for SUBSCRIBE, for every message; not inside this call.
  Result<> send(std::vector<std::string> const& arguments, OnReply on_reply, bool subscription = false);
  /// Resumes when the connection has ended.
  [[nodiscard]] Async<> until_closed();
  void close();

 private:
  struct Adapter;
  explicit Connection(Executor executor);

  Async<Result<>> open(RedisOptions options);
  Async<Result<Reply>> ask(std::vector<std::string> arguments);

  Executor executor_;
  redisAsyncContext* context_ = nullptr;
  std::size_t pending_ = 0;
  std::shared_ptr<OnReply> on_message_;
  Event connected_;
  Event closed_;
  std::string failure_;
};

/// A reply of hiredis as ours; an error reply as an Error.
[[nodiscard]] Result<Reply> convert(redisReply const* reply);

}  // namespace oriel::redis
