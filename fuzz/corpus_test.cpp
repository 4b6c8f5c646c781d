// Each target over its corpus, then over seeded changes of it: the property tests of every parser of foreign
// bytes, without libFuzzer. ORIEL_FUZZ_SEED repeats a run.
#include <algorithm>
#include <cstdlib>
#include <filesystem>
#include <random>
#include <string>
#include <vector>

#include <gtest/gtest.h>

#include "fuzz/target.h"
#include "libs/base/file.h"
#include "libs/base/log.h"
#include "libs/base/text.h"

namespace oriel::fuzz {
namespace {

constexpr auto kTimePerTarget = std::chrono::milliseconds(1500);
constexpr int kChanges = 400;  // of one target, as far as the time goes
constexpr std::size_t kInputBytes = 64 * 1024;

std::filesystem::path corpus_of(std::string const& name) {
  return std::filesystem::path(ORIEL_SOURCE_DIRECTORY) / "fuzz" / "corpus" / name;
}

std::vector<std::string> read_corpus(std::string const& name) {
  std::vector<std::filesystem::path> files;
  for (auto const& entry : std::filesystem::directory_iterator(corpus_of(name)))
    files.push_back(entry.path());
  std::ranges::sort(files);
  std::vector<std::string> inputs;
  for (auto const& file : files) {
    auto text = read_file(file.string(), std::size_t{4} << 20);
    EXPECT_TRUE(text) << file;
    if (text) inputs.push_back(std::move(*text));
  }
  return inputs;
}

/// One of the usual ways in which bytes go wrong.
std::string changed(std::string text, std::vector<std::string> const& corpus, std::mt19937_64& random) {
  auto const below = [&](std::size_t bound) { return bound == 0 ? 0 : random() % bound; };
  for (auto steps = 1 + below(3); steps > 0; --steps) {
    auto const at = below(text.size() + 1);
    switch (below(7)) {
      case 0:
        text.resize(at);
        break;
      case 1:
        if (at < text.size()) text[at] = static_cast<char>(random());
        break;
      case 2:
        text.insert(at, 1 + below(8), static_cast<char>(random()));
        break;
      case 3:
        text.erase(at, 1 + below(16));
        break;
      case 4:
        text.insert(at, text.substr(below(text.size() + 1), below(256)));
        break;
      case 5: {
        auto const& other = corpus[below(corpus.size())];
        text = text.substr(0, at) + other.substr(below(other.size() + 1));
        break;
      }
      default: {
        static constexpr std::string_view kWords[] = {
            "\r\n",        "\n",           "\0",       "\xff\xff\xff\xff", "9223372036854775808",
            "-1",          "1e999",        "\xc0\x80", "\xed\xa0\x80",     "[[[[[[[[[[[[[[[[",
            "\"\\u0000\"", "\xe2\x80\xae", "%00",      "{\"a\":1,\"a\":2}"};
        text.insert(at, kWords[below(std::size(kWords))]);
      }
    }
  }
  if (text.size() > kInputBytes) text.resize(kInputBytes);
  return text;
}

class Corpus : public ::testing::TestWithParam<std::size_t> {};

TEST_P(Corpus, HoldsAndSoDoItsChanges) {
  log::configure("fuzz", log::Level::kError);
  auto const& target = targets()[GetParam()];
  auto const corpus = read_corpus(target.name);
  ASSERT_FALSE(corpus.empty()) << "no seeds in " << corpus_of(target.name);
  for (auto const& input : corpus) target.run(input);

  char const* const given = std::getenv("ORIEL_FUZZ_SEED");
  auto const seed = given != nullptr ? std::strtoull(given, nullptr, 10) : std::random_device{}();
  std::printf("%s: %zu seeds, ORIEL_FUZZ_SEED=%llu\n", target.name.c_str(), corpus.size(),
              static_cast<unsigned long long>(seed));
  std::fflush(stdout);  // A property that does not hold aborts: the seed must be out before.
  std::mt19937_64 random(seed);
  auto const until = std::chrono::steady_clock::now() + kTimePerTarget;
  for (int i = 0; i < kChanges && std::chrono::steady_clock::now() < until; ++i)
    target.run(changed(corpus[random() % corpus.size()], corpus, random));
}

INSTANTIATE_TEST_SUITE_P(Targets, Corpus, ::testing::Range(std::size_t{0}, targets().size()),
                         [](auto const& index) { return targets()[index.param].name; });

/// A property that fails must end the process: else none of the above could fail.
TEST(Require, EndsTheProcess) { EXPECT_DEATH(require(false, "an example"), "does not hold: an example"); }

}  // namespace
}  // namespace oriel::fuzz
