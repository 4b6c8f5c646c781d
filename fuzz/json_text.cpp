// The JSON parser: bounded depth, one meaning, and what it takes it gives back.
#include <algorithm>
#include <string>

#include "fuzz/json_values.h"
#include "fuzz/target.h"
#include "libs/base/json.h"
#include "libs/base/text.h"

using namespace oriel;
using fuzz::require;

namespace {

std::size_t depth_of(json::Value const& value) {
  std::size_t deepest = 0;
  if (auto const* array = value.if_array()) {
    for (auto const& element : *array) deepest = std::max(deepest, depth_of(element));
    return deepest + 1;
  }
  if (auto const* object = value.if_object()) {
    for (auto const& entry : *object) deepest = std::max(deepest, depth_of(entry.value()));
    return deepest + 1;
  }
  return 0;
}

}  // namespace

ORIEL_FUZZ_TARGET(json_text) {
  auto const value = json::parse(input);
  if (!value) {
    require(!value.error().message.empty(), "a refusal has words");
    require(is_utf8(value.error().message), "a refusal is UTF-8");
    require(std::ranges::none_of(value.error().message, [](char c) { return c >= 0 && c < 0x20; }),
            "a refusal holds no control characters");
    require(value.error().message.size() <= 1024, "a refusal is short");
    return;
  }
  require(depth_of(*value) <= limits::kJsonDepth, "the depth is bounded");
  auto const text = json::text(*value);
  require(is_utf8(text), "JSON text is UTF-8");
  auto const again = json::parse(text, {.bytes = text.size(), .depth = limits::kJsonDepth});
  require(again.has_value(), "written JSON can be read");
  require(fuzz::holds_double(*value) || json::text(*again) == text, "written JSON reads as itself");
}
