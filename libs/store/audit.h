#pragma once

#include <optional>
#include <string>

#include "libs/base/json.h"
#include "libs/postgres/database.h"

namespace oriel::store {

/// Who did it, for the audit table.
struct Actor {
  std::string kind = "manager";     ///< user, api_key, manager, agent, setup
  std::optional<std::string> id{};  ///< 32 hex digits of the user, key or agent
  std::string address{};            ///< where the request came from
  std::string request_id{};         ///< of the request that asked for it
};

struct AuditEntry {
  Actor actor{};
  std::string action;       ///< `session.request`, `sign_in`, `user.create` …
  std::string object_kind;  ///< session, user, image, agent …
  std::string object_id;
  json::Object detail{};        ///< never a secret
  std::string result = "done";  ///< done, refused (asked for and not allowed), failed
  std::string reason{};         ///< why not, as a code: wrong_password, forbidden, conflict …
};

/// Adds a line to the audit table: on a Database by itself, on a transaction together with what it records.
[[nodiscard]] Async<Result<>> record_audit(postgres::Queryable& queryable, AuditEntry entry);

}  // namespace oriel::store
