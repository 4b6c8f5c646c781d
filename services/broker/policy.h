#pragma once

#include <cstdint>
#include <string>
#include <string_view>
#include <vector>

#include <boost/describe/class.hpp>

#include "libs/base/result.h"
#include "protocol/broker/messages.h"

namespace oriel::broker {

/// `$HOME_DIR/policy.json`: what the host's owner allows, whatever the control plane asks. In patterns `*`
/// stands for anything. Written by `oriel up` when absent; edited by the operator; read again for every
/// request.
struct Policy {
  static constexpr bool kAbsentKeepsDefault = true;

  std::string agent{};                     ///< value of the label oriel.agent
  std::vector<std::string> images{};       ///< patterns of references that may run and be pulled
  double cores = 0;                        ///< most of one session
  std::int64_t memory_bytes = 0;           ///< most of one session
  std::int64_t shm_bytes = 0;              ///< most of one session
  std::int64_t pids = 0;                   ///< most of one session
  std::int64_t sessions = 0;               ///< most containers at once, stopped ones included
  std::vector<std::string> networks{};     ///< of none, internet, lan, name:<network>
  std::vector<std::string> environment{};  ///< patterns of names a request may set
};
BOOST_DESCRIBE_STRUCT(Policy, (),
                      (agent, images, cores, memory_bytes, shm_bytes, pids, sessions, networks, environment))

/// Blocks.
[[nodiscard]] Result<Policy> read_policy(std::string const& path);

/// `*` matches any run of characters, everything else itself.
[[nodiscard]] bool matches_pattern(std::string_view pattern, std::string_view text);

/// kForbidden names the rule when the policy does not allow it, kInvalid when the request makes no sense. The
/// image is judged apart, by the names that the engine knows for it: image_allowed().
[[nodiscard]] Result<> check_request(Policy const& policy, protocol::broker::CreateSession const& request);

/// True when one of an image's references matches one of the policy's patterns.
[[nodiscard]] bool image_allowed(Policy const& policy, std::vector<std::string> const& references);

}  // namespace oriel::broker
