#pragma once

#include <cstdint>
#include <optional>
#include <string>
#include <vector>

#include "libs/base/clock.h"
#include "libs/base/json.h"
#include "libs/postgres/database.h"

/// Reading the audit: newest first, page by page; every filter has its index.
namespace oriel::store {

struct AuditFilter {
  std::optional<WallTime> from{};      ///< from then on
  std::optional<WallTime> until{};     ///< before then
  std::optional<std::string> actor{};  ///< 32 hex digits of a user, key or agent
  std::string action{};                ///< exactly, or a prefix that ends in a dot: `user.`
  std::string object{};                ///< id of what it was done to
  std::string result{};                ///< done, refused, failed, or `unsuccessful` for both
  std::string text{};                  ///< part of an address, id, request id, reason or detail
  int limit = 50;
  std::string cursor{};  ///< of the page before
};

struct AuditRow {
  std::int64_t id = 0;
  WallTime at{};
  std::string actor_kind{};
  std::optional<std::string> actor_id{};
  std::string actor_name{};  ///< as the actor is called now; empty when nobody knows it any more
  std::string action{};
  std::string object_kind{};
  std::string object_id{};
  std::string object_name{};
  std::string address{};
  std::string request_id{};
  std::string result{};
  std::string reason{};
  json::Object detail{};
};

struct AuditPage {
  std::vector<AuditRow> rows{};
  std::optional<std::string> next_cursor{};
};

/// kInvalid: the cursor is none of this list. Four statements, whatever the page holds.
[[nodiscard]] Async<Result<AuditPage>> list_audit(postgres::Database& database, AuditFilter filter);

}  // namespace oriel::store
