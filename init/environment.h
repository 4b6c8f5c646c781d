#pragma once

#include <map>
#include <optional>
#include <string>
#include <string_view>
#include <vector>

#include <boost/describe/class.hpp>

#include "init/manifest.h"

namespace oriel::init {

using Environment = std::map<std::string, std::string, std::less<>>;

/// What belongs to the user, sent once when the session begins (protocol/control); members that only the
/// display server uses are not listed.
struct Begin {
  std::optional<std::string> locale;
  std::optional<std::string> timezone;
  Environment environment;
  std::optional<std::string> open_url;
  static constexpr bool kAbsentKeepsDefault = true;
};
BOOST_DESCRIBE_STRUCT(Begin, (), (locale, timezone, environment, open_url))

/// `NAME=value` strings, as in environ(7), into a map; what has no `=` is dropped.
[[nodiscard]] Environment environment_from(char const* const* entries);

/// Whether a workspace or a user may set this variable for the application: a portable name that neither
/// belongs to us (ORIEL_), nor to the dynamic linker (LD_, GLIBC_TUNABLES), nor says who the user is and
/// where the session's sockets are.
[[nodiscard]] bool may_be_set(std::string_view name);

/// The locale to use for the one asked for, from those that the image has: itself, else another of its
/// language, else en_US.UTF-8, else C.UTF-8.
[[nodiscard]] std::string nearest_locale(std::string_view wanted, std::vector<std::string> const& available);

/// A name as the time zone database has them: Europe/Paris, UTC, Etc/GMT+3; no path tricks.
[[nodiscard]] bool is_timezone_name(std::string_view name);

/// http and https only, one line, bounded.
[[nodiscard]] bool may_be_opened(std::string_view address);

/// What the machine offers, looked up by the caller.
struct Surroundings {
  Environment container;             ///< PID 1's own: the image's ENV and the workspace's variables.
  std::vector<std::string> locales;  ///< That the image has; empty when it doesn't say.
  bool timezone_exists = false;      ///< The begin's, in the image's database.
  std::string display = ":0";
  std::string bus_address;  ///< Empty without a bus.
};

/// The application's environment. Later wins: our defaults, the container's, the begin's, then who the user
/// is. Never fails: what may not be set is left out.
[[nodiscard]] Environment application_environment(Manifest const& manifest, Begin const& begin,
                                                  Surroundings const& surroundings);

/// The display server's: what we gave the container (ORIEL_…) and nothing of the image's.
[[nodiscard]] Environment display_environment(Environment const& container);

}  // namespace oriel::init
