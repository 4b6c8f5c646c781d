#include "libs/base/version.h"

namespace oriel {

namespace {
#include "oriel_version.inc"
}  // namespace

std::string_view version() { return kVersion; }

std::string_view commit() { return kCommit; }

std::string version_line(std::string_view program) {
  return std::string(program) + " " + kVersion + " (" + kCommit + ")";
}

}  // namespace oriel
