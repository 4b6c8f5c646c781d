// oriel-api decides who may do what and writes what people want. Where to read on:
//   options.h              configuration and secrets          access.h            who asks; the guard before
//   every route sign_in_routes.h       sign-in, links                     sign_in_throttle.h  how fast
//   somebody may guess workspace_routes.h, session_routes.h, admin_routes.h      the web app's own API;
//   views.h: its shapes event_routes.h         the event stream                   event_hub.h         what
//   changed, told to the streams stream_authorization.h the proxy's question               pages.h pages and
//   files public_api.h           the compatible API                 api.h               all of it, wired;
//   finish.cpp: headers, log
#include <cstdio>
#include <string>
#include <string_view>
#include <utility>

#include "libs/async/service.h"
#include "libs/base/log.h"
#include "libs/base/version.h"
#include "services/api/api.h"
#include "services/api/options.h"

namespace {

constexpr char kHelp[] =
    "oriel-api: the web app, its API and the public API.\n"
    "  --config FILE      config.json of the installation\n"
    "  --log-level LEVEL  debug, info, warning or error\n"
    "  --help, --version\n";

oriel::Async<oriel::Result<>> run(oriel::Service& service, oriel::api::Options options,
                                  oriel::api::WebFiles files) {
  oriel::api::Api api(service.executor(), std::move(options), std::move(files));
  auto started = api.start();
  if (started) co_await service.until_stop();
  co_await api.stop();
  co_return started;
}

}  // namespace

int main(int argc, char** argv) {
  std::string config;
  std::string level = "info";
  for (int i = 1; i < argc; ++i) {
    std::string_view const word = argv[i];
    if (word == "--help") return std::fputs(kHelp, stdout), 0;
    if (word == "--version") return std::puts(oriel::version_line("oriel-api").c_str()), 0;
    std::string* const value = word == "--config" ? &config : word == "--log-level" ? &level : nullptr;
    if (value == nullptr || i + 1 == argc) return std::fputs(kHelp, stderr), 2;
    *value = argv[++i];
  }
  oriel::log::configure("oriel-api", oriel::log::level_from_text(level));
  auto options = oriel::api::read_options(config);
  if (!options) {
    oriel::log::error("cannot start", {{"error", options.error()}});
    return 1;
  }
  auto files = oriel::api::WebFiles::load(options->web_root);
  if (!files) {
    oriel::log::error("cannot start", {{"error", files.error()}});
    return 1;
  }
  return oriel::run_service({.name = "oriel-api"},
                            [&](oriel::Service& service) { return run(service, *options, *files); });
}
