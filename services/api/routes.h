#pragma once

#include <string>
#include <utility>

#include "libs/http/router.h"
#include "protocol/authorization/route.h"

namespace oriel::api {

/// The API's router as its parts see it: takes only routes that the authorization matrix knows.
class Routes {
 public:
  explicit Routes(http::Router& router) : router_(router) {}

  void declare(protocol::authorization::ApiRoute route, http::Handler handle) {
    declare(route, http::RouteLimits(), std::move(handle));
  }
  void declare(protocol::authorization::ApiRoute route, http::RouteLimits limits, http::Handler handle) {
    router_.declare(std::string(route.method()), std::string(route.path()), std::string(route.action()),
                    limits, std::move(handle));
  }
  /// Pages and files: what no route matches.
  void set_fallback(http::Handler handle) { router_.set_fallback(std::move(handle)); }

 private:
  http::Router& router_;
};

}  // namespace oriel::api
