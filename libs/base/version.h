#pragma once

#include <string>
#include <string_view>

namespace oriel {

/// The release, as the last version tag or the VERSION file says: `0.1.0`, `0.1.0-17` between tags.
[[nodiscard]] std::string_view version();
/// Short commit; `unknown` outside a checkout.
[[nodiscard]] std::string_view commit();
/// `oriel-api 0.1.0 (1a2b3c4)`, for --version.
[[nodiscard]] std::string version_line(std::string_view program);

}  // namespace oriel
