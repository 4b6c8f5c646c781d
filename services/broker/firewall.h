#pragma once

#include <memory>
#include <string>
#include <vector>

#include "libs/async/async.h"
#include "libs/async/worker_pool.h"
#include "libs/base/result.h"

namespace oriel::broker {

/// What distinguishes one instance's rules from another's on the same host.
struct FirewallNames {
  std::string table{};  ///< of both families: inet and bridge
  std::string
      bridges{};  ///< prefix of this instance's bridges; then `i` (internet) or `l` (lan) and a number
};
[[nodiscard]] FirewallNames firewall_names(std::string const& instance);

/// The whole ruleset as `nft -f` takes it: create if missing, delete, define, in one transaction. `resolvers`
/// are the IPv4 addresses that sessions may ask for names.
[[nodiscard]] std::string firewall_rules(FirewallNames const& names, std::string const& network_pool,
                                         std::vector<std::string> const& resolvers);

/// IPv4 name servers of a resolv.conf, loopback ones left out, each once.
[[nodiscard]] std::vector<std::string> resolvers_of(std::string const& resolv_conf);

/// Loads the static table of this instance and proves that the kernel still holds it as it was loaded. Never
/// flushes anything of others. Belongs to one executor; nft runs on a worker.
class Firewall {
 public:
  Firewall(std::string instance, std::string network_pool, WorkerPool& workers);
  ~Firewall();

  /// Compares what the kernel lists with what was loaded; loads (again) when it differs. Success: the table
  /// stands now.
  [[nodiscard]] Async<Result<>> ensure();

  [[nodiscard]] FirewallNames const& names() const { return names_; }

 private:
  [[nodiscard]] Result<> ensure_blocking();

  FirewallNames names_;
  std::string network_pool_;
  WorkerPool& workers_;
  struct Loaded;
  std::unique_ptr<Loaded> loaded_;
};

}  // namespace oriel::broker
