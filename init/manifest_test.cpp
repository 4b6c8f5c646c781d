#include "init/manifest.h"

#include <gtest/gtest.h>

namespace oriel::init {
namespace {

constexpr char kGood[] =
    R"({"contract":"oriel/1","name":"firefox","icon":"<svg/>","x":{"command":["/usr/lib/xorg/Xorg"]},
  "application":{"command":["/usr/lib/oriel/start-firefox"],"restart":true},"ready":"window","cores":2,"home":"/home/user"})";

TEST(Manifest, IsReadWithItsDefaults) {
  auto const manifest = parse_manifest(kGood);
  ASSERT_TRUE(manifest) << manifest.error();
  EXPECT_EQ(manifest->name, "firefox");
  EXPECT_EQ(manifest->application.command, std::vector<std::string>{"/usr/lib/oriel/start-firefox"});
  EXPECT_TRUE(manifest->application.restart);
  EXPECT_EQ(manifest->application.working_directory, "/home/user");
  EXPECT_EQ(manifest->user, "user");
}

TEST(Manifest, OfAnotherContractIsUnsupported) {
  auto const manifest = parse_manifest(R"({"contract":"oriel/2","application":{"command":["/bin/true"]}})");
  ASSERT_FALSE(manifest);
  EXPECT_EQ(manifest.error().code, Code::kUnsupported);
}

TEST(Manifest, NeedsAbsoluteProgramsAndNoNul) {
  EXPECT_FALSE(parse_manifest(R"({"contract":"oriel/1"})"));
  EXPECT_FALSE(parse_manifest(R"({"contract":"oriel/1","application":{"command":["firefox"]}})"));
  EXPECT_FALSE(parse_manifest(R"({"contract":"oriel/1","application":{"command":["/bin/a\u0000b"]}})"));
  EXPECT_FALSE(
      parse_manifest(R"({"contract":"oriel/1","x":{"command":[]},"application":{"command":["/bin/a"]}})"));
  EXPECT_FALSE(parse_manifest(
      R"({"contract":"oriel/1","application":{"command":["/bin/a"],"working_directory":"x"}})"));
  EXPECT_TRUE(parse_manifest(R"({"contract":"oriel/1","application":{"command":["/bin/a"]}})"));
}

TEST(Manifest, IsBounded) {
  std::string text(kGood);
  text.insert(text.find("<svg/>"), 64 * 1024, ' ');
  auto const manifest = parse_manifest(text);
  ASSERT_FALSE(manifest);
  EXPECT_EQ(manifest.error().code, Code::kTooLarge);
}

TEST(Manifest, GoesToTheDisplayServerWithoutItsIcon) {
  auto const manifest = manifest_for_display(kGood);
  EXPECT_EQ(manifest.if_contains("icon"), nullptr);
  EXPECT_EQ(manifest.at("ready").as_string(), "window");
  EXPECT_TRUE(manifest_for_display("[").empty());
}

}  // namespace
}  // namespace oriel::init
