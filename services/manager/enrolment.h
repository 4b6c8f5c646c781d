#pragma once

#include <string>

#include "libs/async/async.h"
#include "libs/base/result.h"
#include "libs/postgres/database.h"
#include "protocol/agent/messages.h"
#include "services/manager/options.h"

namespace oriel::manager {

/// A single-use token for a certificate of the installation's CA (POST /agent/v1/enrol). The same token with
/// the same public key gives the same agent again, since an answer may get lost; with another key it is
/// kUnauthenticated.
[[nodiscard]] Async<Result<protocol::agent::EnrolAnswer>> enrol(postgres::Database& database,
                                                                Options const& options,
                                                                protocol::agent::EnrolRequest request,
                                                                std::string address);

/// Whether the hello was signed, over the challenge's nonce, by the key of a certificate of our CA for that
/// agent. Gives the certificate's public key.
[[nodiscard]] Result<std::array<std::uint8_t, 32>> check_hello(Authority const& authority,
                                                               protocol::agent::Hello const& hello,
                                                               std::span<std::uint8_t const> nonce);

}  // namespace oriel::manager
