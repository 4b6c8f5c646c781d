#include "init/cookie.h"

#include <vector>

#include <gtest/gtest.h>

namespace oriel::init {
namespace {

TEST(Cookie, IsOneEntryOfAnXauthorityFile) {
  std::vector<std::uint8_t> cookie;
  cookie.reserve(16);
  for (std::uint8_t byte = 0; byte < 16; ++byte) cookie.push_back(static_cast<std::uint8_t>(byte * 16 + 1));
  std::string expected("\xff\xff\x00\x00\x00\x00\x00\x12MIT-MAGIC-COOKIE-1\x00\x10", 8 + 18 + 2);
  expected.append(reinterpret_cast<char const*>(cookie.data()), cookie.size());
  EXPECT_EQ(xauthority_entry(cookie), expected);
}

}  // namespace
}  // namespace oriel::init
