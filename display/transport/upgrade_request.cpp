#include "display/transport/upgrade_request.h"

#include <algorithm>
#include <array>

#include "display/transport/sha1.h"
#include "libs/base/text.h"

namespace oriel::display {

namespace {

constexpr std::string_view kGuid = "258EAFA5-E914-47DA-95CA-C5AB0DC85B11";  // RFC 6455 section 1.3

Error invalid(std::string message) { return fail(Code::kInvalid, std::move(message)); }

bool is_token(std::string_view text) {
  return !text.empty() && std::all_of(text.begin(), text.end(), [](char c) {
    return (c >= 'a' && c <= 'z') || (c >= 'A' && c <= 'Z') || (c >= '0' && c <= '9') ||
           std::string_view("!#$%&'*+-.^_`|~").find(c) != std::string_view::npos;
  });
}

bool is_viewer(std::string_view text) {
  return text.size() == 32 && std::all_of(text.begin(), text.end(), [](char c) {
           return (c >= '0' && c <= '9') || (c >= 'a' && c <= 'f');
         });
}

bool has_word(std::string_view list, std::string_view word) {
  for (auto const piece : split(list, ','))
    if (equal_ignoring_case(trim(piece), word)) return true;
  return false;
}

Result<Route> route_of(std::string_view path) {
  auto const slash = path.rfind('/');
  auto const name = slash == std::string_view::npos ? path : path.substr(slash + 1);
  if (name == "display") return Route::kDisplay;
  if (name == "input") return Route::kInput;
  if (name == "clipboard") return Route::kClipboard;
  return fail(Code::kNotFound, "no such stream");
}

Result<std::optional<std::uint32_t>> query_number(std::string_view query, std::string_view name) {
  for (auto const pair : split(query, '&')) {
    auto const equals = pair.find('=');
    if (pair.substr(0, equals) != name || equals == std::string_view::npos) continue;
    auto const number = parse_integer(pair.substr(equals + 1));
    if (!number || *number < 0 || *number > UINT32_MAX)
      return invalid("query " + std::string(name) + " is no 32-bit number");
    return std::optional(static_cast<std::uint32_t>(*number));
  }
  return std::optional<std::uint32_t>();
}

}  // namespace

void UpgradeParser::push(std::string_view bytes) {
  buffer_.append(bytes);
  if (complete_) return;
  auto const end = buffer_.find("\r\n\r\n", scanned_ > 3 ? scanned_ - 3 : 0);
  scanned_ = buffer_.size();
  if (end != std::string::npos) {
    end_ = end + 4;
    complete_ = true;
    too_large_ = end_ > limits::kUpgradeBytes;
  } else if (buffer_.size() > limits::kUpgradeBytes) {
    complete_ = true;
    too_large_ = true;
    end_ = buffer_.size();
  }
}

std::string_view UpgradeParser::rest() const { return std::string_view(buffer_).substr(end_); }

Result<UpgradeRequest> UpgradeParser::request() const {
  if (too_large_) return fail(Code::kTooLarge, "the request is too long");
  auto lines = std::string_view(buffer_).substr(0, end_ - 4);
  auto const next_line = [&lines] {
    auto const end = lines.find("\r\n");
    auto const line = lines.substr(0, end);
    lines = end == std::string_view::npos ? std::string_view() : lines.substr(end + 2);
    return line;
  };

  auto const first = split(next_line(), ' ');
  if (first.size() != 3 || first[0] != "GET" || first[2] != "HTTP/1.1" || first[1].empty() ||
      first[1][0] != '/')
    return invalid("not a WebSocket upgrade");
  auto const question = first[1].find('?');
  auto const path = first[1].substr(0, question);
  auto const query = question == std::string_view::npos ? std::string_view() : first[1].substr(question + 1);

  UpgradeRequest request;
  auto const route = route_of(path);
  if (!route) return route.error();
  request.route = *route;

  bool upgrade = false;
  bool connection = false;
  bool version = false;
  bool role = false;
  std::size_t count = 0;
  while (!lines.empty()) {
    auto const line = next_line();
    if (++count > limits::kUpgradeHeaders) return fail(Code::kTooLarge, "too many headers");
    auto const colon = line.find(':');
    if (colon == std::string_view::npos || !is_token(line.substr(0, colon)))
      return invalid("a broken header");
    auto const name = line.substr(0, colon);
    auto const value = trim(line.substr(colon + 1));
    if (std::any_of(value.begin(), value.end(),
                    [](char c) { return static_cast<unsigned char>(c) < 0x20 && c != '\t'; }))
      return invalid("a broken header");
    auto const is = [&name](std::string_view wanted) { return equal_ignoring_case(name, wanted); };

    if (is("Upgrade")) {
      upgrade = has_word(value, "websocket");
    } else if (is("Connection")) {
      connection = has_word(value, "upgrade");
    } else if (is("Sec-WebSocket-Version")) {
      version = value == "13";
    } else if (is("Sec-WebSocket-Key")) {
      auto const key = from_base64(value);
      if (!key || key->size() != 16) return invalid("Sec-WebSocket-Key is broken");
      request.key = value;
    } else if (is("Content-Length") || is("Transfer-Encoding")) {
      if (value != "0") return invalid("an upgrade has no body");
    } else if (is("X-Oriel-Viewer")) {
      if (!request.viewer.empty() || !is_viewer(value)) return invalid("X-Oriel-Viewer is not 32 hex digits");
      request.viewer = value;
    } else if (is("X-Oriel-User")) {
      auto const user = percent_decode(value);
      if (!user) return invalid("X-Oriel-User is broken");
      request.user = to_utf8(*user, 256);
    } else if (is("X-Oriel-Grant")) {
      if (!request.grant.empty() || !is_viewer(value)) return invalid("X-Oriel-Grant is not 32 hex digits");
      request.grant = value;
    } else if (is("X-Oriel-Role")) {
      if (role) return invalid("X-Oriel-Role comes twice");
      role = true;
      if (value == "owner") {
        request.role = Role::kOwner;
      } else if (value == "control") {
        request.role = Role::kControl;
      } else if (value == "view") {
        request.role = Role::kView;
      } else {
        return invalid("X-Oriel-Role is unknown");
      }
    } else if (is("X-Oriel-Permissions")) {
      request.may_input = has_word(value, "input");
      request.may_put_clipboard = has_word(value, "clipboard-in");
      request.may_take_clipboard = has_word(value, "clipboard-out");
    } else if (is("X-Oriel-Expires")) {
      auto const seconds = parse_integer(value);
      if (!seconds || *seconds <= 0) return invalid("X-Oriel-Expires is no time");
      request.expires = *seconds;
    }
  }
  if (!upgrade || !connection || !version || request.key.empty()) return invalid("not a WebSocket upgrade");
  if (request.viewer.empty() || !role) return invalid("the proxy's headers are missing");

  auto const epoch = query_number(query, "epoch");
  if (!epoch) return epoch.error();
  auto const frame = query_number(query, "frame");
  if (!frame) return frame.error();
  request.epoch = *epoch;
  request.frame = *frame;
  return request;
}

std::string upgrade_answer(std::string_view key) {
  auto const digest = sha1(std::string(key) + std::string(kGuid));
  return "HTTP/1.1 101 Switching Protocols\r\nUpgrade: websocket\r\nConnection: "
         "Upgrade\r\nSec-WebSocket-Accept: " +
         base64(digest) + "\r\n\r\n";
}

std::string refusal_answer(Error const& error) {
  std::string_view status = "400 Bad Request";
  if (error.code == Code::kForbidden) status = "403 Forbidden";
  if (error.code == Code::kNotFound) status = "404 Not Found";
  if (error.code == Code::kTooLarge) status = "431 Request Header Fields Too Large";
  if (error.code == Code::kNoCapacity || error.code == Code::kUnavailable) status = "503 Service Unavailable";
  return "HTTP/1.1 " + std::string(status) +
         "\r\nContent-Type: text/plain; charset=utf-8\r\nConnection: close\r\nContent-Length: " +
         std::to_string(error.message.size()) + "\r\n\r\n" + error.message;
}

}  // namespace oriel::display
