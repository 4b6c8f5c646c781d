#include "services/broker/firewall.h"

#include <algorithm>
#include <mutex>

#include <arpa/inet.h>

#include "libs/base/file.h"
#include "libs/base/log.h"
#include "libs/base/text.h"
#include "libs/crypto/crypto.h"
#include "services/broker/command.h"

namespace oriel::broker {
namespace {

constexpr char kNft[] = "/usr/sbin/nft";

// Where systemd-resolved keeps the servers that really answer; Docker uses the same file.
constexpr char kResolvConf[] = "/etc/resolv.conf";
constexpr char kResolvedConf[] = "/run/systemd/resolve/resolv.conf";

std::string accept_resolvers(std::vector<std::string> const& resolvers, std::string const& condition) {
  if (resolvers.empty()) return {};
  return "    " + condition + "ip daddr { " + join(resolvers, ", ") +
         " } meta l4proto { tcp, udp } th dport 53 counter accept\n";
}

std::vector<std::string> host_resolvers() {
  std::string text;
  for (auto const* path : {kResolvConf, kResolvedConf}) {
    auto const content = read_file(path);
    if (content) text += *content + "\n";
  }
  return resolvers_of(text);
}

}  // namespace

/// What was given to the kernel and what the kernel listed right after.
struct Firewall::Loaded {
  std::mutex mutex;
  std::string rules;
  std::string listing;
};

FirewallNames firewall_names(std::string const& instance) {
  return {"oriel_" + replace_all(instance, "-", "_"),
          "orl" + crypto::sha256_hex(instance).substr(0, 6) + "-"};
}

std::string firewall_rules(FirewallNames const& names, std::string const& network_pool,
                           std::vector<std::string> const& resolvers) {
  auto const own = "iifname \"" + names.bridges + "*\" ";
  auto const to_own = "oifname \"" + names.bridges + "*\" ";
  auto const lan = "iifname \"" + names.bridges + "l*\" ";
  std::string rules;
  for (auto const* family : {"inet", "bridge"}) {
    rules += "table " + std::string(family) + " " + names.table + "\n";
    rules += "delete table " + std::string(family) + " " + names.table + "\n";
  }
  rules += "table inet " + names.table + " {\n";
  // Never reachable: this host's own ways, link-local with the metadata services, multicast, and every
  // session pool.
  rules +=
      "  set never { type ipv4_addr; flags interval; auto-merge; elements = { 0.0.0.0/8, 127.0.0.0/8, "
      "169.254.0.0/16, "
      "224.0.0.0/3, " +
      network_pool + " } }\n";
  rules +=
      "  set private { type ipv4_addr; flags interval; auto-merge; elements = { 10.0.0.0/8, 100.64.0.0/10, "
      "172.16.0.0/12, "
      "192.168.0.0/16, 198.18.0.0/15 } }\n";
  // After connection tracking, before Docker's address translation: a published port of the host is still the
  // host.
  rules += "  chain before_routing {\n    type filter hook prerouting priority -150; policy accept;\n";
  rules += "    " + own + "jump from_session\n  }\n";
  rules +=
      "  chain from_session {\n    meta nfproto ipv6 counter drop\n    ct state established,related accept\n";
  rules += accept_resolvers(resolvers, "");
  rules += "    fib daddr type { local, broadcast, multicast, anycast } counter drop\n";
  rules += "    ip daddr @never counter drop\n";
  rules += "    " + lan + "accept\n";
  rules += "    ip daddr @private counter drop\n  }\n";
  rules += "  chain through_host {\n    type filter hook forward priority -150; policy accept;\n";
  rules += "    " + own + "ct state established,related accept\n";
  rules += "    " + own + to_own + "counter drop\n";
  rules += accept_resolvers(resolvers, own);
  rules += "    " + own + "ip daddr @never counter drop\n";
  rules += "    " + lan + "accept\n";
  rules += "    " + own + "ip daddr @private counter drop\n";
  rules += "    " + to_own + "ct state established,related accept\n";
  rules += "    " + to_own + "counter drop\n  }\n";
  rules += "  chain to_host {\n    type filter hook input priority -150; policy accept;\n";
  rules += "    " + own + "ct state established,related accept\n";
  rules += accept_resolvers(resolvers, own);
  rules += "    " + own + "counter drop\n  }\n}\n";

  // Peers of one bridge: frames between them pass here alone, whatever bridge-nf-call-iptables says. Each
  // address alone, since both together would let limited broadcast and multicast through.
  rules += "table bridge " + names.table +
           " {\n  chain peers {\n    type filter hook forward priority -200; policy accept;\n";
  rules += "    ether saddr & ff:ff:ff:00:00:00 == 02:6f:72:00:00:00 counter drop\n";
  for (auto const* what : {"ip saddr ", "ip daddr ", "arp saddr ip ", "arp daddr ip "}) {
    rules += "    " + std::string(what) + network_pool + " counter drop\n";
  }
  rules += "  }\n}\n";
  return rules;
}

std::vector<std::string> resolvers_of(std::string const& resolv_conf) {
  std::vector<std::string> found;
  for (auto const line : split(resolv_conf, '\n')) {
    auto const words = trim(line);
    if (!words.starts_with("nameserver ") && !words.starts_with("nameserver\t")) continue;
    std::string const address(trim(words.substr(10)));
    in_addr parsed{};
    if (::inet_pton(AF_INET, address.c_str(), &parsed) != 1 || address.starts_with("127.") ||
        address == "0.0.0.0")
      continue;
    if (std::ranges::find(found, address) == found.end()) found.push_back(address);
  }
  std::ranges::sort(found);
  return found;
}

Firewall::Firewall(std::string instance, std::string network_pool, WorkerPool& workers)
    : names_(firewall_names(instance)),
      network_pool_(std::move(network_pool)),
      workers_(workers),
      loaded_(std::make_unique<Loaded>()) {}

Firewall::~Firewall() = default;

Async<Result<>> Firewall::ensure() {
  auto check = [this] { return ensure_blocking(); };
  auto outcome = co_await workers_.run(std::move(check));
  if (!outcome) co_return outcome.error().within("check the firewall table " + names_.table);
  co_return outcome;
}

Result<> Firewall::ensure_blocking() {
  std::lock_guard const lock(loaded_->mutex);
  // Without counters, so that two listings of the same rules are the same text.
  auto const list = [this]() -> Result<std::string> {
    auto const inet = run_command({kNft, "-s", "list", "table", "inet", names_.table});
    if (!inet) return inet.error();
    auto const bridge = run_command({kNft, "-s", "list", "table", "bridge", names_.table});
    if (!bridge) return bridge.error();
    return *inet + *bridge;
  };
  auto const rules = firewall_rules(names_, network_pool_, host_resolvers());
  if (rules == loaded_->rules) {
    auto const standing = list();
    if (standing && *standing == loaded_->listing) return {};
    log::warning("the firewall table was changed or removed by somebody; loading it again",
                 {{"table", names_.table}});
  }
  loaded_->rules.clear();
  auto const loading = run_command({kNft, "-f", "-"}, rules);
  if (!loading) return loading.error().within("load");
  auto const listing = list();
  if (!listing) return listing.error().within("list what was just loaded");
  loaded_->listing = *listing;
  loaded_->rules = rules;
  return {};
}

}  // namespace oriel::broker
