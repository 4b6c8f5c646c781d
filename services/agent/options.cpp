#include "services/agent/options.h"

#include <array>
#include <vector>

#include <boost/describe/class.hpp>
#include <unistd.h>

#include "libs/base/file.h"
#include "libs/base/json.h"

namespace oriel::agent {
namespace {

/// The members of config.json that the agent needs.
struct Config {
  std::string home{};
  std::vector<std::string> addresses{};
  std::string manager{};
  std::string broker{};
  std::string agent{};
};
BOOST_DESCRIBE_STRUCT(Config, (), (home, addresses, manager, broker, agent))

std::string own_hostname() {
  std::array<char, 256> name{};
  if (::gethostname(name.data(), name.size() - 1) != 0) return "localhost";
  return name.data();
}

}  // namespace

Result<Options> read_options(std::string const& config_file) {
  auto text = read_file(config_file);
  if (!text) return text.error().within("read the configuration");
  auto config = json::parse_as<Config>(*text, json::Unknown::kIgnore);
  if (!config) return config.error().within("read " + config_file);

  Options options;
  options.state_directory = config->home + "/agent";
  options.control_directory = config->home + "/run/ctl";
  options.public_directory = config->home + "/run/pub";
  options.disk_path = config->home;
  options.hostname = own_hostname();
  if (!config->addresses.empty()) options.address = config->addresses.front();

  auto manager = Endpoint::parse(config->manager);
  if (!manager) return manager.error().within(config_file + ": manager");
  auto broker = Endpoint::parse(config->broker);
  if (!broker) return broker.error().within(config_file + ": broker");
  auto health = Endpoint::parse(config->agent);
  if (!health) return health.error().within(config_file + ": agent");
  options.manager = *manager;
  options.broker = *broker;
  options.health = *health;
  return options;
}

}  // namespace oriel::agent
