#include "init/environment.h"

#include <gtest/gtest.h>

namespace oriel::init {
namespace {

std::vector<std::string> const kLocales = {"en_US.UTF-8", "en_GB.UTF-8", "fr_FR.UTF-8", "pt_BR.UTF-8"};

TEST(Environment, ComesFromEntries) {
  char const* const entries[] = {"A=1", "B=", "nothing", "=x", "C=a=b", nullptr};
  EXPECT_EQ(environment_from(entries), (Environment{{"A", "1"}, {"B", ""}, {"C", "a=b"}}));
  EXPECT_TRUE(environment_from(nullptr).empty());
}

TEST(Environment, RefusesNamesThatAreNotTheUsersToSet) {
  for (auto const* name : {"EDITOR", "_x", "PATH", "LC_TIME", "HTTP_PROXY"})
    EXPECT_TRUE(may_be_set(name)) << name;
  for (auto const* name :
       {"", "1A", "A B", "A=B", "A-B", "LD_PRELOAD", "LD_LIBRARY_PATH", "ORIEL_SESSION", "HOME", "DISPLAY",
        "XAUTHORITY", "DBUS_SESSION_BUS_ADDRESS", "XDG_RUNTIME_DIR", "GLIBC_TUNABLES", "BASH_ENV"}) {
    EXPECT_FALSE(may_be_set(name)) << name;
  }
  EXPECT_FALSE(may_be_set(std::string(129, 'A')));
}

TEST(Environment, TakesTheNearestLocale) {
  EXPECT_EQ(nearest_locale("fr_FR.UTF-8", kLocales), "fr_FR.UTF-8");
  EXPECT_EQ(nearest_locale("fr_CA.UTF-8", kLocales), "fr_FR.UTF-8");
  EXPECT_EQ(nearest_locale("pt", kLocales), "pt_BR.UTF-8");
  EXPECT_EQ(nearest_locale("fi_FI.UTF-8", kLocales), "en_US.UTF-8");
  EXPECT_EQ(nearest_locale("../../x", kLocales), "en_US.UTF-8");
  EXPECT_EQ(nearest_locale("", kLocales), "en_US.UTF-8");
  EXPECT_EQ(nearest_locale("fr_FR.UTF-8", {}), "C.UTF-8");
  EXPECT_EQ(nearest_locale("C.UTF-8", {}), "C.UTF-8");
}

TEST(Environment, KnowsNamesOfTimeZones) {
  for (auto const* name : {"UTC", "Europe/Paris", "America/Argentina/Buenos_Aires", "Etc/GMT+3"})
    EXPECT_TRUE(is_timezone_name(name)) << name;
  for (auto const* name : {"", "/etc/passwd", "../x", "Europe/../x", "Europe//Paris", "Europe/", ":x"})
    EXPECT_FALSE(is_timezone_name(name)) << name;
}

TEST(Environment, OpensOnlyWebAddresses) {
  EXPECT_TRUE(may_be_opened("https://example.org/a?b#c"));
  EXPECT_FALSE(may_be_opened("file:///etc/passwd"));
  EXPECT_FALSE(may_be_opened("--profile"));
  EXPECT_FALSE(may_be_opened("https://a b"));
  EXPECT_FALSE(may_be_opened("https://a\nb"));
  EXPECT_FALSE(may_be_opened("https://" + std::string(5000, 'a')));
}

TEST(Environment, OfTheApplicationLayersWhatEachMaySay) {
  Manifest manifest;
  Begin begin;
  begin.locale = "fr_CA.UTF-8";
  begin.timezone = "Europe/Paris";
  begin.open_url = "https://example.org/";
  begin.environment = {{"EDITOR", "nano"}, {"HOME", "/evil"}, {"LD_PRELOAD", "/evil.so"}, {"BOTH", "begin"}};
  Surroundings surroundings;
  surroundings.container = {
      {"PATH", "/image/bin:/bin"}, {"BOTH", "container"}, {"ORIEL_SESSION", "1"}, {"LANG", "C.UTF-8"}};
  surroundings.locales = kLocales;
  surroundings.timezone_exists = true;
  surroundings.display = ":1";
  surroundings.bus_address = "unix:path=/run/user/1000/bus";
  EXPECT_EQ(application_environment(manifest, begin, surroundings),
            (Environment{{"BOTH", "begin"},
                         {"DBUS_SESSION_BUS_ADDRESS", "unix:path=/run/user/1000/bus"},
                         {"DISPLAY", ":1"},
                         {"EDITOR", "nano"},
                         {"GTK_A11Y", "none"},
                         {"HOME", "/home/user"},
                         {"LANG", "fr_FR.UTF-8"},
                         {"LOGNAME", "user"},
                         {"NO_AT_BRIDGE", "1"},
                         {"ORIEL_OPEN_URL", "https://example.org/"},
                         {"PATH", "/image/bin:/bin"},
                         {"SHELL", "/bin/bash"},
                         {"TZ", "Europe/Paris"},
                         {"USER", "user"},
                         {"XAUTHORITY", "/run/user/1000/Xauthority"},
                         {"XDG_RUNTIME_DIR", "/run/user/1000"}}));
}

TEST(Environment, OfTheDisplayServerHasNothingOfTheImage) {
  EXPECT_EQ(display_environment({{"LD_PRELOAD", "x"}, {"PATH", "/evil"}, {"ORIEL_SESSION", "ab"}}),
            (Environment{{"HOME", "/run/oriel-display"},
                         {"LANG", "C.UTF-8"},
                         {"ORIEL_SESSION", "ab"},
                         {"PATH", "/usr/bin:/bin"}}));
}

}  // namespace
}  // namespace oriel::init
