#pragma once

#include <functional>
#include <map>
#include <string>
#include <string_view>
#include <utility>
#include <vector>

namespace oriel::api::testing {

/// One operation of protocol/web-api/openapi.json.
struct DescribedOperation {
  std::string method{};
  std::string path{};
  bool is_public = false;  ///< of the compatible API, whose body carries the key
  std::vector<std::pair<std::string, std::string>> body{};  ///< members with a good value each, as JSON text
  std::vector<std::string> query{};
};

/// A place of an operation with one thing wrong: where, and what is put there.
struct FuzzCell {
  DescribedOperation const* operation = nullptr;
  std::string subject{};  ///< anonymous, user, administrator, key
  enum class Place { kNothing, kMember, kBody, kQuery, kPath, kHeader } place = Place::kNothing;
  std::string name{};   ///< of the member, parameter or header
  std::string value{};  ///< JSON text, body, raw parameter or header value
};

struct DescribedCall {
  DescribedOperation operation{};
  std::string target{};
  std::string body{};
  std::map<std::string, std::string> headers{};

  /// For a person: what was sent, cut.
  [[nodiscard]] std::string text() const;
};

/// Every operation that answers at once; throws when the description is not whole.
[[nodiscard]] std::vector<DescribedOperation> described_operations();

/// Each place of each operation with each wrong thing, as each subject.
[[nodiscard]] std::vector<FuzzCell> cells_of(std::vector<DescribedOperation> const& operations);

/// `id_for(word)` gives an id of what a name speaks of, as `session_id` or `sessions`.
[[nodiscard]] DescribedCall make_call(FuzzCell const& cell,
                                      std::function<std::string(std::string_view word)> const& id_for);

}  // namespace oriel::api::testing
