#include "libs/base/id.h"

#include <unordered_set>

#include <gtest/gtest.h>

namespace oriel {
namespace {

TEST(IdTest, BothWritingsAreOneId) {
  auto const id = SessionId::parse("00112233-4455-6677-8899-AABBCCDDEEFF").value();
  EXPECT_EQ(id.text(), "00112233445566778899aabbccddeeff");
  EXPECT_EQ(id.dashed(), "00112233-4455-6677-8899-aabbccddeeff");
  EXPECT_EQ(SessionId::parse(id.text()), id);
}

TEST(IdTest, NothingElseIsAnId) {
  for (auto const* text : {"", "0", "00112233445566778899aabbccddeef", "00112233445566778899aabbccddeeff0",
                           "0011223344556677-8899-aabb-ccddeeff00", "00112233-4455-6677-8899+aabbccddeeff",
                           "00112233445566778899aabbccddeefg", "{0112233-4455-6677-8899-aabbccddeeff",
                           " 0112233445566778899aabbccddeeff"}) {
    EXPECT_FALSE(SessionId::parse(text).has_value()) << text;
  }
}

TEST(IdTest, RandomIdsDiffer) {
  std::unordered_set<UserId> seen;
  for (int i = 0; i < 1000; ++i) seen.insert(UserId::random());
  EXPECT_EQ(seen.size(), 1000u);
  EXPECT_TRUE(UserId().is_nil());
  static_assert(!std::is_convertible_v<UserId, SessionId>);
}

}  // namespace
}  // namespace oriel
