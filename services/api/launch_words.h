#pragma once

#include <map>
#include <optional>
#include <string>
#include <string_view>

#include "libs/base/result.h"

/// What people and programs may say at a launch, checked and put into the one form that agents expect.
namespace oriel::api {

/// `fr-FR`, `fr_FR` or `fr_FR.UTF-8` as `fr_FR.UTF-8`; nullopt for anything else.
[[nodiscard]] std::optional<std::string> parse_locale(std::string_view text);
/// A name of the time zone database as it is; nullopt for what cannot be one.
[[nodiscard]] std::optional<std::string> parse_timezone(std::string_view text);
/// An address to open in the session: http or https with a host, at most 2048 bytes, without control
/// characters, spaces or user names.
[[nodiscard]] std::optional<std::string> parse_open_url(std::string_view text);
/// Variables for the session: at most 64, names as shells know them, values of at most 4096 bytes without
/// NUL. Names that the platform or the loader gives a meaning (`ORIEL_…`, `LD_…`, PATH, HOME …) are refused.
[[nodiscard]] Result<> check_environment(std::map<std::string, std::string> const& environment);

inline constexpr int kLeastWidth = 320;
inline constexpr int kMostWidth = 7680;
inline constexpr int kLeastHeight = 200;
inline constexpr int kMostHeight = 4320;

}  // namespace oriel::api
