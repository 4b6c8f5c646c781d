#include "libs/http/message.h"

#include "libs/base/assert.h"
#include "libs/base/text.h"

namespace oriel::http {

std::optional<std::string_view> Headers::get(std::string_view name) const {
  for (auto const& [key, value] : fields_) {
    if (equal_ignoring_case(key, name)) return value;
  }
  return std::nullopt;
}

void Headers::set(std::string_view name, std::string value) {
  remove(name);
  fields_.emplace_back(std::string(name), std::move(value));
}

void Headers::remove(std::string_view name) {
  std::erase_if(fields_, [&](Field const& field) { return equal_ignoring_case(field.first, name); });
}

std::size_t Headers::count(std::string_view name) const {
  std::size_t count = 0;
  for (auto const& field : fields_) count += equal_ignoring_case(field.first, name) ? 1 : 0;
  return count;
}

std::optional<std::string_view> Request::query_value(std::string_view name) const {
  for (auto const& [key, value] : query) {
    if (key == name) return value;
  }
  return std::nullopt;
}

std::string const& Request::parameter(std::string_view name) const {
  auto const found = parameters.find(name);
  ORIEL_ASSERT(found != parameters.end(), name, path);
  return found->second;
}

std::optional<std::string> Request::cookie(std::string_view name) const {
  for (auto const& [key, value] : headers.all()) {
    if (!equal_ignoring_case(key, "cookie")) continue;
    for (auto const pair : split(value, ';')) {
      auto const parts = split(trim(pair), '=', 2);
      if (parts.size() == 2 && parts[0] == name) {
        auto text = parts[1];
        if (text.size() >= 2 && text.starts_with('"') && text.ends_with('"'))
          text = text.substr(1, text.size() - 2);
        return std::string(text);
      }
    }
  }
  return std::nullopt;
}

std::string server_sent_event(std::string_view event, std::string_view data, std::string_view id) {
  std::string text;
  if (!id.empty()) text += "id: " + std::string(id) + "\n";
  if (!event.empty()) text += "event: " + std::string(event) + "\n";
  for (auto line : split(data, '\n')) {
    if (line.ends_with('\r')) line.remove_suffix(1);
    text += "data: ";
    text += line;
    text += '\n';
  }
  text += '\n';
  return text;
}

std::string_view status_text(int status) {
  switch (status) {
    case 100:
      return "Continue";
    case 101:
      return "Switching Protocols";
    case 200:
      return "OK";
    case 201:
      return "Created";
    case 202:
      return "Accepted";
    case 204:
      return "No Content";
    case 206:
      return "Partial Content";
    case 301:
      return "Moved Permanently";
    case 302:
      return "Found";
    case 303:
      return "See Other";
    case 304:
      return "Not Modified";
    case 307:
      return "Temporary Redirect";
    case 308:
      return "Permanent Redirect";
    case 400:
      return "Bad Request";
    case 401:
      return "Unauthorized";
    case 403:
      return "Forbidden";
    case 404:
      return "Not Found";
    case 405:
      return "Method Not Allowed";
    case 406:
      return "Not Acceptable";
    case 408:
      return "Request Timeout";
    case 409:
      return "Conflict";
    case 410:
      return "Gone";
    case 411:
      return "Length Required";
    case 412:
      return "Precondition Failed";
    case 413:
      return "Content Too Large";
    case 414:
      return "URI Too Long";
    case 415:
      return "Unsupported Media Type";
    case 416:
      return "Range Not Satisfiable";
    case 417:
      return "Expectation Failed";
    case 422:
      return "Unprocessable Content";
    case 426:
      return "Upgrade Required";
    case 429:
      return "Too Many Requests";
    case 431:
      return "Request Header Fields Too Large";
    case 500:
      return "Internal Server Error";
    case 501:
      return "Not Implemented";
    case 502:
      return "Bad Gateway";
    case 503:
      return "Service Unavailable";
    case 504:
      return "Gateway Timeout";
    case 505:
      return "HTTP Version Not Supported";
    default:
      return "Unknown";
  }
}

Response text_response(std::string body, int status, std::string content_type) {
  Response response;
  response.status = status;
  response.headers.set("Content-Type", std::move(content_type));
  response.body = std::move(body);
  return response;
}

Response json_text_response(std::string json, int status) {
  auto response = text_response(std::move(json), status, "application/json");
  response.headers.set("Cache-Control", "no-store");
  return response;
}

Response no_content() {
  Response response;
  response.status = 204;
  return response;
}

void set_cookie(Response& response, Cookie const& cookie) {
  std::string text = cookie.name + "=" + cookie.value + "; Path=" + cookie.path;
  if (cookie.max_age) text += "; Max-Age=" + std::to_string(cookie.max_age->count());
  if (cookie.http_only) text += "; HttpOnly";
  if (cookie.secure) text += "; Secure";
  if (!cookie.same_site.empty()) text += "; SameSite=" + cookie.same_site;
  response.headers.add("Set-Cookie", std::move(text));
}

}  // namespace oriel::http
