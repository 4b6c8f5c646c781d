#pragma once

#include <optional>
#include <string>
#include <string_view>

/// Which passwords people may choose. Pure.
namespace oriel::domain {

inline constexpr std::size_t kPasswordCharacters = 8;

/// What is wrong with the password, as the person reads it beside the field; empty when it may be used. At
/// least 8 characters of any kind, at most limits::kPasswordBytes bytes, not one of those that are guessed
/// first, and not the user's own name. Nothing else is asked for: rules of composition make passwords worse.
[[nodiscard]] std::optional<std::string> password_fault(std::string_view password, std::string_view username);

}  // namespace oriel::domain
