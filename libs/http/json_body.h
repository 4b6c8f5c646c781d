#pragma once

#include "libs/base/json.h"
#include "libs/http/message.h"

namespace oriel::http {

/// A bound value (libs/base/json.h) as the answer's body.
template <typename T>
[[nodiscard]] Response json_response(T const& value, int status = 200) {
  return json_text_response(json::write_text(value), status);
}

/// The request's JSON body as a described struct; kInvalid with every fault, also for another
/// content type and for texts with U+0000.
template <typename T>
[[nodiscard]] Result<T> read_json_body(Request const& request,
                                       json::Unknown unknown = json::Unknown::kRefuse) {
  auto const type = request.headers.get("content-type");
  if (type && type != "application/json" && !type->starts_with("application/json;")) {
    return fail(Code::kInvalid, "send the body as application/json");
  }
  auto const value = json::parse(request.body);
  if (!value) return value.error();
  if (auto const pointer = json::find_nul(*value)) {
    return Error{
        Code::kInvalid, "some fields are not right", {{*pointer, "must not hold the character U+0000"}}};
  }
  return json::read<T>(*value, unknown);
}

}  // namespace oriel::http
