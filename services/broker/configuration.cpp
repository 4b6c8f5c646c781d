#include "services/broker/configuration.h"

#include <regex>

#include <boost/describe/class.hpp>

#include "libs/base/file.h"
#include "libs/base/json.h"

namespace oriel::broker {
namespace {

struct ConfigurationFile {
  static constexpr bool kAbsentKeepsDefault = true;
  std::string instance{};
  std::string home{};
  std::string broker{};
  std::string docker_socket = "/var/run/docker.sock";
  std::string network_pool = "10.213.0.0/16";
  std::string seccomp{};
};
BOOST_DESCRIBE_STRUCT(ConfigurationFile, (), (instance, home, broker, docker_socket, network_pool, seccomp))

}  // namespace

Result<Configuration> read_configuration(std::string const& path) {
  auto const text = read_file(path);
  if (!text) return text.error().within("read the configuration");
  auto const file = json::parse_as<ConfigurationFile>(*text, json::Unknown::kIgnore);
  if (!file) return file.error().within("read " + path);

  static std::regex const instance_form("[a-z][a-z0-9-]{0,19}");
  if (!std::regex_match(file->instance, instance_form)) {
    return fail(Code::kInvalid, path + ": instance must match [a-z][a-z0-9-]{0,19}");
  }
  if (file->home.empty() || file->home.front() != '/')
    return fail(Code::kInvalid, path + ": home must be absolute");

  Configuration configuration;
  configuration.instance = file->instance;
  configuration.home = file->home;
  configuration.docker_socket = file->docker_socket;
  configuration.network_pool = file->network_pool;
  configuration.seccomp = file->seccomp;
  auto const default_socket = "unix:" + file->home + "/run/broker/broker.sock";
  auto const endpoint = Endpoint::parse(file->broker.empty() ? default_socket : file->broker);
  if (!endpoint) return endpoint.error().within(path + ": broker");
  configuration.listen = *endpoint;
  return configuration;
}

}  // namespace oriel::broker
