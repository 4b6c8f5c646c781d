#pragma once

#include <string>

#include "libs/base/text.h"

namespace oriel::display::testing {

/// The bytes of protocol/display/golden/<name>.hex: hex digits, blanks between them, `#` up to the end of a
/// line.
[[nodiscard]] Bytes golden(std::string const& name);

}  // namespace oriel::display::testing
