#include "cli/proxy_configuration.h"

#include <netinet/in.h>
#include <sys/socket.h>

#include "cli/service_containers.h"
#include "libs/base/file_descriptor.h"
#include "libs/base/text.h"

namespace oriel::cli {
namespace {

constexpr char kTemplate[] = {
#include "nginx_conf_template.inc"
};

bool kernel_has_ipv6() {
  FileDescriptor const probe(::socket(AF_INET6, SOCK_STREAM | SOCK_CLOEXEC, 0));
  if (!probe) return false;
  sockaddr_in6 any{};
  any.sin6_family = AF_INET6;
  return ::bind(probe.get(), reinterpret_cast<sockaddr const*>(&any), sizeof any) == 0;
}

}  // namespace

std::vector<std::string> listen_addresses(Installation const& installation) {
  auto const port = std::to_string(installation.port);
  std::vector<std::string> addresses{"0.0.0.0:" + port};
  if (kernel_has_ipv6()) addresses.push_back("[::]:" + port);
  return addresses;
}

std::string proxy_configuration(Installation const& installation, unsigned workers) {
  std::string listen;
  for (auto const& address : listen_addresses(installation))
    listen += "    listen " + address + " ssl http2;\n";
  std::string real_ip;
  for (auto const& one : installation.trusted_proxies) real_ip += "  set_real_ip_from " + one + ";\n";
  real_ip +=
      real_ip.empty() ? "  # none named\n" : "  real_ip_header X-Forwarded-For;\n  real_ip_recursive on;\n";

  std::string api_servers;
  for (auto const& socket : api_sockets(installation))
    api_servers += "    server unix:" + socket + " max_fails=0;\n";

  std::string text(kTemplate, sizeof kTemplate);
  text = replace_all(std::move(text), "@workers@", std::to_string(workers));
  text = replace_all(std::move(text), "@run@", installation.path("run"));
  text = replace_all(std::move(text), "@share@", "/usr/share/oriel");
  text = replace_all(std::move(text), "@listen@\n", listen);
  text = replace_all(std::move(text), "@api_servers@\n", api_servers);
  text = replace_all(std::move(text), "@real_ip@\n", real_ip);
  text = replace_all(std::move(text), "@tls_certificate@", installation.path("tls/server.crt"));
  text = replace_all(std::move(text), "@tls_key@", installation.path("tls/server.key"));
  return text;
}

}  // namespace oriel::cli
