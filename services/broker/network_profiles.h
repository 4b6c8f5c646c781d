#pragma once

#include <set>
#include <string>
#include <vector>

#include "libs/async/async.h"
#include "libs/base/result.h"
#include "libs/docker/engine.h"

namespace oriel::broker {

/// The /24 blocks of a pool (`10.213.0.0/16`) that none of the subnets touches, in order. `first` rotates the
/// start, so that two brokers that look at once seldom want the same. Prefixes from /8 to /24.
[[nodiscard]] std::vector<std::string> free_blocks(std::string const& pool,
                                                   std::vector<std::string> const& used,
                                                   std::size_t first = 0);

/// The engine's network of a profile.
struct SessionNetwork {
  std::string name{};   ///< what NetworkMode says
  bool guarded = true;  ///< on a bridge of ours, behind the firewall table
};

/// Bridges of the profiles `internet` and `lan`, one each an instance, made when first needed; the default
/// one ahead of that. Belongs to one executor.
class NetworkProfiles {
 public:
  NetworkProfiles(docker::Engine& engine, std::string instance, std::string bridge_prefix,
                  std::string network_pool);

  /// Finds or makes the profile's network. `name:<network>` is the administrator's own: it must exist, and
  /// must not be a host, container or none network. `none` needs nothing.
  [[nodiscard]] Async<Result<SessionNetwork>> ensure(std::string profile);

  /// Makes the bridge of `internet` at start: the first session does not wait for it, and browsers on this
  /// host do not see an address come while they load its page. A failure is logged: the first session tells
  /// more.
  [[nodiscard]] Async<> prepare();

 private:
  [[nodiscard]] Async<Result<>> make(std::string name, std::string bridge, std::string profile);

  docker::Engine& engine_;
  std::string instance_;
  std::string bridge_prefix_;
  std::string network_pool_;
};

}  // namespace oriel::broker
