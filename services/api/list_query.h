#pragma once

#include <functional>
#include <map>
#include <optional>
#include <string>
#include <vector>

#include "libs/base/json.h"
#include "libs/http/message.h"

namespace oriel::api {

/// The query of a list, read member by member; every fault is kept with its pointer, what nobody took is one.
class ListQuery {
 public:
  explicit ListQuery(http::Request const& request);

  /// Hands the value, when there is one that is not empty, to `read`, which answers what it had to be, or
  /// nothing when it is good.
  void take(std::string const& name, std::function<std::string(std::string const&)> const& read);
  /// A text of at most 256 bytes.
  void text(std::string const& name, std::string& into);
  /// `limit`, from 1 to 500.
  void limit(int& into);
  /// kInvalid with all faults.
  [[nodiscard]] Result<> check();

 private:
  std::map<std::string, std::string> values_;
  std::vector<FieldError> faults_;
};

/// A cursor, or null.
[[nodiscard]] json::Value cursor_view(std::optional<std::string> const& cursor);

}  // namespace oriel::api
