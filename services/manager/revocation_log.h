#pragma once

#include <cstdint>
#include <string>
#include <utility>
#include <vector>

#include "libs/async/async.h"
#include "libs/base/clock.h"
#include "libs/base/result.h"
#include "libs/postgres/database.h"
#include "protocol/agent/messages.h"

namespace oriel::manager {

/// Reads the database's revocations from some moment on, each once, also those whose transaction committed
/// late.
class RevocationLog {
 public:
  explicit RevocationLog(WallTime since) : since_(since) {}

  /// Viewers and grants that are new since the last call, at most limits::kRevocations; empty: no more for
  /// now.
  [[nodiscard]] Async<Result<std::vector<std::string>>> read(postgres::Database& database);

 private:
  WallTime since_;
  std::vector<std::pair<WallTime, std::int64_t>> told_{};  ///< times and ids within the overlap before since_
};

/// As messages for an agent, each of at most limits::kRevokedPerMessage.
[[nodiscard]] std::vector<protocol::agent::CloseViewer> close_messages(std::vector<std::string> viewers);

}  // namespace oriel::manager
