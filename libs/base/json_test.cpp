#include "libs/base/json.h"

#include <gtest/gtest.h>

namespace oriel {
namespace {

enum class Protocol { kTcp, kDatagramSocket, plain };
BOOST_DESCRIBE_ENUM(Protocol, kTcp, kDatagramSocket, plain)

struct Port {
  std::uint16_t port = 0;
  Protocol protocol = Protocol::kTcp;
};
BOOST_DESCRIBE_STRUCT(Port, (), (port, protocol))

struct Named {
  std::string name;
};
BOOST_DESCRIBE_STRUCT(Named, (), (name))

struct Image : Named {
  double cores = 0;
  std::optional<std::int64_t> memory;
  std::vector<Port> ports;
  std::map<std::string, std::string> environment;
  json::Object extra;
};
BOOST_DESCRIBE_STRUCT(Image, (Named), (cores, memory, ports, environment, extra))

struct Settings {
  static constexpr bool kAbsentKeepsDefault = true;
  int width = 1440;
  bool clipboard = true;
  std::optional<SessionId> session;
  std::optional<WallTime> at;
};
BOOST_DESCRIBE_STRUCT(Settings, (), (width, clipboard, session, at))

constexpr auto kGood =
    R"({"name":"é","cores":2,"memory":null,"ports":[{"port":80,"protocol":"datagram_socket"}],"environment":{"A":"b"},"extra":{"x":[1]}})";

TEST(JsonReadTest, AGoodDocumentGoesInAndOut) {
  auto const image = json::parse_as<Image>(kGood);
  ASSERT_TRUE(image.has_value()) << image.error();
  EXPECT_EQ(image->name, "é");
  EXPECT_EQ(image->cores, 2.0);
  EXPECT_FALSE(image->memory.has_value());
  EXPECT_EQ(image->ports.at(0).protocol, Protocol::kDatagramSocket);
  EXPECT_EQ(image->environment.at("A"), "b");
  auto const again = json::parse_as<Image>(json::write_text(*image));
  ASSERT_TRUE(again.has_value()) << again.error();
  EXPECT_EQ(json::write_text(*again), json::write_text(*image));
  EXPECT_EQ(json::write_text(*image, json::Absent::kOmit).find("memory"), std::string::npos);
  EXPECT_NE(json::write_text(*image).find("\"memory\":null"), std::string::npos);
}

TEST(JsonReadTest, AllFaultsComeAtOnceWithTheirPointers) {
  auto const image = json::parse_as<Image>(
      R"({"name":7,"cores":"x","ports":[{"port":80,"protocol":"tcp"},{"port":65536}],"environment":{"a/b":1},"extra":{},"bogus":1})");
  ASSERT_FALSE(image.has_value());
  std::vector<FieldError> const expected{{"/name", "must be text"},
                                         {"/cores", "must be a number"},
                                         {"/ports/1/port", "must be from 0 to 65535"},
                                         {"/ports/1/protocol", "required"},
                                         {"/environment/a~1b", "must be text"},
                                         {"/bogus", "unknown field"}};
  EXPECT_EQ(image.error().fields, expected);
  EXPECT_EQ(image.error().code, Code::kInvalid);
}

TEST(JsonReadTest, NumbersMustFitExactly) {
  for (auto const* text : {R"({"port":-1,"protocol":"tcp"})", R"({"port":1.5,"protocol":"tcp"})",
                           R"({"port":1e9,"protocol":"tcp"})", R"({"port":"1","protocol":"tcp"})",
                           R"({"port":1,"protocol":"kTcp"})", R"({"port":1,"protocol":0})", "[]", "7"}) {
    EXPECT_FALSE(json::parse_as<Port>(text).has_value()) << text;
  }
  EXPECT_TRUE(json::parse_as<Port>(R"({"port":80.0,"protocol":"plain"})").has_value()) << "80.0 is 80";
}

TEST(JsonReadTest, DefaultsIdsAndTimes) {
  auto const settings = json::parse_as<Settings>(
      R"({"width":800,"session":"00112233-4455-6677-8899-aabbccddeeff","at":"2026-11-24T12:00:00Z","later":1})",
      json::Unknown::kIgnore);
  ASSERT_TRUE(settings.has_value()) << settings.error();
  EXPECT_EQ(settings->width, 800);
  EXPECT_TRUE(settings->clipboard);
  EXPECT_EQ(
      json::write_text(*settings),
      R"({"width":800,"clipboard":true,"session":"00112233445566778899aabbccddeeff","at":"2026-11-24T12:00:00.000Z"})");
  EXPECT_FALSE(json::parse_as<Settings>(R"({"session":"x"})").has_value());
  EXPECT_FALSE(json::parse_as<Settings>(R"({"at":"yesterday"})").has_value());
  EXPECT_FALSE(json::parse_as<Settings>(R"({"width":null})").has_value());
}

TEST(JsonParseTest, DuplicateKeysAreRefusedAtEveryDepth) {
  EXPECT_NE(json::parse(R"({"a":1,"b":2,"a":3})").error().message.find("\"a\" occurs twice"),
            std::string::npos);
  EXPECT_FALSE(json::parse(R"([{"x":{"k":1,"k":1}}])").has_value());
  EXPECT_FALSE(json::parse(R"({"k":1,"\u006b":2})").has_value()) << "the same key by another spelling";
  EXPECT_TRUE(json::parse(R"([{"k":1},{"k":2}])").has_value());
}

TEST(JsonParseTest, BoundsAndBrokenTexts) {
  for (std::string const text : {"", " ", "{", "[1,]", "{\"a\":1,}", "nul", "1 2", "\"\xff\"", "\"\\ud800\"",
                                 "01", "+1", "NaN", "1e999", "{\"a\":1}x", "'a'", "// c\n1"}) {
    EXPECT_FALSE(json::parse(text).has_value()) << text;
  }
  EXPECT_FALSE(json::parse(std::string(40, '[') + std::string(40, ']')).has_value());
  EXPECT_TRUE(json::parse(std::string(30, '[') + std::string(30, ']')).has_value());
  EXPECT_EQ(json::parse("[1]", {.bytes = 2}).error().code, Code::kTooLarge);
  EXPECT_EQ(
      json::text(json::parse(" {\"a\" : [1, -2, 18446744073709551615, 0.5, \"x\\u00e9\", true, null, {}]} ")
                     .value()),
      "{\"a\":[1,-2,18446744073709551615,5E-1,\"x\xc3\xa9\",true,null,{}]}");
}

TEST(JsonParseTest, ManyNestedObjectsKeepTheirPlaces) {
  auto const text = R"({"a":{"b":{"c":[{"d":1},{"e":[2,{"f":{}}]}]},"g":3},"h":{"i":[[],[[4]]]}})";
  EXPECT_EQ(json::text(json::parse(text).value()), text);
}

TEST(EnumTest, TextsBothWays) {
  EXPECT_EQ(json::enum_text(Protocol::kDatagramSocket), "datagram_socket");
  EXPECT_EQ(json::enum_text(Protocol::plain), "plain");
  EXPECT_EQ(json::enum_from_text<Protocol>("tcp"), Protocol::kTcp);
  EXPECT_FALSE(json::enum_from_text<Protocol>("kTcp").has_value());
}

}  // namespace
}  // namespace oriel
