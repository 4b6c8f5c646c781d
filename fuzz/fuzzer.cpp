// libFuzzer's end: ORIEL_FUZZ_TARGET in the environment names the target; `list` prints all names.
#include <cstdint>
#include <cstdio>
#include <cstdlib>
#include <string_view>

#include "fuzz/target.h"
#include "libs/base/log.h"

namespace {

void (*chosen)(std::string_view) = nullptr;

}  // namespace

extern "C" int LLVMFuzzerInitialize(int*, char***) {
  oriel::log::configure("fuzz", oriel::log::Level::kError);
  char const* const name = std::getenv("ORIEL_FUZZ_TARGET");
  for (auto const& target : oriel::fuzz::targets()) {
    if (name == nullptr || std::string_view(name) == "list") std::puts(target.name.c_str());
    if (name != nullptr && target.name == name) chosen = target.run;
  }
  if (chosen == nullptr) {
    if (name == nullptr) std::fputs("set ORIEL_FUZZ_TARGET to one of these\n", stderr);
    std::exit(name != nullptr && std::string_view(name) == "list" ? 0 : 2);
  }
  return 0;
}

extern "C" int LLVMFuzzerTestOneInput(std::uint8_t const* data, std::size_t size) {
  chosen(std::string_view(reinterpret_cast<char const*>(data), size));
  return 0;
}
