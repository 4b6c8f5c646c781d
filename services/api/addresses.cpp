#include "services/api/addresses.h"

#include <algorithm>

#include "libs/base/text.h"

namespace oriel::api {
namespace {

constexpr std::string_view kScheme = "https://";
constexpr std::string_view kDefaultPort = ":443";

std::string folded(std::string_view origin) {
  auto text = lower_ascii(origin);
  if (text.ends_with('/')) text.pop_back();
  if (text.starts_with(kScheme) && text.ends_with(kDefaultPort))
    text.resize(text.size() - kDefaultPort.size());
  return text;
}

}  // namespace

Addresses::Addresses(std::vector<std::string> const& addresses) {
  for (auto const& address : addresses) {
    auto origin = folded(address);
    if (std::ranges::find(origins_, origin) == origins_.end()) origins_.push_back(std::move(origin));
  }
}

bool Addresses::has_origin(std::string_view origin) const {
  // Browsers write origins in lower case, without a slash and without the default port: anything else is no
  // browser's.
  return std::ranges::find(origins_, origin) != origins_.end();
}

bool Addresses::has_host(std::string_view host) const {
  return std::ranges::find(origins_, folded(std::string(kScheme) + std::string(host))) != origins_.end();
}

}  // namespace oriel::api
