// oriel-api decides who may do what and writes what people want. Where to read on:
//   options.h               configuration and secrets
//   access.h                who asks; the guard of every route
//   sign_in_routes.h        sign-in and links; sign_in_throttle.h: how fast somebody may guess
//   workspace_routes.h, session_routes.h, admin_routes.h: the web app's own API; views.h: its shapes
//   session_administration.h, server_administration.h, server_log_routes.h: what administrators do
//   event_routes.h          the event stream; event_hub.h: what changed, told to the streams
//   stream_authorization.h  the proxy's question
//   pages.h                 pages and files
//   public_api.h            the compatible API
//   api.h                   all of it, wired; finish.cpp: headers, log
#include <string>
#include <utility>

#include "libs/async/service.h"
#include "libs/async/service_arguments.h"
#include "libs/base/log.h"
#include "services/api/api.h"
#include "services/api/options.h"

namespace {

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
  oriel::ServiceArguments arguments("oriel-api", "The web app, its API and the public API.");
  std::string socket;
  arguments.option("--socket", socket,
                   "unix:PATH to listen on instead of config.json's, for a further instance");
  if (auto const ended = arguments.read(argc, argv)) return *ended;
  auto options = oriel::api::read_options(arguments.config(), socket);
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
