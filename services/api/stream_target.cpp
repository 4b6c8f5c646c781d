#include "services/api/stream_target.h"

#include <algorithm>

#include "libs/base/text.h"

namespace oriel::api {
namespace {

bool is_hex_id(std::string_view text) {
  return text.size() == 32 &&
         std::ranges::all_of(text, [](char c) { return (c >= '0' && c <= '9') || (c >= 'a' && c <= 'f'); });
}

}  // namespace

std::optional<StreamTarget> parse_stream_target(std::string_view target) {
  if (target.size() > 2048) return std::nullopt;
  auto const question = target.find('?');
  auto const path = target.substr(0, question);
  auto const parts = split(path, '/');
  if (parts.size() != 4 || !parts[0].empty() || parts[1] != "sessions" || !is_hex_id(parts[2]))
    return std::nullopt;
  StreamTarget result;
  result.session = *SessionId::parse(parts[2]);
  result.route = std::string(parts[3]);
  if (result.route != "display" && result.route != "input" && result.route != "clipboard")
    return std::nullopt;
  if (question == std::string_view::npos) return std::nullopt;
  for (auto const piece : split(target.substr(question + 1), '&')) {
    if (!piece.starts_with("viewer=")) continue;
    // The display server reads the first one; a second could be meant for somebody who reads the last.
    if (!result.viewer.empty()) return std::nullopt;
    auto const viewer = piece.substr(7);
    if (!is_hex_id(viewer)) return std::nullopt;
    result.viewer = std::string(viewer);
  }
  if (result.viewer.empty()) return std::nullopt;
  return result;
}

}  // namespace oriel::api
