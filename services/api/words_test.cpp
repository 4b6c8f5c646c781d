#include <gtest/gtest.h>

#include "services/api/addresses.h"
#include "services/api/launch_words.h"

namespace oriel::api {
namespace {

TEST(LaunchWords, Locales) {
  EXPECT_EQ(parse_locale("fr-FR"), "fr_FR.UTF-8");
  EXPECT_EQ(parse_locale("fr_FR.UTF-8"), "fr_FR.UTF-8");
  EXPECT_EQ(parse_locale("en"), "en_US.UTF-8");
  EXPECT_EQ(parse_locale("de"), "de_DE.UTF-8");
  EXPECT_EQ(parse_locale("zh-Hans-CN"), "zh_CN.UTF-8");
  EXPECT_EQ(parse_locale("pt-br"), "pt_BR.UTF-8");
  for (auto const bad : {"", "x", "fr_", "fr-FRA", "../../x", "fr_FR; rm", "FR_fr", "fr\nFR", "abcd"})
    EXPECT_FALSE(parse_locale(bad)) << bad;
}

TEST(LaunchWords, TimeZones) {
  for (auto const good : {"UTC", "Europe/Paris", "America/Argentina/Buenos_Aires", "Etc/GMT+3"})
    EXPECT_TRUE(parse_timezone(good)) << good;
  for (auto const bad :
       {"", "/etc/passwd", "../UTC", "Europe/", "a b", "x\n", "-x", ":x", "_x", "Europe//Paris"})
    EXPECT_FALSE(parse_timezone(bad)) << bad;
}

TEST(LaunchWords, AddressesToOpen) {
  for (auto const good : {"https://example.org", "HTTP://example.org:8080/a?b#c", "https://[2001:db8::1]/"}) {
    EXPECT_TRUE(parse_open_url(good)) << good;
  }
  for (auto const bad : {"", "//evil", "/\\evil", "https:evil", "javascript:alert(1)", "data:text/html,x",
                         "file:///etc/passwd", "https://user@evil", "https://", "https:///x", "https://a b",
                         "https://a\n", "https://a\"b", "ftp://x", "https://:80"}) {
    EXPECT_FALSE(parse_open_url(bad)) << bad;
  }
  EXPECT_FALSE(parse_open_url("https://x/" + std::string(3000, 'a')));
  EXPECT_EQ(parse_open_url("HTTPS://Example.ORG/A"), "https://Example.ORG/A");  // as the session takes it
}

TEST(LaunchWords, Variables) {
  EXPECT_TRUE(check_environment({{"MY_VAR", "value"}, {"_x1", ""}}));
  for (auto const bad : {"", "1A", "A-B", "A=B", "LD_PRELOAD", "PATH", "ORIEL_SESSION", "A B"}) {
    EXPECT_FALSE(check_environment({{bad, "x"}})) << bad;
  }
  EXPECT_FALSE(check_environment({{"A", std::string(5000, 'x')}}));
  EXPECT_FALSE(check_environment({{"A", std::string("x\0y", 3)}}));
  std::map<std::string, std::string> many;
  for (int i = 0; i < 65; ++i) many["V" + std::to_string(i)] = "x";
  EXPECT_FALSE(check_environment(many));
}

TEST(Addresses, AreComparedExactly) {
  Addresses const addresses({"https://Desk.Example/", "https://192.0.2.7:8443", "https://[2001:db8::1]:8443",
                             "https://plain.example:443"});
  for (auto const good : {"https://desk.example", "https://192.0.2.7:8443", "https://[2001:db8::1]:8443",
                          "https://plain.example"}) {
    EXPECT_TRUE(addresses.has_origin(good)) << good;
  }
  for (auto const bad :
       {"", "null", "https://desk.example.evil", "https://evil-desk.example", "http://desk.example",
        "https://desk.example:8443", "https://192.0.2.7", "https://desk.example/", "https://DESK.example"}) {
    EXPECT_FALSE(addresses.has_origin(bad)) << bad;
  }
  EXPECT_TRUE(addresses.has_host("DESK.example"));
  EXPECT_TRUE(addresses.has_host("desk.example:443"));
  EXPECT_FALSE(addresses.has_host("desk.example:444"));
  EXPECT_FALSE(addresses.has_host(""));
}

}  // namespace
}  // namespace oriel::api
