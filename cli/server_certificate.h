#pragma once

#include <string>

#include "cli/installation.h"
#include "libs/base/result.h"

/// X.509 for browsers, which take no Ed25519: ECDSA P-256 by OpenSSL. PEM throughout.
namespace oriel::cli {

struct ServerCertificatePaths {
  std::string certificate, key;
  std::string authority_certificate, authority_key;  ///< made when absent; the key is root's alone
  std::string given;                                 ///< present: the operator gave certificate and key
};

struct ServerLeaf {
  std::string certificate_pem;  ///< the leaf, then the authority
  std::string key_pem;
};

/// A leaf valid for 397 days, which is the longest that browsers accept, for these names and addresses.
[[nodiscard]] Result<ServerLeaf> issue_server_certificate(ServerCertificatePaths const& paths,
                                                          std::string const& instance,
                                                          HostNames const& names);

/// Whether the first certificate's alternative names hold all of these.
[[nodiscard]] bool covers(std::string const& certificate_pem, HostNames const& names);
/// Days until the first certificate ends; negative when it has.
[[nodiscard]] Result<long> days_left(std::string const& certificate_pem);
/// kInvalid when the key is not the first certificate's.
[[nodiscard]] Result<> key_fits_certificate(std::string const& certificate_pem, std::string const& key_pem);

}  // namespace oriel::cli
