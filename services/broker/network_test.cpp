#include <gtest/gtest.h>

#include "services/broker/firewall.h"
#include "services/broker/network_profiles.h"

namespace oriel::broker {
namespace {

TEST(Blocks, SkipWhatIsTaken) {
  auto const blocks =
      free_blocks("10.213.0.0/16", {"10.213.0.0/24", "10.213.1.128/25", "172.17.0.0/16", "10.213.4.0/22"});
  ASSERT_GE(blocks.size(), 3U);
  EXPECT_EQ(blocks[0], "10.213.2.0/24");
  EXPECT_EQ(blocks[1], "10.213.3.0/24");
  EXPECT_EQ(blocks[2], "10.213.8.0/24");
  EXPECT_EQ(blocks.size(), 256U - 6U);
}

TEST(Blocks, NoneWhenALargerNetworkCoversThePool) {
  EXPECT_TRUE(free_blocks("10.213.0.0/16", {"10.0.0.0/8"}).empty());
}

TEST(Blocks, StartWhereTold) {
  EXPECT_EQ(free_blocks("10.213.0.0/16", {}, 255).front(), "10.213.255.0/24");
  EXPECT_EQ(free_blocks("10.213.0.0/16", {}, 255)[1], "10.213.0.0/24");
}

TEST(Blocks, NoneOfAPoolThatCannotBeRead) {
  EXPECT_TRUE(free_blocks("10.213.0.0", {}).empty());
  EXPECT_TRUE(free_blocks("10.213.0.0/28", {}).empty());
  EXPECT_TRUE(free_blocks("x/16", {}).empty());
}

TEST(Resolvers, AreTheIpv4OnesThatAreNotLoopback) {
  auto const found = resolvers_of(
      "# comment\nnameserver 192.168.1.1\nnameserver\t10.0.0.2\nnameserver 127.0.0.53\nnameserver fe80::1\n"
      "nameserver 192.168.1.1\nsearch example.test\nnameserver 1.2.3.4; drop\n");
  EXPECT_EQ(found, (std::vector<std::string>{"10.0.0.2", "192.168.1.1"}));
}

TEST(FirewallNames, AreShortAndDifferPerInstance) {
  auto const one = firewall_names("oriel");
  auto const other = firewall_names("oriel-2");
  EXPECT_EQ(other.table, "oriel_oriel_2");
  EXPECT_NE(one.bridges, other.bridges);
  EXPECT_LE((one.bridges + "i0").size(), 15U);
  EXPECT_EQ(one.bridges.back(), '-');  // so that one instance's pattern never takes in another's bridges
}

TEST(FirewallRules, ReplaceThemselvesAndNothingElse) {
  auto const rules = firewall_rules(firewall_names("oriel"), "10.213.0.0/16", {});
  EXPECT_EQ(rules.find("flush"), std::string::npos);
  EXPECT_TRUE(
      rules.starts_with("table inet oriel_oriel\ndelete table inet oriel_oriel\ntable bridge "
                        "oriel_oriel\ndelete table bridge oriel_oriel\n"));
  EXPECT_EQ(rules.find("dport 53"), std::string::npos);
}

TEST(FirewallRules, NameServersPassInEveryChain) {
  auto const rules = firewall_rules(firewall_names("oriel"), "10.213.0.0/16", {"192.168.1.1"});
  std::size_t count = 0;
  for (auto at = rules.find("ip daddr { 192.168.1.1 }"); at != std::string::npos;
       at = rules.find("ip daddr { 192.168.1.1 }", at + 1))
    ++count;
  EXPECT_EQ(count, 3U);
}

}  // namespace
}  // namespace oriel::broker
