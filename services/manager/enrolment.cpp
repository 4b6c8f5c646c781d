#include "services/manager/enrolment.h"

#include <algorithm>
#include <array>
#include <span>
#include <utility>

#include "libs/base/log.h"
#include "libs/base/text.h"
#include "libs/crypto/certificate.h"
#include "libs/store/agent_enrolment.h"
#include "libs/store/agents.h"

namespace oriel::manager {
namespace {

constexpr std::size_t kHostnameBytes = 253;  // RFC 1035
constexpr std::chrono::hours kCertificateLife{24 * 365 *
                                              10};  // revoked by deleting the agent's row, not by time

}  // namespace

Async<Result<protocol::agent::EnrolAnswer>> enrol(postgres::Database& database, Options const& options,
                                                  protocol::agent::EnrolRequest request,
                                                  std::string address) {
  bool const named = !request.hostname.empty() && request.hostname.size() <= kHostnameBytes;
  if (!named) co_return fail(Code::kInvalid, "hostname must have 1 to 253 characters");
  auto public_key = crypto::read_public_key_pem(request.public_key_pem);
  if (!public_key) co_return public_key.error().within("read public_key_pem");

  crypto::LeafRequest leaf;
  auto id = AgentId::random();
  leaf.common_name = id.text();
  leaf.public_key = *public_key;
  leaf.valid = kCertificateLife;
  auto certificate =
      crypto::issue_certificate(options.authority.key, options.authority.certificate_pem, leaf);
  if (!certificate) co_return certificate.error().within("sign the agent's certificate");

  store::NewAgent agent;
  agent.id = id;
  agent.hostname = request.hostname;
  agent.public_key.assign(public_key->begin(), public_key->end());
  agent.certificate_pem = *certificate;
  agent.zone = options.zone;
  agent.address = std::move(address);
  auto const token_hash = crypto::keyed_hash(options.token_key, request.token);
  auto const shown_key = agent.public_key;
  auto enrolled = co_await store::enrol_agent(database, token_hash, std::move(agent));
  if (!enrolled && enrolled.error().code == Code::kUnauthenticated) {
    auto again = co_await store::find_enrolled_agent(database, token_hash, shown_key);
    if (!again) co_return again.error();
    if (*again) enrolled = std::move(**again);
  }
  if (!enrolled) co_return enrolled.error();

  log::info("an agent enrolled", {{"agent", enrolled->id}, {"hostname", enrolled->hostname}});
  protocol::agent::EnrolAnswer answer;
  answer.agent_id = enrolled->id;
  answer.certificate_pem = enrolled->certificate_pem;
  answer.ca_pem = options.authority.certificate_pem;
  co_return answer;
}

Result<std::array<std::uint8_t, 32>> check_hello(Authority const& authority,
                                                 protocol::agent::Hello const& hello,
                                                 std::span<std::uint8_t const> nonce) {
  if (hello.type != "hello") return fail(Code::kInvalid, "the first message is not hello");
  if (hello.protocol != protocol::agent::kProtocol) {
    return fail(Code::kUnsupported,
                "agent protocol " + std::to_string(hello.protocol) + " is not spoken here");
  }
  auto certificate = crypto::verify_certificate(hello.certificate_pem, authority.certificate_pem);
  if (!certificate) return certificate.error();
  if (certificate->common_name != hello.agent_id.text()) {
    return fail(Code::kUnauthenticated, "the certificate names another agent");
  }
  auto const signature = from_base64(hello.signature);
  std::string signed_text = protocol::agent::kSignaturePrefix;
  signed_text += as_text(nonce);
  if (!signature || !crypto::verify(certificate->public_key, as_bytes(signed_text), *signature)) {
    return fail(Code::kUnauthenticated, "the signature over the challenge is wrong");
  }
  return certificate->public_key;
}

}  // namespace oriel::manager
