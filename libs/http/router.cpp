#include "libs/http/router.h"

#include <algorithm>
#include <set>

#include <boost/asio/error.hpp>
#include <boost/system/system_error.hpp>

#include "libs/async/deadline.h"
#include "libs/base/log.h"
#include "libs/base/text.h"

namespace oriel::http {

namespace {

struct Segment {
  enum class Kind { kLiteral, kParameter, kRest };
  Kind kind;
  std::string text;
};

std::vector<Segment> segments_of(std::string_view pattern) {
  std::vector<Segment> segments;
  for (auto const piece : split(pattern.substr(1), '/')) {
    if (piece.starts_with('{') && piece.ends_with("...}")) {
      segments.push_back({Segment::Kind::kRest, std::string(piece.substr(1, piece.size() - 5))});
    } else if (piece.starts_with('{') && piece.ends_with('}')) {
      segments.push_back({Segment::Kind::kParameter, std::string(piece.substr(1, piece.size() - 2))});
    } else {
      segments.push_back({Segment::Kind::kLiteral, std::string(piece)});
    }
  }
  return segments;
}

using Values = std::map<std::string, std::string, std::less<>>;

std::optional<Values> match(std::vector<Segment> const& pattern, std::string_view path) {
  Values values;
  auto rest = path.substr(1);
  bool more = true;
  for (auto const& segment : pattern) {
    if (!more) return std::nullopt;
    if (segment.kind == Segment::Kind::kRest) {
      values[segment.text] = std::string(rest);
      return values;
    }
    auto const slash = rest.find('/');
    auto const piece = rest.substr(0, slash);
    more = slash != std::string_view::npos;
    rest = more ? rest.substr(slash + 1) : std::string_view();
    if (segment.kind == Segment::Kind::kLiteral) {
      if (piece != segment.text) return std::nullopt;
    } else {
      if (piece.empty()) return std::nullopt;
      values[segment.text] = std::string(piece);
    }
  }
  if (more) return std::nullopt;
  return values;
}

/// True when `left` is the more exact of two patterns that match one path.
bool more_exact(std::vector<Segment> const& left, std::vector<Segment> const& right) {
  for (std::size_t i = 0; i < std::min(left.size(), right.size()); ++i) {
    if (left[i].kind != right[i].kind) return left[i].kind < right[i].kind;
  }
  return left.size() > right.size();
}

/// A bug in a handler costs its request, not the connection.
Async<Result<Response>> as_result(Async<Response> work) {
  try {
    auto response = co_await std::move(work);
    co_return response;
  } catch (boost::system::system_error const& error) {
    if (error.code() == boost::asio::error::operation_aborted) throw;
    co_return fail(Code::kInternal, error.what());
  } catch (std::exception const& error) {
    co_return fail(Code::kInternal, error.what());
  }
}

}  // namespace

struct Router::State {
  struct Found {
    Route const* route = nullptr;
    Values values{};
    std::set<std::string> other_methods{};
  };

  Found find(std::string_view method, std::string_view path) const {
    Found found;
    std::vector<Segment> const* best = nullptr;
    for (std::size_t i = 0; i < routes.size(); ++i) {
      auto values = match(patterns[i], path);
      if (!values) continue;
      auto const& route = routes[i];
      if (route.method != method && !(method == "HEAD" && route.method == "GET")) {
        found.other_methods.insert(route.method);
        if (route.method == "GET") found.other_methods.insert("HEAD");
        continue;
      }
      if (best != nullptr && !more_exact(patterns[i], *best)) continue;
      best = &patterns[i];
      found.route = &route;
      found.values = std::move(*values);
    }
    return found;
  }

  std::vector<Route> routes;
  std::vector<std::vector<Segment>> patterns;
  Guard guard;
  Witness witness;
  Finisher finisher;
  Route fallback{"*", "/{rest...}", "public", {}, {}};
};

Router::Router() : state_(std::make_unique<State>()) {}
Router::~Router() = default;
Router::Router(Router&&) noexcept = default;
Router& Router::operator=(Router&&) noexcept = default;

void Router::declare(Route route) {
  state_->patterns.push_back(segments_of(route.path.starts_with('/') ? route.path : "/" + route.path));
  state_->routes.push_back(std::move(route));
}

void Router::set_guard(Guard guard) { state_->guard = std::move(guard); }
void Router::set_witness(Witness witness) { state_->witness = std::move(witness); }
void Router::set_finisher(Finisher finisher) { state_->finisher = std::move(finisher); }
void Router::set_fallback(Handler handle) { state_->fallback.handle = std::move(handle); }

Result<> Router::check() const {
  std::vector<std::string> faults;
  std::set<std::pair<std::string, std::string>> seen;
  bool guarded = false;
  for (std::size_t i = 0; i < state_->routes.size(); ++i) {
    auto const& route = state_->routes[i];
    auto const name = route.method + " " + route.path;
    if (route.action.empty()) faults.push_back(name + " declares no action");
    if (!route.handle) faults.push_back(name + " has no handler");
    if (!route.path.starts_with('/')) faults.push_back(name + " does not begin with a slash");
    guarded = guarded || (!route.action.empty() && route.action != "public");
    std::string shape;
    for (auto const& segment : state_->patterns[i]) {
      shape += '/';
      shape += segment.kind == Segment::Kind::kLiteral ? segment.text
               : segment.kind == Segment::Kind::kRest  ? "{...}"
                                                       : "{}";
    }
    if (!seen.emplace(route.method, shape).second) faults.push_back(name + " is declared twice");
  }
  if (guarded && !state_->guard) faults.emplace_back("there are actions to decide on, but no guard");
  if (!faults.empty()) return fail(Code::kInternal, "routes: " + join(faults, "; "));
  return {};
}

RouteLimits Router::limits_of(std::string_view method, std::string_view path) const {
  auto const found = state_->find(method, path);
  if (found.route != nullptr) return found.route->limits;
  // What no route takes needs no body.
  return {.body_bytes = 64 * 1024, .deadline = state_->fallback.limits.deadline};
}

std::vector<Route> const& Router::routes() const { return state_->routes; }

Async<Response> Router::handle(Request request) {
  auto const begin = std::chrono::steady_clock::now();
  auto found = state_->find(request.method, request.path);
  auto const* route = found.route;
  if (route == nullptr && found.other_methods.empty() && state_->fallback.handle) route = &state_->fallback;
  Response response;
  if (route != nullptr) {
    request.parameters = std::move(found.values);
    request.action = route->action;
    std::optional<Response> refused;
    if (state_->guard) {
      auto deciding = state_->guard(request, *route);
      refused = co_await std::move(deciding);
    }
    if (refused) {
      response = std::move(*refused);
    } else {
      // The finisher wants to see the request after the handler took its copy.
      auto body = std::move(request.body);
      auto copy = request;
      copy.body = std::move(body);
      auto working = as_result(route->handle(std::move(copy)));
      auto outcome = co_await with_deadline(std::move(working), route->limits.deadline,
                                            route->method + " " + route->path);
      response = outcome ? std::move(*outcome) : problem(outcome.error(), request.id);
    }
    if (state_->witness && found.route != nullptr) {
      auto seeing = state_->witness(request, *route, response);
      co_await std::move(seeing);
    }
  } else if (!found.other_methods.empty()) {
    response = problem(fail(Code::kUnsupported, request.method + " is not possible here"), request.id);
    response.status = 405;
    std::vector<std::string> const allowed(found.other_methods.begin(), found.other_methods.end());
    response.headers.set("Allow", join(allowed, ", "));
  } else {
    response = problem(fail(Code::kNotFound, "nothing is at " + request.path), request.id);
  }
  if (state_->finisher) {
    auto const took =
        std::chrono::duration_cast<std::chrono::microseconds>(std::chrono::steady_clock::now() - begin);
    state_->finisher(request, found.route, response, took);
  }
  co_return response;
}

}  // namespace oriel::http
