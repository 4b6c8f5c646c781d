#include "services/api/audit_routes.h"

#include "libs/base/text.h"
#include "libs/http/json_body.h"
#include "libs/store/audit_log.h"
#include "services/api/audit_export.h"
#include "services/api/list_query.h"
#include "services/api/respond.h"
#include "services/api/user_views.h"

namespace oriel::api {
namespace {

void read_filter(ListQuery& query, store::AuditFilter& filter) {
  auto const time = [&query](std::string const& name, std::optional<WallTime>& into) {
    query.take(name, [&into](std::string const& value) {
      into = parse_rfc3339(value);
      return into ? std::string() : "a time as 2026-01-31T09:00:00Z";
    });
  };
  time("from", filter.from);
  time("until", filter.until);
  query.take("actor", [&filter](std::string const& value) {
    auto const id = UserId::parse(value);
    if (id) filter.actor = id->text();
    return id ? std::string() : "an id of 32 hex digits";
  });
  query.text("action", filter.action);
  query.text("object", filter.object);
  query.text("q", filter.text);
  query.take("result", [&filter](std::string const& value) {
    filter.result = value;
    auto const good = value == "done" || value == "refused" || value == "failed" || value == "unsuccessful";
    return good ? std::string() : "done, refused, failed or unsuccessful";
  });
}

json::Object filter_view(http::Request const& request) {
  json::Object view;
  for (auto const& [name, value] : request.query) view[to_utf8(name, 32)] = to_utf8(value, 128);
  return view;
}

}  // namespace

AuditRoutes::AuditRoutes(postgres::Database& database) : database_(database) {}

void AuditRoutes::declare(Routes& router) {
  router.declare({"GET", "/api/v1/admin/audit", "read_audit"}, answering(this, &AuditRoutes::list));
  router.declare({"GET", "/api/v1/admin/audit/export", "export_audit"},
                 answering(this, &AuditRoutes::export_file));
}

Async<Result<http::Response>> AuditRoutes::list(http::Request request) {
  store::AuditFilter filter;
  ListQuery query(request);
  read_filter(query, filter);
  query.text("cursor", filter.cursor);
  query.limit(filter.limit);
  auto good = query.check();
  if (!good) co_return good.error();
  auto page = co_await store::list_audit(database_, std::move(filter));
  if (!page) co_return page.error();
  json::Array views;
  for (auto const& row : page->rows) views.push_back(audit_view(row));
  co_return http::json_response(
      json::Object{{"entries", std::move(views)}, {"next_cursor", cursor_view(page->next_cursor)}});
}

Async<Result<http::Response>> AuditRoutes::export_file(http::Request request) {
  store::AuditFilter filter;
  auto format = ExportFormat::kCsv;
  ListQuery query(request);
  read_filter(query, filter);
  query.take("format", [&format](std::string const& value) {
    if (value == "jsonl") format = ExportFormat::kJsonLines;
    return value == "csv" || value == "jsonl" ? std::string() : "csv or jsonl";
  });
  auto good = query.check();
  if (!good) co_return good.error();

  // Who took the audit away is known before the first line leaves.
  store::AuditEntry entry{identity_of(request).actor(), "audit.export", "audit", "", filter_view(request)};
  auto recorded = co_await store::record_audit(database_, std::move(entry));
  if (!recorded) co_return recorded.error();

  auto const csv = format == ExportFormat::kCsv;
  http::Response response;
  response.headers.set("Content-Type", csv ? "text/csv; charset=utf-8" : "application/jsonl; charset=utf-8");
  response.headers.set("Content-Disposition",
                       std::string("attachment; filename=\"oriel-audit.") + (csv ? "csv" : "jsonl") + "\"");
  response.headers.set("Cache-Control", "no-store");
  response.stream = [&database = database_, filter = std::move(filter), format](http::BodyWriter& writer) {
    return write_audit(writer, database, filter, format);
  };
  co_return response;
}

}  // namespace oriel::api
