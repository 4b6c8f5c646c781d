#include "services/broker/network_profiles.h"

#include <array>
#include <cstdint>
#include <optional>

#include <arpa/inet.h>

#include "libs/base/log.h"
#include "libs/base/text.h"
#include "libs/crypto/crypto.h"

namespace oriel::broker {
namespace {

constexpr int kAttempts = 12;  // other brokers of this host may take a block between our look and our call

struct Block {
  std::uint32_t address = 0;
  int prefix = 0;
  [[nodiscard]] std::uint32_t mask() const { return prefix == 0 ? 0 : ~std::uint32_t{0} << (32 - prefix); }
};

std::optional<Block> parse_block(std::string const& text) {
  auto const parts = split(text, '/');
  if (parts.size() != 2) return std::nullopt;
  in_addr address{};
  auto const prefix = parse_integer(parts[1]);
  if (::inet_pton(AF_INET, std::string(parts[0]).c_str(), &address) != 1 || !prefix || *prefix < 0 ||
      *prefix > 32) {
    return std::nullopt;
  }
  return Block{ntohl(address.s_addr), static_cast<int>(*prefix)};
}

bool overlap(Block const& left, Block const& right) {
  auto const mask = left.prefix < right.prefix ? left.mask() : right.mask();
  return (left.address & mask) == (right.address & mask);
}

std::string block_text(std::uint32_t address) {
  in_addr raw{htonl(address)};
  std::array<char, INET_ADDRSTRLEN> text{};
  ::inet_ntop(AF_INET, &raw, text.data(), text.size());
  return std::string(text.data()) + "/24";
}

json::Object network_spec(std::string const& name, std::string const& bridge, std::string const& subnet,
                          std::string const& instance, std::string const& profile) {
  return {{"Name", name},
          {"Driver", "bridge"},
          {"EnableIPv6", false},
          {"Internal", false},
          {"Attachable", false},
          {"IPAM",
           json::Object{{"Driver", "default"}, {"Config", json::Array{json::Object{{"Subnet", subnet}}}}}},
          {"Options", json::Object{{"com.docker.network.bridge.name", bridge},
                                   {"com.docker.network.bridge.enable_icc", "false"},
                                   {"com.docker.network.bridge.enable_ip_masquerade", "true"}}},
          {"Labels", json::Object{{"oriel.instance", instance}, {"oriel.network", profile}}}};
}

}  // namespace

std::vector<std::string> free_blocks(std::string const& pool, std::vector<std::string> const& used,
                                     std::size_t first) {
  auto const whole = parse_block(pool);
  if (!whole || whole->prefix > 24 || whole->prefix < 8) return {};
  std::vector<Block> taken;
  for (auto const& one : used) {
    if (auto const block = parse_block(one)) taken.push_back(*block);
  }
  auto const count = std::size_t{1} << (24 - whole->prefix);
  auto const base = whole->address & whole->mask();
  std::vector<std::string> found;
  for (std::size_t i = 0; i < count; ++i) {
    Block const block{base + static_cast<std::uint32_t>(((first + i) % count) << 8), 24};
    bool free = true;
    for (auto const& other : taken) free = free && !overlap(block, other);
    if (free) found.push_back(block_text(block.address));
  }
  return found;
}

NetworkProfiles::NetworkProfiles(docker::Engine& engine, std::string instance, std::string bridge_prefix,
                                 std::string network_pool)
    : engine_(engine),
      instance_(std::move(instance)),
      bridge_prefix_(std::move(bridge_prefix)),
      network_pool_(std::move(network_pool)) {}

Async<Result<SessionNetwork>> NetworkProfiles::ensure(std::string profile) {
  if (profile == "none") co_return SessionNetwork{"none", false};
  if (profile.starts_with("name:")) {
    auto const name = profile.substr(5);
    auto const network = co_await engine_.inspect_network(name);
    if (!network) co_return network.error().within("find the network " + name);
    if (network->driver == "host" || network->driver == "null") {
      co_return fail(Code::kForbidden, "sessions never join the network " + name);
    }
    co_return SessionNetwork{network->name, false};
  }

  auto const name = instance_ + "-" + profile;
  auto const bridge = bridge_prefix_ + profile.front() + "0";
  auto const existing = co_await engine_.inspect_network(name);
  if (existing) {
    // Only a bridge under our prefix is behind the firewall table.
    auto const option = existing->options.find("com.docker.network.bridge.name");
    bool const ours =
        existing->driver == "bridge" && option != existing->options.end() && option->second == bridge;
    if (!ours)
      co_return fail(Code::kConflict, "the network " + name + " exists, but it is not the bridge " + bridge);
    co_return SessionNetwork{name, true};
  }
  if (existing.error().code != Code::kNotFound) co_return existing.error();
  auto const made = co_await make(name, bridge, profile);
  if (!made) co_return made.error().within("make the network of the profile " + profile);
  co_return SessionNetwork{name, true};
}

Async<> NetworkProfiles::prepare() {
  auto const network = co_await ensure("internet");
  if (!network) log::warning("the default network is not there yet", {{"error", network.error()}});
}

Async<Result<>> NetworkProfiles::make(std::string name, std::string bridge, std::string profile) {
  Error last = fail(Code::kNoCapacity, "no free /24 in " + network_pool_);
  for (int attempt = 0; attempt < kAttempts; ++attempt) {
    auto const networks = co_await engine_.list_networks();
    if (!networks) co_return networks.error();
    std::vector<std::string> used;
    for (auto const& network : *networks) used.push_back(network.subnet);
    auto const start = crypto::sha256(as_bytes(name + std::to_string(attempt)));
    auto const blocks = free_blocks(network_pool_, used, start[0]);
    if (blocks.empty()) co_return last;

    // The engine refuses overlapping pools and equal names: of two that want the same, one gets it, the other
    // looks again.
    auto spec = network_spec(name, bridge, blocks.front(), instance_, profile);
    auto const made = co_await engine_.create_network(std::move(spec));
    if (made) {
      log::info("network made", {{"network", name}, {"bridge", bridge}, {"subnet", blocks.front()}});
      co_return Result<>{};
    }
    if (made.error().code == Code::kConflict) {
      auto const there = co_await engine_.inspect_network(name);
      if (there) co_return Result<>{};
    }
    last = made.error();
  }
  co_return last;
}

}  // namespace oriel::broker
