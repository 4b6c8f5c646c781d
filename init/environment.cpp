#include "init/environment.h"

#include <algorithm>
#include <array>

#include "init/limits.h"

namespace oriel::init {
namespace {

constexpr std::string_view kDefaultPath = "/usr/local/bin:/usr/bin:/bin:/usr/local/sbin:/usr/sbin:/sbin";

constexpr std::array<std::string_view, 11> kOurs = {
    "HOME",           "USER",       "LOGNAME",         "SHELL",
    "DISPLAY",        "XAUTHORITY", "XDG_RUNTIME_DIR", "DBUS_SESSION_BUS_ADDRESS",
    "GLIBC_TUNABLES", "IFS",        "BASH_ENV"};

bool is_letter(char c) { return (c >= 'a' && c <= 'z') || (c >= 'A' && c <= 'Z'); }
bool is_digit(char c) { return c >= '0' && c <= '9'; }

bool consists_of(std::string_view text, std::string_view others) {
  return std::ranges::all_of(
      text, [&](char c) { return is_letter(c) || is_digit(c) || others.find(c) != others.npos; });
}

void set_allowed(Environment& into, Environment const& from) {
  std::size_t count = 0;
  for (auto const& [name, value] : from) {
    if (!may_be_set(name) || value.size() > limits::kEnvironmentValueBytes ||
        value.find('\0') != std::string::npos)
      continue;
    if (++count > limits::kEnvironmentEntries) break;
    into.insert_or_assign(name, value);
  }
}

}  // namespace

Environment environment_from(char const* const* entries) {
  Environment environment;
  for (; entries != nullptr && *entries != nullptr; ++entries) {
    std::string_view const entry = *entries;
    auto const equals = entry.find('=');
    if (equals == entry.npos || equals == 0) continue;
    environment.insert_or_assign(std::string(entry.substr(0, equals)), std::string(entry.substr(equals + 1)));
  }
  return environment;
}

bool may_be_set(std::string_view name) {
  if (name.empty() || name.size() > limits::kEnvironmentNameBytes || is_digit(name.front())) return false;
  if (!consists_of(name, "_")) return false;
  if (name.starts_with("LD_") || name.starts_with("ORIEL_")) return false;
  return std::ranges::find(kOurs, name) == kOurs.end();
}

std::string nearest_locale(std::string_view wanted, std::vector<std::string> const& available) {
  auto const has = [&](std::string_view name) {
    return std::ranges::find(available, name) != available.end();
  };
  bool const well_formed =
      !wanted.empty() && wanted.size() <= limits::kNameBytes && consists_of(wanted, "_.@-");
  if (well_formed && (wanted == "C.UTF-8" || has(wanted))) return std::string(wanted);
  if (well_formed) {
    auto const language = wanted.substr(0, wanted.find_first_of("_.@-"));
    for (auto const& locale : available) {
      if (locale.starts_with(language) && locale.size() > language.size() && locale[language.size()] == '_')
        return locale;
    }
  }
  if (has("en_US.UTF-8")) return "en_US.UTF-8";
  return "C.UTF-8";
}

bool is_timezone_name(std::string_view name) {
  if (name.empty() || name.size() > limits::kNameBytes || !is_letter(name.front())) return false;
  return consists_of(name, "_+-/") && name.find("//") == name.npos && name.back() != '/';
}

bool may_be_opened(std::string_view address) {
  if (address.size() > limits::kAddressBytes) return false;
  if (!address.starts_with("https://") && !address.starts_with("http://")) return false;
  return std::ranges::none_of(address,
                              [](char c) { return static_cast<unsigned char>(c) <= 0x20 || c == 0x7f; });
}

Environment application_environment(Manifest const& manifest, Begin const& begin,
                                    Surroundings const& surroundings) {
  Environment environment{
      {"PATH", std::string(kDefaultPath)},
      {"LANG", "C.UTF-8"},
      // No accessibility bus: nobody inside could listen to it, and each toolkit would start it and wait.
      {"NO_AT_BRIDGE", "1"},
      {"GTK_A11Y", "none"},
  };
  set_allowed(environment, surroundings.container);
  if (begin.locale) environment["LANG"] = nearest_locale(*begin.locale, surroundings.locales);
  if (begin.timezone && is_timezone_name(*begin.timezone) && surroundings.timezone_exists)
    environment["TZ"] = *begin.timezone;
  set_allowed(environment, begin.environment);
  if (begin.open_url && may_be_opened(*begin.open_url)) environment["ORIEL_OPEN_URL"] = *begin.open_url;

  std::string const runtime_directory = "/run/user/" + std::to_string(limits::kDesktopUser);
  environment["HOME"] = manifest.home;
  environment["USER"] = manifest.user;
  environment["LOGNAME"] = manifest.user;
  environment["SHELL"] = "/bin/bash";
  environment["DISPLAY"] = surroundings.display;
  environment["XAUTHORITY"] = runtime_directory + "/Xauthority";
  environment["XDG_RUNTIME_DIR"] = runtime_directory;
  if (!surroundings.bus_address.empty()) environment["DBUS_SESSION_BUS_ADDRESS"] = surroundings.bus_address;
  return environment;
}

Environment display_environment(Environment const& container) {
  Environment environment{{"PATH", "/usr/bin:/bin"}, {"LANG", "C.UTF-8"}, {"HOME", "/run/oriel-display"}};
  for (auto const& [name, value] : container) {
    if (name.starts_with("ORIEL_")) environment.insert_or_assign(name, value);
  }
  return environment;
}

}  // namespace oriel::init
