#include "services/setup/options.h"

#include <optional>

#include <boost/describe/class.hpp>

#include "libs/base/file.h"
#include "libs/base/json.h"
#include "libs/base/text.h"
#include "libs/base/uri.h"

namespace oriel::setup {
namespace {

struct Config {
  std::string instance{};
  std::string home{};
  std::string database{};
  std::optional<std::string> zone{};
};
BOOST_DESCRIBE_STRUCT(Config, (), (instance, home, database, zone))

postgres::DatabaseOptions connect_as_postgres(Options const& options, std::string rest) {
  postgres::DatabaseOptions result{.connection = "host=" + options.socket_directory + " user=postgres " +
                                                 std::move(rest)};
  result.password = options.superuser_password;
  result.application_name = "oriel-setup";
  result.connections = 2;
  // A migration may rewrite a table.
  result.statement_deadline = std::chrono::minutes(5);
  return result;
}

}  // namespace

postgres::DatabaseOptions Options::as_superuser() const {
  return connect_as_postgres(*this, "dbname=postgres");
}

postgres::DatabaseOptions Options::as_owner() const {
  auto options = connect_as_postgres(*this, "dbname=oriel");
  options.role = "oriel_owner";
  return options;
}

Result<std::string> Options::read_secret(std::string const& name) const {
  auto text = read_file(home + "/secrets/" + name);
  if (!text) return text.error().within("read the secret " + name);
  return std::string(trim(*text));
}

Result<Options> read_options(std::string const& config_file) {
  auto text = read_file(config_file);
  if (!text) return text.error().within("read the configuration");
  auto config = json::parse_as<Config>(*text, json::Unknown::kIgnore);
  if (!config) return config.error().within("read " + config_file);
  auto database = Endpoint::parse(config->database);
  if (!database) return database.error().within(config_file + ": database");
  Options options;
  options.instance = config->instance;
  options.home = config->home;
  if (config->zone) options.zone = *config->zone;
  options.socket_directory = database->path;
  auto password = options.read_secret("setup/database.password");
  if (!password) return password.error();
  options.superuser_password = *password;
  return options;
}

}  // namespace oriel::setup
