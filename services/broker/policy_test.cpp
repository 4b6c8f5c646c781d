#include "services/broker/policy.h"

#include <gtest/gtest.h>

namespace oriel::broker {
namespace {

constexpr std::int64_t kMebibyte = 1024 * 1024;

Policy policy() {
  Policy policy;
  policy.agent = "test";
  policy.images = {"oriel/*", "registry.example.test/desk/*:stable"};
  policy.cores = 4;
  policy.memory_bytes = 4096 * kMebibyte;
  policy.shm_bytes = 512 * kMebibyte;
  policy.pids = 1024;
  policy.sessions = 10;
  policy.networks = {"none", "internet"};
  policy.environment = {"APP_*", "LANG", "LD_*", "ORIEL_*"};
  return policy;
}

protocol::broker::CreateSession request() {
  protocol::broker::CreateSession request;
  request.image = "sha256:1";
  request.cores = 2;
  request.memory_bytes = 1024 * kMebibyte;
  request.shm_bytes = 256 * kMebibyte;
  request.pids = 512;
  request.network = "internet";
  request.environment = {{"APP_MODE", "kiosk"}, {"LANG", "fr_FR.UTF-8"}};
  request.hostname = "desk-1";
  return request;
}

TEST(Policy, AllowsWhatItNames) { EXPECT_TRUE(check_request(policy(), request())); }

TEST(Policy, RefusesMoreThanTheHostGives) {
  auto const refused = [](auto change) {
    auto wanted = request();
    change(wanted);
    auto const outcome = check_request(policy(), wanted);
    return !outcome && outcome.error().code == Code::kForbidden;
  };
  EXPECT_TRUE(refused([](auto& wanted) { wanted.cores = 4.01; }));
  EXPECT_TRUE(refused([](auto& wanted) { wanted.memory_bytes = 4097 * kMebibyte; }));
  EXPECT_TRUE(refused([](auto& wanted) { wanted.shm_bytes = 513 * kMebibyte; }));
  EXPECT_TRUE(refused([](auto& wanted) { wanted.pids = 1025; }));
  EXPECT_TRUE(refused([](auto& wanted) { wanted.network = "lan"; }));
  EXPECT_TRUE(refused([](auto& wanted) { wanted.network = "host"; }));
  EXPECT_TRUE(refused([](auto& wanted) { wanted.network = "name:bridge"; }));
  EXPECT_TRUE(refused([](auto& wanted) { wanted.network = "container:other"; }));
  EXPECT_TRUE(refused([](auto& wanted) { wanted.environment["OTHER"] = "1"; }));
}

TEST(Policy, KeepsTheLoadersAndOurOwnVariablesWhateverThePatternsSay) {
  for (auto const* name : {"LD_PRELOAD", "ORIEL_SESSION", "PATH", "BASH_ENV"}) {
    auto wanted = request();
    wanted.environment[name] = "x";
    auto const outcome = check_request(policy(), wanted);
    ASSERT_FALSE(outcome) << name;
    EXPECT_EQ(outcome.error().code, Code::kForbidden) << name;
  }
}

TEST(Policy, RefusesWhatMakesNoSense) {
  auto const invalid = [](auto change) {
    auto wanted = request();
    change(wanted);
    auto const outcome = check_request(policy(), wanted);
    return !outcome && outcome.error().code == Code::kInvalid;
  };
  EXPECT_TRUE(invalid([](auto& wanted) { wanted.cores = 0; }));
  EXPECT_TRUE(invalid([](auto& wanted) { wanted.cores = std::numeric_limits<double>::quiet_NaN(); }));
  EXPECT_TRUE(invalid([](auto& wanted) { wanted.memory_bytes = -1; }));
  EXPECT_TRUE(invalid([](auto& wanted) { wanted.pids = 0; }));
  EXPECT_TRUE(invalid([](auto& wanted) { wanted.image.clear(); }));
  EXPECT_TRUE(invalid([](auto& wanted) { wanted.hostname = "a.b"; }));
  EXPECT_TRUE(invalid([](auto& wanted) { wanted.hostname = "x\ny"; }));
  EXPECT_TRUE(invalid([](auto& wanted) { wanted.environment["A=B"] = "c"; }));
  EXPECT_TRUE(invalid([](auto& wanted) { wanted.environment["APP_X"] = std::string(17 * 1024, 'x'); }));
  EXPECT_TRUE(invalid([](auto& wanted) { wanted.width = 0; }));
}

TEST(Policy, HomesThatAreNotOfferedAreUnsupported) {
  auto wanted = request();
  wanted.home = "kept";
  EXPECT_EQ(check_request(policy(), wanted).error().code, Code::kUnsupported);
}

TEST(Policy, ImagesByAnyOfTheirNames) {
  EXPECT_TRUE(image_allowed(policy(), {"oriel/firefox:1a2b"}));
  EXPECT_TRUE(image_allowed(policy(), {"other:1", "registry.example.test/desk/office:stable"}));
  EXPECT_FALSE(image_allowed(policy(), {"evil/oriel/firefox:1"}));
  EXPECT_FALSE(image_allowed(policy(), {"registry.example.test/desk/office:latest"}));
  EXPECT_FALSE(image_allowed(policy(), {}));
}

TEST(Pattern, StarsMatchAnything) {
  EXPECT_TRUE(matches_pattern("*", ""));
  EXPECT_TRUE(matches_pattern("a*b*c", "aXXbYYc"));
  EXPECT_TRUE(matches_pattern("a*b*c", "abbbc"));
  EXPECT_FALSE(matches_pattern("a*b*c", "ab"));
  EXPECT_FALSE(matches_pattern("", "x"));
  EXPECT_FALSE(matches_pattern("ab", "abc"));
  std::string const long_text(20'000, 'a');
  EXPECT_FALSE(matches_pattern("*a*a*a*a*a*b", long_text));  // ends soon, too
}

}  // namespace
}  // namespace oriel::broker
