#include "libs/store/agent_enrolment.h"

#include <utility>

namespace oriel::store {

Async<Result<std::optional<Agent>>> find_enrolled_agent(postgres::Database& database, std::string token_hash,
                                                        Bytes public_key) {
  postgres::Parameters parameters(token_hash, hex(public_key));
  auto rows = co_await database.query(
      "select a.id from agents a, one_time_tokens t "
      "where t.token_hash = decode($1, 'hex') and t.purpose = 'enrol' and t.used_at is not null "
      "and t.expires_at > now() and a.public_key = decode($2, 'hex') and a.created_at >= t.created_at",
      std::move(parameters));
  if (!rows) co_return rows.error().within("find the agent of a spent token");
  if (rows->empty()) co_return std::optional<Agent>();
  auto const id = rows->front().id<AgentId>("id");
  co_return co_await find_agent(database, id);
}

}  // namespace oriel::store
