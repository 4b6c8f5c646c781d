#pragma once

#include <string>
#include <string_view>
#include <vector>

/// One parser of foreign bytes, fed with anything: by libFuzzer (fuzzer.cpp) and by the unit tests, which
/// replay the corpus and seeded changes of it (corpus_test.cpp).
namespace oriel::fuzz {

struct Target {
  std::string name;
  void (*run)(std::string_view input);
};

/// Every target that is linked in.
[[nodiscard]] std::vector<Target> const& targets();

/// A property of a parser: what it says is written out and the process aborts when it does not hold.
void require(bool holds, std::string_view what);

/// Adds a target while statics are made.
struct Registration {
  Registration(std::string name, void (*run)(std::string_view));
};

}  // namespace oriel::fuzz

/// Defines a target: the body sees `input`. Its corpus is fuzz/corpus/<name>.
#define ORIEL_FUZZ_TARGET(name)                                                         \
  static void fuzz_##name(std::string_view input);                                      \
  static ::oriel::fuzz::Registration const registration_of_##name(#name, &fuzz_##name); \
  static void fuzz_##name(std::string_view input)
