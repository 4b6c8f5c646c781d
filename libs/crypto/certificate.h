#pragma once

#include <array>
#include <chrono>
#include <string>
#include <string_view>
#include <vector>

#include "libs/base/result.h"
#include "libs/crypto/crypto.h"

/// X.509 with Ed25519 keys, by OpenSSL: the installation's CA and its leaves. PEM throughout.
namespace oriel::crypto {

/// The private key as PKCS#8 PEM and its public half as SubjectPublicKeyInfo PEM.
[[nodiscard]] std::string private_key_pem(SigningKey const& key);
[[nodiscard]] std::string public_key_pem(SigningKey const& key);
/// Ed25519 only; anything else is kInvalid.
[[nodiscard]] Result<SigningKey> read_private_key_pem(std::string_view pem);
[[nodiscard]] Result<std::array<std::uint8_t, 32>> read_public_key_pem(std::string_view pem);

/// A self-signed CA certificate for `key`, path length 0.
[[nodiscard]] Result<std::string> make_authority(SigningKey const& key, std::string_view common_name,
                                                 std::chrono::hours valid);

struct LeafRequest {
  std::string common_name;
  std::array<std::uint8_t, 32> public_key{};
  std::vector<std::string> dns_names{};
  std::vector<std::string> addresses{};
  bool server = false;  ///< extended key usage serverAuth
  bool client = true;   ///< extended key usage clientAuth
  std::chrono::hours valid{24 * 365};
};
/// A certificate signed by the CA, which must be `authority_key`'s.
[[nodiscard]] Result<std::string> issue_certificate(SigningKey const& authority_key,
                                                    std::string_view authority_pem,
                                                    LeafRequest const& request);

struct Certificate {
  std::string common_name;
  std::array<std::uint8_t, 32> public_key{};
  std::string serial_hex;
  std::string sha256_hex;  ///< of the DER
  std::string not_after_rfc3339;
};
/// Checks signature, validity now and the CA; kUnauthenticated when it is not this CA's.
[[nodiscard]] Result<Certificate> verify_certificate(std::string_view certificate_pem,
                                                     std::string_view authority_pem);
/// SHA-256 of the certificate's DER, hex: what a join command pins.
[[nodiscard]] Result<std::string> certificate_fingerprint(std::string_view certificate_pem);

}  // namespace oriel::crypto
