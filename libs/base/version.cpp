#include "libs/base/version.h"

namespace oriel {

namespace {
#include "oriel_version.inc"
}  // namespace

#if defined(ORIEL_FAILPOINTS)
// Seen wherever a version is: nobody takes a test build for what we ship.
#define ORIEL_BUILD "+failpoints"
#else
#define ORIEL_BUILD ""
#endif

std::string_view version() {
  static std::string const text = std::string(kVersion) + ORIEL_BUILD;
  return text;
}

std::string_view commit() { return kCommit; }

std::string version_line(std::string_view program) {
  return std::string(program) + " " + std::string(version()) + " (" + kCommit + ")";
}

}  // namespace oriel
