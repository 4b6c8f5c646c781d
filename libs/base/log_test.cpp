#include "libs/base/log.h"

#include <gtest/gtest.h>
#include <unistd.h>

#include "libs/base/json.h"

namespace oriel {
namespace {

class LogTest : public ::testing::Test {
 protected:
  LogTest() {
    EXPECT_EQ(::pipe(ends), 0);
    log::configure("oriel-test", log::Level::kInfo);
    log::set_output(ends[1]);
  }
  ~LogTest() override {
    log::set_output(-1);
    ::close(ends[0]);
    ::close(ends[1]);
  }
  json::Value line() {
    char buffer[65536];
    auto const got = ::read(ends[0], buffer, sizeof buffer);
    return json::parse(std::string_view(buffer, static_cast<std::size_t>(got))).value();
  }
  int ends[2];
};

TEST_F(LogTest, ALineIsJsonWhateverIsInIt) {
  log::warning("a \"quote\"\n and \x01 \xff", {{"session", SessionId()},
                                               {"n", 42U},
                                               {"ratio", 0.5},
                                               {"good", true},
                                               {"text", "\\\t\x7f"},
                                               {"reason", fail(Code::kConflict, "taken")}});
  auto const value = line();
  EXPECT_EQ(value.at("level").as_string(), "warning");
  EXPECT_EQ(value.at("service").as_string(), "oriel-test");
  EXPECT_EQ(value.at("message").as_string(), "a \"quote\"\n and \x01 \xef\xbf\xbd");
  EXPECT_EQ(value.at("session").as_string(), "00000000000000000000000000000000");
  EXPECT_EQ(value.at("n").as_int64(), 42);
  EXPECT_EQ(value.at("ratio").as_double(), 0.5);
  EXPECT_TRUE(value.at("good").as_bool());
  EXPECT_EQ(value.at("text").as_string(), "\\\t\x7f");
  EXPECT_EQ(value.at("reason").as_string(), "conflict: taken");
}

TEST_F(LogTest, ALineIsBoundedAndSaysWhatItLeftOut) {
  // Each control character takes six: two such texts are a line, a third does not fit.
  std::string const escapes(limits::kLogTextBytes, '\x1b');
  log::info(escapes, {{"first", escapes}, {"second", escapes}, {"third", "small"}});
  auto const whole = line();
  auto const& object = whole.as_object();
  EXPECT_LE(json::text(object).size(), limits::kLogLineBytes);
  EXPECT_TRUE(object.contains("first"));
  EXPECT_FALSE(object.contains("second"));
  EXPECT_TRUE(object.at("fields_left_out").as_bool());
}

TEST_F(LogTest, WhatIsBelowTheLevelIsNotWritten) {
  log::debug("quiet");
  log::info("loud");
  EXPECT_EQ(line().at("message").as_string(), "loud");
}

TEST_F(LogTest, ALongValueIsCut) {
  log::info("long", {{"text", std::string(100'000, 'x')}});
  EXPECT_LE(line().at("text").as_string().size(), limits::kLogTextBytes);
}

}  // namespace
}  // namespace oriel
