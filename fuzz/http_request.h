#pragma once

#include <string>
#include <string_view>
#include <vector>

namespace oriel::fuzz {

/// What our HTTP server hands to its handler of these bytes, each as `METHOD target body`.
[[nodiscard]] std::vector<std::string> requests_taken(std::string_view bytes);

}  // namespace oriel::fuzz
