#include "services/api/list_query.h"

#include "libs/base/text.h"

namespace oriel::api {
namespace {

constexpr std::size_t kTextBytes = 256;
constexpr std::int64_t kLongestPage = 500;

}  // namespace

ListQuery::ListQuery(http::Request const& request) {
  for (auto const& [name, value] : request.query) values_.emplace(name, value);
}

void ListQuery::take(std::string const& name, std::function<std::string(std::string const&)> const& read) {
  auto const found = values_.find(name);
  if (found == values_.end()) return;
  if (!found->second.empty()) {
    auto fault = read(found->second);
    if (!fault.empty()) faults_.push_back({"/" + name, std::move(fault)});
  }
  values_.erase(found);
}

void ListQuery::text(std::string const& name, std::string& into) {
  take(name, [&into](std::string const& value) {
    into = value;
    auto const good = value.size() <= kTextBytes && is_utf8(value) && value.find('\0') == std::string::npos;
    return good ? std::string() : "text of at most " + std::to_string(kTextBytes) + " bytes";
  });
}

void ListQuery::limit(int& into) {
  take("limit", [&into](std::string const& value) {
    auto const number = parse_integer(value);
    auto const good = number && *number >= 1 && *number <= kLongestPage;
    if (good) into = static_cast<int>(*number);
    return good ? std::string() : "from 1 to " + std::to_string(kLongestPage);
  });
}

Result<> ListQuery::check() {
  for (auto const& [name, value] : values_) faults_.push_back({"/" + to_utf8(name, 32), "unknown"});
  if (!faults_.empty()) return Error{Code::kInvalid, "The filter cannot be read.", std::move(faults_)};
  return {};
}

json::Value cursor_view(std::optional<std::string> const& cursor) {
  if (!cursor) return nullptr;
  return json::Value(*cursor);
}

}  // namespace oriel::api
