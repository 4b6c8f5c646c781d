#include "services/agent/identity.h"

#include <utility>

#include "libs/base/file.h"
#include "libs/base/json.h"
#include "libs/base/text.h"
#include "libs/crypto/certificate.h"
#include "libs/http/client.h"
#include "protocol/agent/messages.h"

namespace oriel::agent {
namespace {

namespace wire = protocol::agent;

std::string key_file(std::string const& directory) { return directory + "/agent.key"; }
std::string certificate_file(std::string const& directory) { return directory + "/agent.crt"; }
std::string authority_file(std::string const& directory) { return directory + "/ca.crt"; }

Result<crypto::SigningKey> own_key(std::string const& directory) {
  auto pem = read_file(key_file(directory));
  if (pem) return crypto::read_private_key_pem(*pem);
  if (pem.error().code != Code::kNotFound) return pem.error();
  auto const key = crypto::SigningKey::random();
  auto made = make_directory(directory, FileOwnership{0700, {}, {}});
  if (!made) return made.error();
  auto written = write_file(key_file(directory), crypto::private_key_pem(key), FileOwnership{0600, {}, {}});
  if (!written) return written.error();
  return key;
}

}  // namespace

Result<Identity> load_identity(std::string const& state_directory) {
  auto certificate = read_file(certificate_file(state_directory));
  if (!certificate) return certificate.error();
  auto authority = read_file(authority_file(state_directory));
  if (!authority) return authority.error();
  auto key_pem = read_file(key_file(state_directory));
  if (!key_pem) return key_pem.error();
  auto key = crypto::read_private_key_pem(*key_pem);
  if (!key) return key.error().within("read the agent's key");
  auto verified = crypto::verify_certificate(*certificate, *authority);
  if (!verified) return verified.error().within("check the agent's certificate");
  auto const id = AgentId::parse(verified->common_name);
  if (!id) return fail(Code::kInvalid, "the agent's certificate names no agent: " + verified->common_name);
  if (verified->public_key != key->public_key) {
    return fail(Code::kInvalid, "the agent's certificate belongs to another key");
  }
  return Identity{*id, *key, *certificate};
}

Async<Result<Identity>> enrol(Executor executor, Options options) {
  if (!options.enrolment_token_file) {
    co_return fail(Code::kInvalid, "this agent has no certificate yet: start it with --enrolment-token-file");
  }
  auto token = read_file(*options.enrolment_token_file);
  if (!token) co_return token.error().within("read the enrolment token");
  auto key = own_key(options.state_directory);
  if (!key) co_return key.error().within("make the agent's key");

  wire::EnrolRequest request;
  request.token = std::string(trim(*token));
  request.hostname = options.hostname;
  request.public_key_pem = crypto::public_key_pem(*key);
  http::Client client(executor, options.manager);
  std::optional<json::Value> body = json::write(request);
  auto answer = co_await client.call("POST", "/agent/v1/enrol", std::move(body));
  if (!answer) co_return answer.error().within("enrol");
  auto enrolled = json::read<wire::EnrolAnswer>(*answer, json::Unknown::kIgnore);
  if (!enrolled) co_return enrolled.error().within("enrol: read the answer");

  auto authority =
      write_file(authority_file(options.state_directory), enrolled->ca_pem, FileOwnership{0644, {}, {}});
  if (!authority) co_return authority.error();
  // Last: with the certificate in place the agent counts as enrolled.
  auto certificate = write_file(certificate_file(options.state_directory), enrolled->certificate_pem,
                                FileOwnership{0644, {}, {}});
  if (!certificate) co_return certificate.error();
  co_return load_identity(options.state_directory);
}

}  // namespace oriel::agent
