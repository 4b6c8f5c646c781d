// What PID 1 reads: an image's manifest, and the user's `begin` with its environment.
#include <algorithm>
#include <string>

#include "display/control/messages.h"
#include "fuzz/target.h"
#include "init/environment.h"
#include "init/manifest.h"
#include "libs/base/json.h"

using namespace oriel;
using fuzz::require;

ORIEL_FUZZ_TARGET(image_manifest) {
  auto const manifest = init::parse_manifest(input);
  (void)init::manifest_for_display(input);
  if (manifest) require(!manifest->application.command.empty(), "a manifest says what to start");

  auto const value = json::parse(input);
  if (!value || !value->is_object()) return;
  (void)display::read_begin(value->get_object());
  (void)display::read_x_server(value->get_object());
  auto const begin = json::read<init::Begin>(*value, json::Unknown::kIgnore);
  if (!begin) return;
  init::Surroundings surroundings;
  surroundings.timezone_exists = true;
  auto const environment =
      init::application_environment(manifest ? *manifest : init::Manifest{}, *begin, surroundings);
  for (auto const& [name, text] : environment) {
    require(!name.empty() && name.find('=') == std::string::npos, "a variable has a name");
    require(name.find('\0') == std::string::npos && text.find('\0') == std::string::npos,
            "a variable has no NUL");
    require(!name.starts_with("LD_"), "the loader is left alone");
  }
  auto const home = environment.find("HOME");
  require(home == environment.end() || !begin->environment.contains("HOME") ||
              home->second == (manifest ? manifest->home : init::Manifest{}.home),
          "who the user is comes from the image");
}
