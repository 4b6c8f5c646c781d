#pragma once

#include <optional>
#include <string>
#include <string_view>

#include "libs/base/id.h"

namespace oriel::api {

/// A stream's address as the browser sent it: `/sessions/<32 hex>/display?viewer=<32 hex>…`.
struct StreamTarget {
  SessionId session{};
  std::string route{};   ///< display, input or clipboard
  std::string viewer{};  ///< 32 lower-case hex digits
};
/// Reads the raw target, letter by letter: what could be read in two ways is refused.
[[nodiscard]] std::optional<StreamTarget> parse_stream_target(std::string_view target);

}  // namespace oriel::api
