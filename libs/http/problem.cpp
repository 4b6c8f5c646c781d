#include "libs/base/json.h"
#include "libs/base/limits.h"
#include "libs/base/log.h"
#include "libs/http/message.h"

namespace oriel::http {

namespace {

/// The codes that the web API's contract knows; the finer ones are folded into them.
std::string_view public_code(Code code) {
  switch (code) {
    case Code::kTimeout:
    case Code::kRetry:
      return "unavailable";
    case Code::kTooLarge:
    case Code::kUnsupported:
      return "invalid";
    default:
      return code_text(code);
  }
}

}  // namespace

int status_of(Code code) {
  switch (code) {
    case Code::kInvalid:
      return 400;
    case Code::kUnauthenticated:
      return 401;
    case Code::kForbidden:
      return 403;
    case Code::kNotFound:
      return 404;
    case Code::kConflict:
      return 409;
    case Code::kNoCapacity:
      return 503;
    case Code::kRateLimited:
      return 429;
    case Code::kUnavailable:
      return 503;
    case Code::kTimeout:
      return 504;
    case Code::kRetry:
      return 503;
    case Code::kTooLarge:
      return 413;
    case Code::kUnsupported:
      return 501;
    case Code::kInternal:
      break;
  }
  return 500;
}

Code code_of_status(int status) {
  switch (status) {
    case 401:
      return Code::kUnauthenticated;
    case 403:
      return Code::kForbidden;
    case 404:
    case 410:
      return Code::kNotFound;
    case 408:
    case 504:
      return Code::kTimeout;
    case 409:
    case 412:
      return Code::kConflict;
    case 413:
    case 414:
    case 431:
      return Code::kTooLarge;
    case 429:
      return Code::kRateLimited;
    case 501:
    case 505:
      return Code::kUnsupported;
    case 502:
    case 503:
      return Code::kUnavailable;
    default:
      break;
  }
  return status >= 400 && status < 500 ? Code::kInvalid : Code::kInternal;
}

Response problem(Error const& error, std::string_view request_id) {
  json::Object inner;
  inner["code"] = public_code(error.code);
  if (error.code == Code::kInternal) {
    // What broke inside is for the operator; the request id leads from one to the other.
    log::error("a request failed", {{"request", request_id}, {"reason", error}});
    inner["message"] = "something went wrong on our side; the log of this service names the cause";
  } else {
    inner["message"] = error.message;
  }
  if (!error.fields.empty()) {
    json::Array fields;
    for (auto const& field : error.fields) {
      json::Object one;
      one["pointer"] = field.pointer;
      one["message"] = field.message;
      fields.push_back(std::move(one));
    }
    inner["fields"] = std::move(fields);
  }
  if (!request_id.empty()) inner["request_id"] = request_id;
  json::Object outer;
  outer["error"] = std::move(inner);
  auto response = json_text_response(json::text(outer), status_of(error.code));
  // Of capacity nobody knows when there is some again; what is away is back in seconds.
  if (response.status == 503 && error.code != Code::kNoCapacity)
    response.headers.set("Retry-After", std::to_string(limits::kRetryAfter.count()));
  return response;
}

Error error_of(Response const& response) {
  auto const code = code_of_status(response.status);
  std::string message = std::to_string(response.status) + " " + std::string(status_text(response.status));
  auto const body = json::parse(response.body);
  if (!body || !body->is_object()) {
    if (!response.body.empty() && response.body.size() < 500) message += ": " + response.body;
    return fail(code, std::move(message));
  }
  auto const& object = body->get_object();
  auto const text_at = [](json::Object const& in, std::string_view key) -> std::optional<std::string> {
    auto const* value = in.if_contains(key);
    if (value == nullptr || !value->is_string()) return std::nullopt;
    return std::string(std::string_view(value->get_string()));
  };
  if (auto text = text_at(object, "message")) return fail(code, std::move(*text));  // Docker's
  auto const* inner = object.if_contains("error");
  if (inner == nullptr || !inner->is_object()) return fail(code, std::move(message));
  auto error = fail(code, text_at(inner->get_object(), "message").value_or(message));
  // One status stands for both: a peer that is away, which is asked again, and one that is full, which says
  // so.
  if (response.status == status_of(Code::kNoCapacity) &&
      text_at(inner->get_object(), "code") == code_text(Code::kNoCapacity))
    error.code = Code::kNoCapacity;
  if (auto const* fields = inner->get_object().if_contains("fields");
      fields != nullptr && fields->is_array()) {
    for (auto const& field : fields->get_array()) {
      if (!field.is_object()) continue;
      error.fields.push_back({text_at(field.get_object(), "pointer").value_or(""),
                              text_at(field.get_object(), "message").value_or("")});
    }
  }
  return error;
}

}  // namespace oriel::http
