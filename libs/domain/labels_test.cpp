#include "libs/domain/labels.h"

#include <gtest/gtest.h>

#include "libs/base/limits.h"

namespace oriel::domain {
namespace {

TEST(Labels, ShortAndPlainOnesAreGood) {
  EXPECT_TRUE(faults_of({}).empty());
  EXPECT_TRUE(faults_of({{"rack", "b 12"}, {"example.net/gpu-type", "A2000 – new"}, {"a", ""}}).empty());
}

TEST(Labels, EachFaultIsNamedByItsKey) {
  for (auto const& key : {"", "Rack", "-rack", "rack-", "a b", "a=b", "ä"}) {
    auto const faults = faults_of({{key, "x"}});
    ASSERT_EQ(faults.size(), 1U) << key;
    EXPECT_EQ(faults[0].pointer, std::string("/labels/") + key);
  }
  EXPECT_EQ(faults_of({{std::string(64, 'a'), ""}}).size(), 1U);
  EXPECT_EQ(faults_of({{"a", std::string(64, 'x')}}).size(), 1U);
  EXPECT_EQ(faults_of({{"a", "two\nlines"}}).size(), 1U);
  EXPECT_EQ(faults_of({{"a", "\xff"}}).size(), 1U);
  Labels many;
  for (std::size_t i = 0; i <= limits::kLabels; ++i) many["k" + std::to_string(i)] = "";
  EXPECT_EQ(faults_of(many).at(0).pointer, "/labels");
}

}  // namespace
}  // namespace oriel::domain
