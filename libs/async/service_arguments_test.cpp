#include "libs/async/service_arguments.h"

#include <vector>

#include <gtest/gtest.h>

namespace oriel {
namespace {

std::optional<int> read(ServiceArguments& arguments, std::vector<std::string> words) {
  words.insert(words.begin(), "oriel-test");
  std::vector<char*> pointers;
  pointers.reserve(words.size());
  for (auto& word : words) pointers.push_back(word.data());
  return arguments.read(static_cast<int>(pointers.size()), pointers.data());
}

TEST(ServiceArgumentsTest, TheConfigurationAndOptionsOfTheServiceAreRead) {
  ServiceArguments arguments("oriel-test", "A service of the tests.");
  std::string token;
  arguments.option("--token-file", token, "a token");
  EXPECT_EQ(read(arguments, {"--config", "/c.json", "--token-file", "/t", "--log-level", "error"}),
            std::nullopt);
  EXPECT_EQ(arguments.config(), "/c.json");
  EXPECT_EQ(token, "/t");
}

TEST(ServiceArgumentsTest, HelpAndVersionEndTheProcessWell) {
  for (auto const* word : {"--help", "--version"}) {
    ServiceArguments arguments("oriel-test", "A service of the tests.");
    EXPECT_EQ(read(arguments, {word}), 0) << word;
  }
}

TEST(ServiceArgumentsTest, WrongWordsEndItWithTwo) {
  std::vector<std::vector<std::string>> const wrong{
      {}, {"--config"}, {"--config", "/c", "--nothing"}, {"--config", "/c", "--log-level", "loud"}};
  for (auto const& words : wrong) {
    ServiceArguments arguments("oriel-test", "A service of the tests.");
    EXPECT_EQ(read(arguments, words), 2);
  }
}

}  // namespace
}  // namespace oriel
