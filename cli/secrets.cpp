#include "cli/secrets.h"

#include <algorithm>
#include <string>

#include "cli/server_certificate.h"
#include "libs/base/file.h"
#include "libs/base/json.h"
#include "libs/base/text.h"
#include "libs/crypto/certificate.h"
#include "libs/crypto/crypto.h"

namespace oriel::cli {
namespace {

constexpr std::chrono::hours kAuthorityValid{24 * 365 * 10};
constexpr long kRenewDays = 30;
constexpr std::size_t kPasswordCharacters = 20;
constexpr std::size_t kApiKeyCharacters = 12;  // as long as clients of the compatible API expect
constexpr std::size_t kApiSecretCharacters = 32;

/// Reads the secret, or makes it by `fresh`; writes it where it is absent.
template <typename Fresh>
Result<std::string> secret(std::string const& path, uid_t owner, Fresh fresh) {
  auto const present = read_file(path);
  if (present) return std::string(trim(*present));
  if (present.error().code != Code::kNotFound) return present.error();
  std::string made = fresh();
  auto const written = write_file(path, made + "\n", {0400, owner, owner});
  if (!written) return written.error().within("write " + path);
  return made;
}

Result<std::string> copy_of(std::string const& path, uid_t owner, std::string const& value) {
  return secret(path, owner, [&value] { return value; });
}

std::string new_password() { return random_token(24); }
std::string new_key() { return crypto::Key::random().hex(); }

}  // namespace

Result<> make_secrets(Installation const& installation) {
  auto const at = [&installation](char const* below) {
    return installation.path(std::string("secrets/") + below);
  };
  auto const setup = secret(at("setup/database.password"), 0, new_password);
  if (!setup) return setup.error();
  auto const superuser = copy_of(at("database/database.password"), users::kDatabase, *setup);
  if (!superuser) return superuser.error();
  auto const api = secret(at("api/database.password"), users::kApi, new_password);
  if (!api) return api.error();
  auto const manager = secret(at("manager/database.password"), users::kManager, new_password);
  if (!manager) return manager.error();
  for (auto const* name : {"token.key", "seal.key"}) {
    auto const key = secret(at((std::string("api/") + name).c_str()), users::kApi, new_key);
    if (!key) return key.error();
    auto const same = copy_of(at((std::string("manager/") + name).c_str()), users::kManager, *key);
    if (!same) return same.error();
    if (*same != *key) return fail(Code::kConflict, std::string("api and manager hold different ") + name);
  }
  auto const redis = secret(at("api/redis.password"), users::kApi, new_password);
  if (!redis) return redis.error();

  // Only throttle counters of this instance, and only what a counter needs.
  auto const acl = "user default off resetpass resetkeys resetchannels -@all\nuser api on #" +
                   crypto::sha256_hex(*redis) + " ~oriel:" + installation.instance +
                   ":throttle:* resetchannels -@all +ping +auth +get +set +incr +decr +pexpire +pttl +del\n";
  auto const before = read_file(at("redis/users.acl"));
  if (!before || *before != acl) {
    auto const written = write_file(at("redis/users.acl"), acl, {0400, users::kRedis, users::kRedis});
    if (!written) return written.error().within("write the users of Redis");
  }
  return {};
}

Result<Credentials> make_credentials(Installation const& installation) {
  Credentials credentials;
  auto const before = read_file(installation.credentials_path());
  if (before) {
    auto const parsed = json::parse_as<Credentials>(*before, json::Unknown::kIgnore);
    if (!parsed) return parsed.error().within("read " + installation.credentials_path());
    credentials = *parsed;
  } else if (before.error().code != Code::kNotFound) {
    return before.error();
  } else {
    credentials.admin = {"admin@oriel.local", random_password(kPasswordCharacters)};
    credentials.user = {"user@oriel.local", random_password(kPasswordCharacters)};
    credentials.api_key = {random_password(kApiKeyCharacters), random_password(kApiSecretCharacters)};
  }
  credentials.url = installation.local_url();
  credentials.addresses = installation.addresses;
  auto const text = json::write_text(credentials) + "\n";
  if (before && *before == text) return credentials;
  auto const written = write_file(installation.credentials_path(), text, {0600, 0, 0});
  if (!written) return written.error();
  return credentials;
}

Result<> make_authority(Installation const& installation) {
  auto const certificate = installation.path("ca/ca.crt");
  auto const key_path = installation.path("ca/ca.key");
  auto const present = read_file(key_path);
  auto const shown = read_file(certificate);
  if (present && shown) return {};
  if (shown)
    return fail(Code::kConflict,
                certificate + " is there without its key: restore ca/ca.key, or remove both");

  auto const key = crypto::SigningKey::random();
  auto const pem =
      crypto::make_authority(key, "Oriel installation " + installation.instance, kAuthorityValid);
  if (!pem) return pem.error().within("make the installation's CA");
  auto const key_written =
      write_file(key_path, crypto::private_key_pem(key), {0400, users::kManager, users::kManager});
  if (!key_written) return key_written.error();
  return write_file(certificate, *pem, {0644, 0, 0});
}

Result<bool> make_server_certificate(Installation const& installation, std::string const& certificate_file,
                                     std::string const& key_file) {
  ServerCertificatePaths const paths{installation.path("tls/server.crt"), installation.path("tls/server.key"),
                                     installation.path("tls/authority.crt"),
                                     installation.path("tls/authority.key"), installation.path("tls/given")};
  auto const put = [&paths](std::string const& certificate, std::string const& key) -> Result<> {
    auto const key_written = write_file(paths.key, key, {0400, users::kEdge, users::kEdge});
    if (!key_written) return key_written.error();
    return write_file(paths.certificate, certificate, {0444, users::kEdge, users::kEdge});
  };
  if (!certificate_file.empty()) {
    auto const certificate = read_file(certificate_file);
    if (!certificate) return certificate.error().within("read --cert");
    auto const key = read_file(key_file);
    if (!key) return key.error().within("read --key");
    auto const fits = key_fits_certificate(*certificate, *key);
    if (!fits) return fits.error();
    auto const before = read_file(paths.certificate);
    auto const marked = write_file(paths.given, certificate_file + "\n", {0644, 0, 0});
    if (!marked) return marked.error();
    if (before && *before == *certificate) return false;
    auto const written = put(*certificate, *key);
    if (!written) return written.error();
    return true;
  }

  // A certificate that the operator gave once stays until another is given.
  auto const given = read_file(paths.given);
  auto const present = read_file(paths.certificate);
  if (given && present) return false;

  auto names = host_names();
  for (auto const& url : installation.public_urls) {
    auto const host = host_of_url(url);
    bool const numeric =
        host.find(':') != std::string::npos || host.find_first_not_of("0123456789.") == std::string::npos;
    auto& known = numeric ? names.addresses : names.names;
    if (std::ranges::find(known, host) == known.end()) known.push_back(host);
  }
  if (present) {
    auto const days = days_left(*present);
    if (days && *days > kRenewDays && covers(*present, names)) return false;
  }
  auto const leaf = issue_server_certificate(paths, installation.instance, names);
  if (!leaf) return leaf.error().within("make the server's certificate");
  auto const written = put(leaf->certificate_pem, leaf->key_pem);
  if (!written) return written.error();
  return true;
}

Result<long> certificate_days_left(Installation const& installation) {
  auto const certificate = read_file(installation.path("tls/server.crt"));
  if (!certificate) return certificate.error();
  return days_left(*certificate);
}

}  // namespace oriel::cli
