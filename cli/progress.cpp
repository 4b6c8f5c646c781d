#include "cli/progress.h"

#include <cstdio>

namespace oriel::cli {

std::chrono::milliseconds Progress::elapsed() const {
  return std::chrono::duration_cast<std::chrono::milliseconds>(std::chrono::steady_clock::now() - begin_);
}

void Progress::say(std::string const& what) const {
  std::printf("  %5.1f s  %s\n", static_cast<double>(elapsed().count()) / 1000.0, what.c_str());
  std::fflush(stdout);
}

}  // namespace oriel::cli
