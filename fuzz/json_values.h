#pragma once

#include <algorithm>

#include "libs/base/json.h"

namespace oriel::fuzz {

/// Whether a number with a fraction or exponent is in it: those are read to within a last digit, so their
/// text may change once.
[[nodiscard]] inline bool holds_double(json::Value const& value) {
  if (value.is_double()) return true;
  if (auto const* array = value.if_array()) return std::ranges::any_of(*array, holds_double);
  if (auto const* object = value.if_object())
    return std::ranges::any_of(*object, [](auto const& entry) { return holds_double(entry.value()); });
  return false;
}

}  // namespace oriel::fuzz
