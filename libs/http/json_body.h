#pragma once

#include "libs/base/json.h"
#include "libs/http/message.h"

namespace oriel::http {

/// A bound value (libs/base/json.h) as the answer's body.
template <typename T>
[[nodiscard]] Response json_response(T const& value, int status = 200) {
  return json_text_response(json::write_text(value), status);
}

/// The request's JSON body as a described struct; kInvalid with every fault, kUnsupported for another content
/// type.
template <typename T>
[[nodiscard]] Result<T> read_json_body(Request const& request,
                                       json::Unknown unknown = json::Unknown::kRefuse) {
  auto const type = request.headers.get("content-type");
  if (type && !type->starts_with("application/json")) {
    return fail(Code::kInvalid, "send the body as application/json");
  }
  return json::parse_as<T>(request.body, unknown);
}

}  // namespace oriel::http
