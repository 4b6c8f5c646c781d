#include "services/manager/options.h"

#include <utility>

#include <boost/describe/class.hpp>

#include "libs/base/file.h"
#include "libs/base/json.h"
#include "libs/base/text.h"
#include "libs/crypto/certificate.h"

namespace oriel::manager {
namespace {

/// The members of config.json that the manager needs.
struct Config {
  std::string home{};
  std::string database{};
  std::string manager{};
  std::optional<std::string> zone{};
};
BOOST_DESCRIBE_STRUCT(Config, (), (home, database, manager, zone))

Result<crypto::Key> read_key(std::string const& path) {
  auto text = read_file(path);
  if (!text) return text.error();
  auto key = crypto::Key::from_hex(trim(*text));
  if (!key) return key.error().within("read " + path);
  return key;
}

}  // namespace

Result<Options> read_options(std::string const& config_file) {
  auto text = read_file(config_file);
  if (!text) return text.error().within("read the configuration");
  auto config = json::parse_as<Config>(*text, json::Unknown::kIgnore);
  if (!config) return config.error().within("read " + config_file);

  Options options;
  auto socket = Endpoint::parse(config->manager);
  if (!socket) return socket.error().within(config_file + ": manager");
  options.socket = *socket;
  auto database = Endpoint::parse(config->database);
  if (!database) return database.error().within(config_file + ": database");
  options.database.connection = "host=" + database->path + " dbname=oriel user=oriel_manager";
  options.database.application_name = "oriel-manager";
  if (config->zone) options.zone = *config->zone;

  auto const secrets = config->home + "/secrets/manager/";
  auto password = read_file(secrets + "database.password");
  if (!password) return password.error().within("read the database password");
  options.database.password = std::string(trim(*password));
  auto token_key = read_key(secrets + "token.key");
  if (!token_key) return token_key.error();
  options.token_key = *token_key;
  auto seal_key = read_key(secrets + "seal.key");
  if (!seal_key) return seal_key.error();
  options.seal_key = *seal_key;

  auto certificate = read_file(config->home + "/ca/ca.crt");
  if (!certificate) return certificate.error().within("read the CA's certificate");
  options.authority.certificate_pem = *certificate;
  auto key_pem = read_file(config->home + "/ca/ca.key");
  if (!key_pem) return key_pem.error().within("read the CA's key");
  auto key = crypto::read_private_key_pem(*key_pem);
  if (!key) return key.error().within("read the CA's key");
  options.authority.key = *key;
  return options;
}

}  // namespace oriel::manager
