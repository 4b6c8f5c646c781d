#pragma once

#include <string>
#include <string_view>
#include <vector>

#include "libs/postgres/database.h"
#include "libs/store/sessions.h"

/// How a session is read from a row; shared by the sources of this folder.
namespace oriel::store {

/// `select … from sessions s …` up to its joins; add `where`, `order by`.
[[nodiscard]] std::string select_sessions();
[[nodiscard]] Session session_of(postgres::Row const& row);
[[nodiscard]] std::vector<Session> sessions_of(postgres::Rows const& rows);

/// The row as it stands in this transaction; kNotFound when absent.
[[nodiscard]] Async<Result<Session>> read_session(postgres::Queryable& queryable, SessionId session);
/// The same, holding the row's lock until the transaction ends.
[[nodiscard]] Async<Result<Session>> lock_session(postgres::Queryable& transaction, SessionId session);

/// `session.request`, `session.end` …: the audit line of one session.
[[nodiscard]] AuditEntry session_audit(Actor actor, std::string action, SessionId session,
                                       json::Object detail = {});

}  // namespace oriel::store
