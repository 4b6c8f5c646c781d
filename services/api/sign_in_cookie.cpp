#include "services/api/sign_in_cookie.h"

#include "services/api/access.h"

namespace oriel::api {

http::Response slow_down(std::chrono::seconds wait, std::string_view request_id) {
  auto const seconds = std::to_string(wait.count());
  auto response = http::problem(fail(Code::kRateLimited, "Too many attempts. Try again in " + seconds +
                                                             (seconds == "1" ? " second." : " seconds.")),
                                request_id);
  response.headers.set("Retry-After", seconds);
  return response;
}

void give_cookie(http::Response& response, std::string token, std::chrono::seconds lifetime) {
  http::Cookie cookie;
  cookie.name = kCookie;
  cookie.value = std::move(token);
  cookie.max_age = lifetime;
  cookie.same_site = "Strict";
  http::set_cookie(response, cookie);
}

}  // namespace oriel::api
