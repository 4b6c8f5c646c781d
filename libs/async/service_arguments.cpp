#include "libs/async/service_arguments.h"

#include <utility>

#include <CLI/CLI.hpp>

#include "libs/base/log.h"
#include "libs/base/version.h"

namespace oriel {

struct ServiceArguments::State {
  explicit State(std::string service, std::string description)
      : name(std::move(service)), app(std::move(description), name) {}

  std::string name;
  CLI::App app;
  std::string config{};
  std::string level = "info";
};

ServiceArguments::ServiceArguments(std::string name, std::string description)
    : state_(std::make_unique<State>(std::move(name), std::move(description))) {
  state_->app.add_option("--config", state_->config, "config.json of the installation")->required();
  state_->app.add_option("--log-level", state_->level, "least important lines to write")
      ->check(CLI::IsMember({"debug", "info", "warning", "error"}));
  state_->app.set_version_flag("--version", version_line(state_->name));
}

ServiceArguments::~ServiceArguments() = default;

void ServiceArguments::option(std::string const& name, std::string& into, std::string const& help) {
  state_->app.add_option(name, into, help);
}

std::optional<int> ServiceArguments::read(int argument_count, char** arguments) {
  try {
    state_->app.parse(argument_count, arguments);
  } catch (CLI::ParseError const& error) {
    return state_->app.exit(error) == 0 ? 0 : 2;
  }
  log::configure(state_->name, log::level_from_text(state_->level));
  return std::nullopt;
}

std::string const& ServiceArguments::config() const { return state_->config; }

}  // namespace oriel
