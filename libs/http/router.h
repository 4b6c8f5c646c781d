#pragma once

#include <chrono>
#include <cstddef>
#include <functional>
#include <memory>
#include <optional>
#include <string>
#include <string_view>
#include <vector>

#include "libs/http/message.h"

namespace oriel::http {

/// What bounds one route.
struct RouteLimits {
  std::size_t body_bytes = limits::kHttpBodyBytes;
  /// Until the handler returns its Response; streams and upgrades that follow are not bounded by it.
  std::chrono::steady_clock::duration deadline = limits::kHttpHandlerDeadline;
};

using Handler = std::function<Async<Response>(Request)>;

struct Route {
  std::string method;  ///< `GET` also answers HEAD
  std::string path;    ///< `/api/v1/sessions/{id}`; `{rest...}` at the end takes all that is left
  std::string action;  ///< what the guard decides on, as `session.read`; `public` where anyone may
  RouteLimits limits{};
  Handler handle{};
};

/// Which handler answers a request. Literal segments win over parameters, parameters over `{rest...}`.
/// Unknown path: 404; known path, other method: 405 with Allow; an Error or exception inside: a problem.
class Router {
 public:
  /// Decides before the handler: sets request.subject, or answers itself. Both arguments live until it ends.
  using Guard = std::function<Async<std::optional<Response>>(Request& request, Route const& route)>;
  /// Sees every answer before it is sent (security headers, access log). `route` is null for 404 and 405.
  using Finisher = std::function<void(Request const& request, Route const* route, Response& response,
                                      std::chrono::microseconds took)>;

  /// Sees what a route's guard or handler answered, before it is sent, and may wait: what has to be written
  /// down.
  using Witness =
      std::function<Async<>(Request const& request, Route const& route, Response const& response)>;

  Router();
  ~Router();
  Router(Router&&) noexcept;
  Router& operator=(Router&&) noexcept;

  void declare(Route route);
  void declare(std::string method, std::string path, std::string action, Handler handle) {
    declare(Route{std::move(method), std::move(path), std::move(action), {}, std::move(handle)});
  }
  void declare(std::string method, std::string path, std::string action, RouteLimits route_limits,
               Handler handle) {
    declare(Route{std::move(method), std::move(path), std::move(action), route_limits, std::move(handle)});
  }

  void set_guard(Guard guard);
  void set_witness(Witness witness);
  void set_finisher(Finisher finisher);
  /// Answers what no route matches instead of 404 (the web app's pages). It has the action `public`.
  void set_fallback(Handler handle);

  /// kInternal, naming them, when routes lack an action or a handler, are declared twice, or a guard is
  /// missing while any action is not `public`. Server::listen() calls it: such a service does not start.
  [[nodiscard]] Result<> check() const;

  [[nodiscard]] RouteLimits limits_of(std::string_view method, std::string_view path) const;
  [[nodiscard]] Async<Response> handle(Request request);
  [[nodiscard]] std::vector<Route> const& routes() const;

 private:
  struct State;
  std::unique_ptr<State> state_;
};

}  // namespace oriel::http
