// Single words of the web API: addresses to open, locales, time zones, stream targets, origins, cookies.
#include <string>

#include "fuzz/target.h"
#include "init/environment.h"
#include "libs/base/text.h"
#include "services/api/addresses.h"
#include "services/api/launch_words.h"
#include "services/api/stream_target.h"

using namespace oriel;
using fuzz::require;

ORIEL_FUZZ_TARGET(web_words) {
  if (auto const url = api::parse_open_url(input)) {
    auto const lower = lower_ascii(*url);
    require(lower.starts_with("http://") || lower.starts_with("https://"), "only web addresses are opened");
    require(url->size() <= 2048, "an address is bounded");
    for (char const c : *url)
      require(static_cast<unsigned char>(c) > 0x20 && c != 0x7f, "an address is one word");
    require(init::may_be_opened(*url), "what the API takes, the session takes");
  }
  if (auto const locale = api::parse_locale(input)) {
    require(locale->ends_with(".UTF-8"), "a locale has one form");
    require(api::parse_locale(*locale) == locale, "a locale is its text");
  }
  if (auto const zone = api::parse_timezone(input)) {
    require(zone->find("..") == std::string::npos && !zone->starts_with('/'), "a time zone is no path");
    require(init::is_timezone_name(*zone), "what the API takes, the session takes");
  }
  if (auto const target = api::parse_stream_target(input)) {
    require(input.starts_with("/sessions/" + target->session.text() + "/" + target->route + "?"),
            "a stream's target has one reading");
    require(target->viewer.size() == 32, "a viewer is 32 digits");
  }
  static api::Addresses const addresses({"https://oriel.example:8443"});
  if (addresses.has_origin(input))
    require(input == "https://oriel.example:8443", "origins are compared exactly");
  (void)addresses.has_host(input);
  auto const equals = input.find('=');
  if (equals != std::string_view::npos)
    (void)api::check_environment(
        {{std::string(input.substr(0, equals)), std::string(input.substr(equals + 1))}});
}
