#include "libs/store/service_reports.h"

namespace oriel::store {

Async<Result<>> report_service(postgres::Database& database, ServiceReport report) {
  postgres::Parameters values(report.service, report.process, report.version, report.ready, report.detail,
                              report.memory_bytes);
  auto rows = co_await database.query(
      "with old as (delete from service_reports where reported_at < now() - interval '1 day') "
      "insert into service_reports (service, process, version, ready, detail, memory_bytes) values ($1, $2, "
      "$3, $4::boolean, $5, $6::bigint) on conflict (service, process) do update set version = "
      "excluded.version, ready = excluded.ready, detail = excluded.detail, memory_bytes = "
      "excluded.memory_bytes, reported_at = now()",
      std::move(values));
  if (!rows) co_return rows.error().within("report on the service");
  co_return Result<>();
}

Async<Result<std::vector<ServiceReport>>> list_service_reports(postgres::Database& database) {
  auto rows = co_await database.query(
      "select service, process, version, ready, detail, memory_bytes, reported_at from service_reports "
      "where reported_at > now() - interval '1 day' order by service, reported_at desc limit 100");
  if (!rows) co_return rows.error().within("read the services' reports");
  std::vector<ServiceReport> reports;
  for (auto const row : *rows) {
    reports.push_back({row.text("service"), row.text("process"), row.text("version"), row.boolean("ready"),
                       row.text("detail"), row.integer("memory_bytes"), row.time("reported_at")});
  }
  co_return reports;
}

}  // namespace oriel::store
