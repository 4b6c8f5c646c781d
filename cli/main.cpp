// oriel: the operator's command. Each sub-command is one source beside this file.

#include <cstdio>
#include <cstdlib>

#include <CLI/CLI.hpp>

#include "cli/commands.h"
#include "cli/installation.h"
#include "libs/base/version.h"

namespace {

int finish(oriel::Result<int> const& outcome) {
  if (outcome) return *outcome;
  std::fprintf(stderr, "oriel: %s\n", outcome.error().message.c_str());
  return 1;
}

}  // namespace

int main(int argument_count, char** arguments) {
  using namespace oriel::cli;
  CLI::App app(
      "Oriel streams desktops and applications from containers to any browser.\nThis command runs an "
      "installation on this host.",
      "oriel");
  app.set_version_flag("--version", oriel::version_line("oriel"));
  app.require_subcommand(1);

  std::string instance = std::getenv("ORIEL_INSTANCE") != nullptr ? std::getenv("ORIEL_INSTANCE") : "oriel";
  std::string home;
  auto const common = [&](CLI::App* command) {
    command->add_option("--instance", instance, "name of the installation; several live side by side")
        ->capture_default_str();
    command->add_option("--home", home, "its directory (/var/lib/oriel, or /var/lib/oriel-INSTANCE)");
    return command;
  };

  UpOptions up_options;
  long port = 0;
  std::vector<std::string> public_urls;
  std::vector<std::string> trusted_proxies;
  auto* const up_command =
      common(app.add_subcommand("up", "start, or bring up to date; ends with address and credentials"));
  auto* const port_option = up_command->add_option("--port", port, "port that browsers use (8443)");
  auto* const url_option = up_command->add_option(
      "--public-url", public_urls, "https://… as browsers see it behind your own proxy; may be repeated");
  auto* const proxy_option =
      up_command->add_option("--trusted-proxy", trusted_proxies,
                             "CIDR of your own proxy, whose X-Forwarded-For is believed; may be repeated");
  auto* const certificate_option =
      up_command->add_option("--cert", up_options.certificate, "PEM certificate (chain) for browsers");
  auto* const key_option = up_command->add_option("--key", up_options.key, "its PEM private key");
  certificate_option->needs(key_option);
  key_option->needs(certificate_option);
  up_command->add_option("--scale", up_options.scale,
                         "SERVICE=N: so many instances of it, until told otherwise (api=2); may be repeated");
  up_command->add_option("--services-image", up_options.services_image,
                         "image of the services, as deploy/services/build.sh printed it");
  up_command->add_option("--runtime", up_options.runtime,
                         "hash of the runtime tree for new sessions, as images/runtime.sh printed it");
  up_command->add_option("--images", up_options.images, "file that images/build.sh --json wrote");
  up_command->add_option("--docker-socket", up_options.docker_socket, "socket of the Docker daemon");

  DownOptions down_options;
  auto* const down_command = common(app.add_subcommand("down", "stop the services; sessions run on"));
  down_command->add_flag("--sessions", down_options.sessions, "end sessions, too");
  down_command->add_flag(
      "--purge", down_options.purge,
      "remove everything of the instance: containers, networks, volumes, firewall tables, data");

  StatusOptions status_options;
  auto* const status_command =
      common(app.add_subcommand("status", "services, servers and sessions; exit code 0 only when healthy"));
  status_command->add_flag("--json", status_options.json, "as JSON");

  LogsOptions logs_options;
  auto* const logs_command = common(app.add_subcommand("logs", "what the services wrote"));
  logs_command->add_option(
      "service", logs_options.service,
      "db redis manager broker agent api proxy, or one instance as api-2; all when absent");
  logs_command->add_flag("-f,--follow", logs_options.follow, "go on");
  logs_command->add_option("-n,--lines", logs_options.lines, "lines from the end")->capture_default_str();

  DoctorOptions doctor_options;
  auto* const doctor_command =
      common(app.add_subcommand("doctor", "look for what is wrong, and say how to mend it"));
  doctor_command->add_flag("--json", doctor_options.json, "as JSON");

  CLI11_PARSE(app, argument_count, arguments);

  auto const home_or_default = home.empty() ? default_home(instance) : home;
  if (up_command->parsed()) {
    up_options.instance = instance;
    up_options.home = home_or_default;
    if (port_option->count() > 0) up_options.port = port;
    if (url_option->count() > 0) up_options.public_urls = public_urls;
    if (proxy_option->count() > 0) up_options.trusted_proxies = trusted_proxies;
    return finish(up(up_options));
  }
  if (down_command->parsed()) {
    down_options.home = home_or_default;
    return finish(down(down_options));
  }
  if (status_command->parsed()) {
    status_options.home = home_or_default;
    return finish(status(status_options));
  }
  if (logs_command->parsed()) {
    logs_options.home = home_or_default;
    return finish(logs(logs_options));
  }
  doctor_options.home = home_or_default;
  return finish(doctor(doctor_options));
}
