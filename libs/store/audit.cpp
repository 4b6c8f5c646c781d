#include "libs/store/audit.h"

namespace oriel::store {

Async<Result<>> record_audit(postgres::Queryable& queryable, AuditEntry entry) {
  postgres::Parameters values(entry.actor.kind, entry.actor.id, entry.action, entry.object_kind,
                              entry.object_id, entry.actor.address, json::text(entry.detail),
                              entry.actor.request_id, entry.result, entry.reason);
  auto rows = co_await queryable.query(
      "insert into audit (actor_kind, actor_id, action, object_kind, object_id, address, detail, request_id, "
      "result, reason) "
      "values ($1, $2::uuid, $3, $4, $5, $6, $7::jsonb, $8, $9, $10)",
      std::move(values));
  if (!rows) co_return rows.error().within("write the audit line " + entry.action);
  co_return Result<>();
}

}  // namespace oriel::store
