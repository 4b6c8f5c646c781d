#include "cli/installation.h"

#include <algorithm>
#include <array>
#include <regex>

#include <arpa/inet.h>
#include <ifaddrs.h>
#include <net/if.h>
#include <netdb.h>
#include <unistd.h>

#include "libs/base/file.h"
#include "libs/base/json.h"
#include "libs/base/limits.h"
#include "libs/base/scope_exit.h"
#include "libs/base/text.h"

namespace oriel::cli {
namespace {

struct Directory {
  char const* path;
  uid_t user;
  gid_t group;
  mode_t mode;
};

// Sockets inherit the group of a setgid directory: nginx and the agent reach them without anybody's chown.
constexpr std::array kLayout{
    Directory{"", 0, 0, 0711},
    Directory{"ca", 0, users::kManager, 0750},
    Directory{"tls", 0, users::kEdge, 0750},
    Directory{"proxy", 0, 0, 0755},
    Directory{"secrets", 0, 0, 0711},
    Directory{"secrets/setup", 0, 0, 0700},
    Directory{"secrets/api", users::kApi, users::kApi, 0500},
    Directory{"secrets/manager", users::kManager, users::kManager, 0500},
    Directory{"secrets/database", users::kDatabase, users::kDatabase, 0500},
    Directory{"secrets/redis", users::kRedis, users::kRedis, 0500},
    Directory{"runtime", 0, 0, 0755},
    Directory{"agent", users::kAgent, users::kAgent, 0700},
    Directory{"run", 0, 0, 0711},
    Directory{"run/db", users::kDatabase, users::kDatabase, 0711},
    Directory{"run/redis", users::kRedis, users::kRedis, 0711},
    Directory{"run/api", users::kApi, users::kEdge, 02750},
    Directory{"run/manager", users::kManager, users::kEdge, 02750},
    Directory{"run/broker", users::kBroker, users::kAgent, 02750},
    Directory{"run/agent", users::kAgent, users::kAgent, 0700},
    Directory{"run/ctl", users::kBroker, users::kAgent, 0711},
#if defined(ORIEL_FAILPOINTS)
    Directory{"failpoints", 0, 0, 0777},
#endif
    Directory{"run/pub", users::kAgent, users::kEdge, 0710},
};

bool is_container_interface(std::string_view name) {
  return name.starts_with("docker") || name.starts_with("br-") || name.starts_with("veth") ||
         name.starts_with("orl");
}

void add_once(std::vector<std::string>& list, std::string text) {
  if (!text.empty() && std::ranges::find(list, text) == list.end()) list.push_back(std::move(text));
}

}  // namespace

HostNames host_names() {
  HostNames found{{"localhost"}, {"127.0.0.1", "::1"}};
  std::array<char, 256> name{};
  if (::gethostname(name.data(), name.size() - 1) == 0) add_once(found.names, lower_ascii(name.data()));
  ifaddrs* list = nullptr;
  if (::getifaddrs(&list) != 0) return found;
  ScopeExit const release([list] { ::freeifaddrs(list); });
  for (auto const* one = list; one != nullptr; one = one->ifa_next) {
    if (one->ifa_addr == nullptr || (one->ifa_flags & IFF_UP) == 0 || is_container_interface(one->ifa_name))
      continue;
    std::array<char, INET6_ADDRSTRLEN> text{};
    if (one->ifa_addr->sa_family == AF_INET) {
      auto const* const v4 = reinterpret_cast<sockaddr_in const*>(one->ifa_addr);
      ::inet_ntop(AF_INET, &v4->sin_addr, text.data(), text.size());
      add_once(found.addresses, text.data());
    } else if (one->ifa_addr->sa_family == AF_INET6) {
      auto const* const v6 = reinterpret_cast<sockaddr_in6 const*>(one->ifa_addr);
      if (IN6_IS_ADDR_LINKLOCAL(&v6->sin6_addr)) continue;
      ::inet_ntop(AF_INET6, &v6->sin6_addr, text.data(), text.size());
      add_once(found.addresses, text.data());
    }
  }
  return found;
}

std::string host_of_url(std::string const& url) {
  static std::regex const form(R"(https?://(\[[0-9A-Fa-f:.]+\]|[A-Za-z0-9.-]+)(:[0-9]{1,5})?/?)");
  std::smatch match;
  if (!std::regex_match(url, match, form)) return {};
  auto host = match[1].str();
  if (host.front() == '[') host = host.substr(1, host.size() - 2);
  return host;
}

std::string default_home(std::string const& instance) {
  return instance == "oriel" ? "/var/lib/oriel" : "/var/lib/oriel-" + instance;
}

void settle(Installation& installation) {
  auto const socket = [&installation](char const* below) { return "unix:" + installation.path(below); };
  installation.database = socket("run/db");
  installation.redis = socket("run/redis/redis.sock");
  installation.manager = socket("run/manager/manager.sock");
  installation.broker = socket("run/broker/broker.sock");
  installation.api = socket("run/api/api.sock");
  installation.agent = socket("run/agent/agent.sock");

  auto const port = installation.port == 443 ? std::string() : ":" + std::to_string(installation.port);
  std::vector<std::string> addresses{installation.local_url()};
  if (installation.port == 443) add_once(addresses, "https://127.0.0.1");
  for (auto& url : installation.public_urls) {
    while (!url.empty() && url.back() == '/') url.pop_back();
    add_once(addresses, url);
  }
  auto const host = host_names();
  for (auto const& name : host.names) add_once(addresses, "https://" + name + port);
  for (auto const& address : host.addresses) {
    bool const v6 = address.find(':') != std::string::npos;
    add_once(addresses, "https://" + (v6 ? "[" + address + "]" : address) + port);
  }
  installation.addresses = std::move(addresses);
}

Result<> set_scale(Scale& scale, std::string const& words) {
  auto const equals = words.find('=');
  auto const count = equals == std::string::npos ? std::optional<std::int64_t>()
                                                 : parse_integer(std::string_view(words).substr(equals + 1));
  if (!count || *count < 1 || *count > Scale::kMost || words.substr(0, equals) != "api") {
    return fail(Code::kInvalid,
                "--scale: api=N with N from 1 to " + std::to_string(Scale::kMost) + ", not " + words);
  }
  scale.api = *count;
  return {};
}

Result<> check(Installation const& installation) {
  static std::regex const instance_form("[a-z][a-z0-9-]{0,19}");
  static std::regex const cidr_form(R"([0-9A-Fa-f:.]+(/[0-9]{1,3})?)");
  if (!std::regex_match(installation.instance, instance_form) || installation.instance.back() == '-') {
    return fail(Code::kInvalid, "--instance: 1 to 20 of a-z, 0-9 and -, beginning with a letter");
  }
  auto const& home = installation.home;
  static std::regex const home_form("(/[A-Za-z0-9._-]+)+");
  if (!std::regex_match(home, home_form) || home.find("/..") != std::string::npos) {
    return fail(Code::kInvalid, "--home: an absolute path of letters, digits, dots, dashes and underscores");
  }
  // The longest socket: a stream socket while it is made, or a control socket.
  std::string const id(32, 'f');
  auto const longest =
      std::max(home + "/run/pub/" + id + ".sock.new", home + "/run/ctl/" + id + "/control.sock.new",
               [](auto const& left, auto const& right) { return left.size() < right.size(); });
  if (longest.size() > limits::kUnixPathBytes) {
    auto const excess = longest.size() - limits::kUnixPathBytes;
    return fail(Code::kInvalid, "--home " + home + " is " + std::to_string(excess) +
                                    " characters too long: unix sockets below it would pass " +
                                    std::to_string(limits::kUnixPathBytes) + " bytes");
  }
  if (installation.scale.api < 1 || installation.scale.api > Scale::kMost) {
    return fail(Code::kInvalid, "config.json: scale: api is 1 to " + std::to_string(Scale::kMost));
  }
  if (installation.port < 1 || installation.port > 65535) return fail(Code::kInvalid, "--port: 1 to 65535");
  for (auto const& url : installation.public_urls) {
    if (host_of_url(url).empty() || !url.starts_with("https://"))
      return fail(Code::kInvalid, "--public-url: https://name[:port], without a path, not " + url);
  }
  for (auto const& one : installation.trusted_proxies) {
    if (!std::regex_match(one, cidr_form))
      return fail(Code::kInvalid, "--trusted-proxy: an address or a CIDR, not " + one);
  }
  return {};
}

Result<Installation> read_installation(std::string const& home) {
  auto const text = read_file(home + "/config.json");
  if (!text) {
    if (text.error().code != Code::kNotFound) return text.error().within("read the installation at " + home);
    return fail(Code::kNotFound, "there is no installation at " + home);
  }
  auto installation = json::parse_as<Installation>(*text, json::Unknown::kIgnore);
  if (!installation) return installation.error().within("read " + home + "/config.json");
  return installation;
}

Result<bool> write_installation(Installation const& installation) {
  auto const text = json::write_text(installation) + "\n";
  auto const before = read_file(installation.config_path());
  if (before && *before == text) return false;
  auto const written = write_file(installation.config_path(), text, {0644, 0, 0});
  if (!written) return written.error();
  return true;
}

Result<> make_layout(Installation const& installation) {
  for (auto const& one : kLayout) {
    auto const path = *one.path == '\0' ? installation.home : installation.path(one.path);
    auto const made = make_directory(path, {one.mode, one.user, one.group});
    if (!made) return made.error().within("make " + path);
  }
  return {};
}

}  // namespace oriel::cli
