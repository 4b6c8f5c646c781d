#include "services/api/audit_export.h"

#include "libs/base/limits.h"
#include "libs/base/log.h"
#include "libs/crypto/crypto.h"
#include "services/api/user_views.h"

namespace oriel::api {

std::string csv_cell(std::string_view text) {
  std::string cell;
  // Spreadsheets calculate what begins so, whatever it is quoted with.
  if (!text.empty() && std::string_view("=+-@\t\r").find(text.front()) != std::string_view::npos)
    cell += '\'';
  cell += text;
  if (cell.find_first_of(",\"\r\n") == std::string::npos) return cell;
  std::string quoted = "\"";
  for (char const letter : cell) {
    if (letter == '"') quoted += '"';
    quoted += letter;
  }
  return quoted + "\"";
}

std::string AuditLines::head() const {
  if (format_ == ExportFormat::kJsonLines) return {};
  return "id,at,actor_kind,actor_id,actor_name,action,object_kind,object_id,object_name,address,request_id,"
         "result,reason,detail,chain\r\n";
}

std::string AuditLines::line(store::AuditRow const& row) {
  if (format_ == ExportFormat::kJsonLines) {
    auto view = audit_view(row);
    chain_ = crypto::sha256_hex(chain_ + json::text(view));
    view["chain"] = chain_;
    return json::text(view) + "\n";
  }
  std::string cells;
  for (auto const& text : {std::to_string(row.id), rfc3339(row.at), row.actor_kind, row.actor_id.value_or(""),
                           row.actor_name, row.action, row.object_kind, row.object_id, row.object_name,
                           row.address, row.request_id, row.result, row.reason, json::text(row.detail)}) {
    if (!cells.empty()) cells += ',';
    cells += csv_cell(text);
  }
  chain_ = crypto::sha256_hex(chain_ + cells);
  return cells + "," + chain_ + "\r\n";
}

Async<> write_audit(http::BodyWriter& writer, postgres::Database& database, store::AuditFilter filter,
                    ExportFormat format) {
  AuditLines lines(format);
  filter.limit = limits::kAuditExportBatch;
  filter.cursor.clear();
  auto going = co_await writer.write(lines.head());
  for (std::size_t rows = 0; going && rows < limits::kAuditExportRows;) {
    auto page = co_await store::list_audit(database, filter);
    if (!page) {
      // The header is sent: a file without its end is all that can be told.
      log::error("an export of the audit ends early", {{"error", page.error()}});
      throw std::runtime_error("export of the audit: " + page.error().message);
    }
    std::string text;
    for (auto const& row : page->rows) text += lines.line(row);
    rows += page->rows.size();
    if (!text.empty()) going = co_await writer.write(std::move(text));
    if (!page->next_cursor) break;
    filter.cursor = *page->next_cursor;
  }
}

}  // namespace oriel::api
