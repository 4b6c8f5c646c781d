#include "services/manager/revocation_log.h"

#include <algorithm>
#include <utility>

#include "libs/base/limits.h"
#include "libs/store/revocations.h"

namespace oriel::manager {

Async<Result<std::vector<std::string>>> RevocationLog::read(postgres::Database& database) {
  std::vector<std::int64_t> known;
  known.reserve(told_.size());
  for (auto const& [at, id] : told_) known.push_back(id);
  auto const from = since_ - limits::kRevocationOverlap;
  auto rows = co_await store::list_revocations(database, from, std::move(known));
  if (!rows) co_return rows.error();
  std::vector<std::string> viewers;
  viewers.reserve(rows->size());
  for (auto& row : *rows) {
    viewers.push_back(std::move(row.viewer));
    told_.emplace_back(row.at, row.id);
    since_ = std::max(since_, row.at);
  }
  std::erase_if(told_,
                [from = since_ - limits::kRevocationOverlap](auto const& told) { return told.first < from; });
  co_return viewers;
}

std::vector<protocol::agent::CloseViewer> close_messages(std::vector<std::string> viewers) {
  std::vector<protocol::agent::CloseViewer> messages;
  for (auto& viewer : viewers) {
    if (messages.empty() || messages.back().viewers.size() >= limits::kRevokedPerMessage) {
      messages.emplace_back();
      messages.back().reason = "access was withdrawn";
    }
    messages.back().viewers.push_back(std::move(viewer));
  }
  return messages;
}

}  // namespace oriel::manager
