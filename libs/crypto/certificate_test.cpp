#include "libs/crypto/certificate.h"

#include <gtest/gtest.h>

#include "libs/base/id.h"

namespace oriel::crypto {
namespace {

using namespace std::chrono_literals;

TEST(CertificateTest, ALeafIsAcceptedByItsOwnAuthorityOnly) {
  auto const authority_key = SigningKey::random();
  auto const authority = make_authority(authority_key, "Oriel installation", 24h * 3650).value();
  auto const agent_key = SigningKey::random();
  auto const id = AgentId::random();
  LeafRequest request{.common_name = id.text(), .public_key = agent_key.public_key};
  request.dns_names = {"host.example"};
  request.addresses = {"127.0.0.1", "::1"};
  request.server = true;
  auto const leaf = issue_certificate(authority_key, authority, request).value();
  auto const read = verify_certificate(leaf, authority).value();
  EXPECT_EQ(read.common_name, id.text());
  EXPECT_EQ(read.public_key, agent_key.public_key);
  EXPECT_EQ(read.serial_hex.size(), 32u);
  EXPECT_EQ(read.sha256_hex, certificate_fingerprint(leaf).value());

  auto const other = make_authority(SigningKey::random(), "Oriel installation", 24h).value();
  EXPECT_EQ(verify_certificate(leaf, other).error().code, Code::kUnauthenticated);
  EXPECT_EQ(verify_certificate(authority, authority).error().code, Code::kUnauthenticated);
  EXPECT_EQ(verify_certificate("nonsense", authority).error().code, Code::kInvalid);
  EXPECT_FALSE(issue_certificate(SigningKey::random(), authority, request).has_value());
}

TEST(CertificateTest, AnExpiredLeafIsRefused) {
  auto const authority_key = SigningKey::random();
  auto const authority = make_authority(authority_key, "Oriel", 24h).value();
  LeafRequest request{.common_name = "x", .public_key = SigningKey::random().public_key};
  request.valid = -1h;
  auto const leaf = issue_certificate(authority_key, authority, request).value();
  EXPECT_EQ(verify_certificate(leaf, authority).error().code, Code::kUnauthenticated);
}

TEST(CertificateTest, NamesThatWouldBeConfigurationAreRefused) {
  auto const authority_key = SigningKey::random();
  auto const authority = make_authority(authority_key, "Oriel", 24h).value();
  LeafRequest request{.common_name = "x", .public_key = SigningKey::random().public_key};
  request.dns_names = {"a,DNS:evil.example"};
  EXPECT_EQ(issue_certificate(authority_key, authority, request).error().code, Code::kInvalid);
  request.dns_names = {};
  request.addresses = {"10.0.0.1,DNS:evil.example"};
  EXPECT_EQ(issue_certificate(authority_key, authority, request).error().code, Code::kInvalid);
}

TEST(PemTest, KeysGoOutAndComeBack) {
  auto const key = SigningKey::random();
  EXPECT_EQ(read_private_key_pem(private_key_pem(key)).value().seed, key.seed);
  EXPECT_EQ(read_public_key_pem(public_key_pem(key)).value(), key.public_key);
  EXPECT_FALSE(read_private_key_pem(public_key_pem(key)).has_value());
  EXPECT_FALSE(read_public_key_pem("").has_value());
}

}  // namespace
}  // namespace oriel::crypto
