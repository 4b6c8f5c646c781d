#include "fuzz/target.h"

#include <cstdio>
#include <cstdlib>

namespace oriel::fuzz {
namespace {

// A function's static: registrations of other sources run before this one's would be made.
std::vector<Target>& table() {
  static std::vector<Target> targets;
  return targets;
}

}  // namespace

std::vector<Target> const& targets() { return table(); }

void require(bool holds, std::string_view what) {
  if (holds) return;
  std::fprintf(stderr, "does not hold: %.*s\n", static_cast<int>(what.size()), what.data());
  std::abort();
}

Registration::Registration(std::string name, void (*run)(std::string_view)) {
  table().push_back({std::move(name), run});
}

}  // namespace oriel::fuzz
