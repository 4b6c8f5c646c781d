#include "services/manager/enrolment.h"

#include <gtest/gtest.h>

#include "libs/base/text.h"
#include "libs/crypto/certificate.h"

namespace oriel::manager {
namespace {

Authority new_authority() {
  Authority authority;
  authority.key = crypto::SigningKey::random();
  authority.certificate_pem = *crypto::make_authority(authority.key, "Oriel test", std::chrono::hours(24));
  return authority;
}

struct Fixture {
  Authority authority = new_authority();
  crypto::SigningKey key = crypto::SigningKey::random();
  Bytes nonce = random_bytes(32);

  protocol::agent::Hello hello(AgentId id, Authority const& signer) const {
    crypto::LeafRequest leaf;
    leaf.common_name = id.text();
    leaf.public_key = key.public_key;
    protocol::agent::Hello message;
    message.agent_id = id;
    message.certificate_pem = *crypto::issue_certificate(signer.key, signer.certificate_pem, leaf);
    std::string text = protocol::agent::kSignaturePrefix;
    text += as_text(nonce);
    message.signature = base64(crypto::sign(key, as_bytes(text)));
    return message;
  }
};

TEST(CheckHello, AcceptsTheCertificatesKeyOverThisNonceOnly) {
  Fixture fixture;
  auto const id = AgentId::random();
  auto hello = fixture.hello(id, fixture.authority);
  auto accepted = check_hello(fixture.authority, hello, fixture.nonce);
  ASSERT_TRUE(accepted) << accepted.error();
  EXPECT_EQ(*accepted, fixture.key.public_key);

  auto const another_nonce = random_bytes(32);
  EXPECT_FALSE(check_hello(fixture.authority, hello, another_nonce));

  hello.agent_id = AgentId::random();
  EXPECT_FALSE(check_hello(fixture.authority, hello, fixture.nonce));
}

TEST(CheckHello, RefusesAnotherAuthorityAnUnknownProtocolAndRubbish) {
  Fixture fixture;
  auto const other = new_authority();
  auto const id = AgentId::random();
  EXPECT_EQ(check_hello(fixture.authority, fixture.hello(id, other), fixture.nonce).error().code,
            Code::kUnauthenticated);

  auto hello = fixture.hello(id, fixture.authority);
  hello.protocol = 2;
  EXPECT_EQ(check_hello(fixture.authority, hello, fixture.nonce).error().code, Code::kUnsupported);
  hello.protocol = 1;
  hello.signature = "not base64!";
  EXPECT_EQ(check_hello(fixture.authority, hello, fixture.nonce).error().code, Code::kUnauthenticated);
  hello.certificate_pem = "rubbish";
  EXPECT_FALSE(check_hello(fixture.authority, hello, fixture.nonce));
}

}  // namespace
}  // namespace oriel::manager
