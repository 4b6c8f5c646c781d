#include "services/api/options.h"

#include <vector>

#include <boost/describe/class.hpp>

#include "libs/base/file.h"
#include "libs/base/json.h"
#include "libs/base/text.h"

namespace oriel::api {
namespace {

/// The members of config.json that the API needs.
struct Config {
  std::string instance{};
  std::string home{};
  std::vector<std::string> addresses{};
  std::string database{};
  std::string redis{};
  std::string api{};
  std::string web_root{};
};
BOOST_DESCRIBE_STRUCT(Config, (), (instance, home, addresses, database, redis, api, web_root))

Result<Endpoint> endpoint(std::string const& text, std::string_view member) {
  auto parsed = Endpoint::parse(text);
  if (!parsed) return parsed.error().within("config.json: " + std::string(member));
  return *parsed;
}

Result<std::string> read_secret(std::string const& path) {
  auto text = read_file(path);
  if (!text) return text.error().within("read " + path);
  return std::string(trim(*text));
}

}  // namespace

Result<Options> read_options(std::string const& config_file, std::string const& socket_instead) {
  auto text = read_file(config_file);
  if (!text) return text.error().within("read the configuration");
  auto config = json::parse_as<Config>(*text, json::Unknown::kIgnore);
  if (!config) return config.error().within("read " + config_file);

  Options options;
  options.instance = config->instance;
  options.home = config->home;
  options.web_root = config->web_root;
  options.addresses = Addresses(config->addresses);

  auto socket = endpoint(socket_instead.empty() ? config->api : socket_instead, "api");
  if (!socket) return socket.error();
  options.socket = *socket;
  auto database = endpoint(config->database, "database");
  if (!database) return database.error();
  auto redis = endpoint(config->redis, "redis");
  if (!redis) return redis.error();

  auto const secrets = config->home + "/secrets/api/";
  auto database_password = read_secret(secrets + "database.password");
  if (!database_password) return database_password.error();
  auto redis_password = read_secret(secrets + "redis.password");
  if (!redis_password) return redis_password.error();
  auto token_key_text = read_secret(secrets + "token.key");
  if (!token_key_text) return token_key_text.error();
  auto token_key = crypto::Key::from_hex(*token_key_text);
  if (!token_key) return token_key.error().within("read " + secrets + "token.key");

  options.database.connection = "host=" + database->path + " dbname=oriel user=oriel_api";
  options.database.password = *database_password;
  options.database.application_name = "oriel-api";
  options.redis.endpoint = *redis;
  options.redis.user = "api";
  options.redis.password = *redis_password;
  options.token_key = *token_key;
  return options;
}

}  // namespace oriel::api
