#pragma once

#include <cstdint>
#include <optional>
#include <string>
#include <string_view>
#include <vector>

#include "libs/store/sessions.h"

/// Sessions of everybody, filtered, ordered, page by page: what a page costs does not grow with the history
/// behind it.
namespace oriel::store {

/// What a list is ordered by. kAge and kEnded begin with the newest; the others with the least.
enum class SessionOrder { kAge, kEnded, kWorkspace, kUser, kState, kServer, kCpu, kMemory, kViewers };
/// `age`, `ended` …
[[nodiscard]] std::optional<SessionOrder> parse_session_order(std::string_view text);

struct SessionFilter {
  std::vector<domain::SessionState> states{};  ///< empty: live ones
  std::optional<UserId> user{};
  std::string username{};  ///< whole, in any case
  std::optional<ImageId> image{};
  std::optional<AgentId> agent{};
  std::string server{};  ///< a whole host name; a removed server's too
  std::string text{};    ///< part of user name, workspace or id
  SessionOrder order = SessionOrder::kAge;
  bool reversed = false;
  int limit = 100;                      ///< at most 500
  std::optional<std::string> cursor{};  ///< SessionPage::next_cursor of the same filter and order
};
struct SessionPage {
  std::vector<Session> sessions{};
  std::optional<std::string> next_cursor{};
};
/// kInvalid for a cursor that is not of this order.
[[nodiscard]] Async<Result<SessionPage>> list_sessions(postgres::Database& database, SessionFilter filter);

/// How many there are in all pages; counting stops at limits::kLongestCount + 1.
[[nodiscard]] Async<Result<std::int64_t>> count_sessions(postgres::Database& database, SessionFilter filter);

}  // namespace oriel::store
