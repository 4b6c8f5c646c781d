#include "libs/base/text.h"

#include <set>

#include <gtest/gtest.h>

namespace oriel {
namespace {

std::string decoded64(std::string_view text) {
  auto const bytes = from_base64(text);
  return bytes ? std::string(as_text(*bytes)) : "refused";
}

TEST(ShownText, KeepsLettersAndNothingThatSteersATerminalOrTheDirection) {
  EXPECT_EQ(shown_text("Grüße, שלום", 100), "Grüße, שלום");
  EXPECT_EQ(shown_text("a\x1b[31m\r\n\x7f", 100), "a?[31m???");
  EXPECT_EQ(shown_text("\xc2\x9b"
                       "2J",
                       100),
            "?2J");
  EXPECT_EQ(shown_text("\xe2\x80\xae"
                       "abc\xe2\x81\xa6",
                       100),
            "?abc?");
  EXPECT_EQ(shown_text("abcdef", 3), "abc…");
  EXPECT_EQ(shown_text("\xff", 100), "\xef\xbf\xbd");
}

TEST(Base64Test, VectorsOfRfc4648) {
  std::pair<char const*, char const*> const vectors[] = {{"", ""},
                                                         {"f", "Zg=="},
                                                         {"fo", "Zm8="},
                                                         {"foo", "Zm9v"},
                                                         {"foob", "Zm9vYg=="},
                                                         {"fooba", "Zm9vYmE="},
                                                         {"foobar", "Zm9vYmFy"}};
  for (auto const& [plain, encoded] : vectors) {
    EXPECT_EQ(base64(as_bytes(plain)), encoded);
    EXPECT_EQ(decoded64(encoded), plain);
  }
  EXPECT_EQ(base64url(as_bytes("\xfb\xff\xfe")), "-__-");
  EXPECT_EQ(as_text(from_base64url("-__-").value()), "\xfb\xff\xfe");
}

TEST(Base64Test, OneValueHasOneText) {
  for (auto const* text : {"Zg", "Zg=", "Zg===", "Zh==", "Zm9=", "Z g=", "Zg==Zg==", "-__-"})
    EXPECT_EQ(decoded64(text), "refused") << text;
  EXPECT_FALSE(from_base64url("Zg==").has_value());
  EXPECT_FALSE(from_base64url("A").has_value());
}

TEST(HexTest, BothWays) {
  EXPECT_EQ(hex(as_bytes("\x01\xab")), "01ab");
  EXPECT_EQ(as_text(from_hex("01AB").value()), "\x01\xab");
  EXPECT_FALSE(from_hex("1").has_value());
  EXPECT_FALSE(from_hex("0g").has_value());
}

TEST(PercentTest, BothWays) {
  EXPECT_EQ(percent_encode("a/b c~\xc3\xa9"), "a%2Fb%20c~%C3%A9");
  EXPECT_EQ(percent_decode("a%2fb+c"), "a/b+c");
  EXPECT_EQ(percent_decode("a+b", true), "a b");
  for (auto const* text : {"%", "%1", "%g0", "a%"}) EXPECT_FALSE(percent_decode(text).has_value()) << text;
}

TEST(Utf8Test, OnlyWhatTheStandardAllows) {
  EXPECT_TRUE(is_utf8("a\xc3\xa9\xe2\x82\xac\xf0\x9f\x98\x80"));
  for (auto const* text : {"\xc0\x80", "\xe0\x80\x80", "\xed\xa0\x80", "\xf4\x90\x80\x80",
                           "\xf8\x88\x80\x80\x80", "\xc3", "\x80", "\xf0\x9f\x98"}) {
    EXPECT_FALSE(is_utf8(text)) << hex(as_bytes(text));
  }
  EXPECT_EQ(to_utf8("a\xff"
                    "b",
                    100),
            "a\xef\xbf\xbd"
            "b");
  EXPECT_EQ(to_utf8("ab\xc3\xa9", 3), "ab") << "cut at a character's border";
}

TEST(RandomTest, TokensAreLongAndDiffer) {
  std::set<std::string> seen;
  for (int i = 0; i < 100; ++i) seen.insert(random_token());
  EXPECT_EQ(seen.size(), 100u);
  EXPECT_EQ(seen.begin()->size(), 43u);
  auto const password = random_password();
  EXPECT_EQ(password.size(), 20u);
  EXPECT_EQ(password.find_first_of("0O1lI"), std::string::npos);
}

TEST(CompareTest, ConstantTimeEqualIsEqual) {
  EXPECT_TRUE(constant_time_equal("abc", "abc"));
  EXPECT_FALSE(constant_time_equal("abc", "abd"));
  EXPECT_FALSE(constant_time_equal("abc", "ab"));
}

TEST(SplitTest, EmptyPiecesCount) {
  EXPECT_EQ(split("a,,b", ',').size(), 3u);
  EXPECT_EQ(split("", ',').size(), 1u);
  EXPECT_EQ(split("a=b=c", '=', 2)[1], "b=c");
  EXPECT_EQ(trim(" \ta b\r\n"), "a b");
}

TEST(NumberTest, TheWholeTextOrNothing) {
  EXPECT_EQ(parse_integer("-12"), -12);
  for (auto const* text : {"", " 1", "1 ", "1x", "0x1", "9223372036854775808", "1.5"})
    EXPECT_FALSE(parse_integer(text).has_value()) << text;
  EXPECT_EQ(parse_number("1.5"), 1.5);
  for (auto const* text : {"", "1.5x", "inf", "nan", "1e999"})
    EXPECT_FALSE(parse_number(text).has_value()) << text;
}

}  // namespace
}  // namespace oriel
