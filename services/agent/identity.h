#pragma once

#include <string>

#include "libs/async/async.h"
#include "libs/base/id.h"
#include "libs/base/result.h"
#include "libs/base/uri.h"
#include "libs/crypto/crypto.h"
#include "services/agent/options.h"

namespace oriel::agent {

/// Who this agent is: an Ed25519 key that never leaves the host, and the certificate the manager signed for
/// it.
struct Identity {
  AgentId id{};
  crypto::SigningKey key{};
  std::string certificate_pem{};
};

/// What `state_directory` holds; kNotFound before the first enrolment.
[[nodiscard]] Result<Identity> load_identity(std::string const& state_directory);

/// Asks the manager once for a certificate with the token in `options.enrolment_token_file`, and keeps it.
/// The key is made and kept first, so that a repetition after a lost answer is the same agent.
[[nodiscard]] Async<Result<Identity>> enrol(Executor executor, Options options);

}  // namespace oriel::agent
