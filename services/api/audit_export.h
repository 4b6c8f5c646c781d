#pragma once

#include <string>
#include <string_view>

#include "libs/http/message.h"
#include "libs/store/audit_log.h"

/// The audit as a file: lines of JSON, or a table for spreadsheets.
namespace oriel::api {

enum class ExportFormat { kCsv, kJsonLines };

/// Makes the file's lines in order. Each ends with the SHA-256 of the line before it and its own content, so
/// that a line that is changed, moved or taken out is found.
class AuditLines {
 public:
  explicit AuditLines(ExportFormat format) : format_(format) {}
  /// The table's head; nothing for JSON.
  [[nodiscard]] std::string head() const;
  [[nodiscard]] std::string line(store::AuditRow const& row);

 private:
  ExportFormat format_;
  std::string chain_;
};

/// A cell of RFC 4180. What a spreadsheet would take for a formula begins with an apostrophe.
[[nodiscard]] std::string csv_cell(std::string_view text);

/// Reads the filter's pages, newest first, and writes at most limits::kAuditExportRows lines.
[[nodiscard]] Async<> write_audit(http::BodyWriter& writer, postgres::Database& database,
                                  store::AuditFilter filter, ExportFormat format);

}  // namespace oriel::api
