#pragma once

#include <chrono>
#include <string>
#include <string_view>

#include "libs/http/message.h"

namespace oriel::api {

/// Sets the sign-in's cookie; a lifetime of zero removes it.
void give_cookie(http::Response& response, std::string token, std::chrono::seconds lifetime);
/// 429: too many attempts at a password, with Retry-After.
[[nodiscard]] http::Response slow_down(std::chrono::seconds wait, std::string_view request_id);

}  // namespace oriel::api
