#pragma once

#include <optional>
#include <string>

#include "libs/async/worker_pool.h"
#include "libs/base/result.h"

namespace oriel::api {

/// argon2id beside the loop: 20 ms and 19 MiB each, so the pool's threads and queue bound a storm of
/// sign-ins.
class Passwords {
 public:
  explicit Passwords(WorkerPool& pool) : pool_(pool) {}

  [[nodiscard]] Async<Result<std::string>> hash(std::string password);
  /// False for a wrong one. Without a hash (nobody of that name, or no password here) it costs as much and is
  /// false.
  [[nodiscard]] Async<Result<bool>> verify(std::optional<std::string> hash, std::string password);

 private:
  WorkerPool& pool_;
};

}  // namespace oriel::api
