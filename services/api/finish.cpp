#include "libs/base/log.h"
#include "services/api/api.h"

namespace oriel::api {
namespace {

/// Pages and what they load, workers included: scripts and WebAssembly of our own, connections to ourselves,
/// nothing else.
constexpr std::string_view kPagePolicy =
    "default-src 'none'; script-src 'self' 'wasm-unsafe-eval'; style-src 'self'; connect-src 'self'; img-src "
    "'self' blob: data:; "
    "font-src 'self'; worker-src 'self'; base-uri 'none'; form-action 'self'; frame-ancestors 'none'";
constexpr std::string_view kDataPolicy = "default-src 'none'; frame-ancestors 'none'";

void set_if_absent(http::Headers& headers, std::string_view name, std::string_view value) {
  if (!headers.get(name)) headers.set(name, std::string(value));
}

}  // namespace

void finish(http::Request const& request, http::Route const* route, http::Response& response,
            std::chrono::microseconds took) {
  auto& headers = response.headers;
  auto const is_api = request.path.starts_with("/api/") || request.path.starts_with("/internal/");
  headers.set("X-Request-Id", request.id);
  set_if_absent(headers, "X-Content-Type-Options", "nosniff");
  set_if_absent(headers, "Referrer-Policy", "same-origin");
  set_if_absent(headers, "Cross-Origin-Opener-Policy", "same-origin");
  set_if_absent(headers, "Cross-Origin-Resource-Policy", "same-origin");
  set_if_absent(headers, "Content-Security-Policy", is_api ? kDataPolicy : kPagePolicy);
  set_if_absent(headers, "Permissions-Policy",
                "camera=(), geolocation=(), microphone=(), payment=(), usb=(), clipboard-read=(self), "
                "clipboard-write=(self), "
                "fullscreen=(self)");
  if (is_api) set_if_absent(headers, "Cache-Control", "no-store");

  auto const& identity = identity_of(request);
  std::string who;
  if (identity.subject.kind == domain::Subject::Kind::kUser) who = identity.subject.user.text();
  if (identity.subject.kind == domain::Subject::Kind::kApiKey) who = "key " + identity.subject.api_key.text();
  // What is asked all the time and says nothing is for debugging only.
  auto const quiet = request.path == "/live" || request.path == "/ready" ||
                     request.path == "/internal/authorize" || request.path.starts_with("/assets/") ||
                     request.path.starts_with("/client/");
  auto const level = response.status >= 500 ? log::Level::kError
                     : quiet                ? log::Level::kDebug
                                            : log::Level::kInfo;
  log::write(level, "request",
             {{"method", request.method},
              {"path", request.path},
              {"status", response.status},
              {"microseconds", took.count()},
              {"request", request.id},
              {"action", route == nullptr ? std::string_view("none") : std::string_view(route->action)},
              {"who", who},
              {"address", identity.address}});
}

}  // namespace oriel::api
