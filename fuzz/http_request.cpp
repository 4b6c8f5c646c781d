// Our HTTP server under raw bytes: what reaches a handler is whole and bounded, what is refused is refused
// with 4xx, 501 or 505, and cutting the bytes elsewhere changes nothing (so no two readers disagree).
#include "fuzz/http_request.h"

#include <algorithm>
#include <string>
#include <vector>

#include "fuzz/loopback.h"
#include "fuzz/target.h"
#include "libs/base/text.h"

using namespace oriel;
using fuzz::require;

namespace {

std::vector<std::string> seen;

Async<http::Response> take(http::Request request) {
  require(!request.method.empty() && request.path.starts_with('/'), "a request has method and path");
  require(is_utf8(request.path) && request.path.find('\0') == std::string::npos, "a path is text");
  for (auto const piece : split(request.path, '/'))
    require(piece != "." && piece != "..", "no dots in a path");
  require(request.target.size() <= limits::kHttpTargetBytes, "the target is bounded");
  require(request.query.size() <= limits::kHttpQueryParameters, "the query is bounded");
  require(request.body.size() <= limits::kHttpBodyBytes, "the body is bounded");
  std::size_t bytes = 0;
  for (auto const& [name, value] : request.headers.all()) {
    bytes += name.size() + value.size();
    require(value.find_first_of(std::string_view("\r\n\0", 3)) == std::string::npos, "a field is one line");
  }
  require(bytes <= limits::kHttpHeaderBytes, "the header is bounded");
  require(request.headers.count("content-length") + request.headers.count("transfer-encoding") <= 1,
          "a body has one length");
  if (request.cookie("__Host-oriel"))
    require(request.headers.count("cookie") > 0, "a cookie comes with a field");
  seen.push_back(request.method + " " + request.target + " " + request.body);
  http::Response response;
  response.status = 204;
  co_return response;
}

std::vector<std::string> calls_of(std::initializer_list<std::string_view> pieces) {
  static std::string const path = fuzz::serve("request", take);
  seen.clear();
  auto const answers = fuzz::talk(fuzz::connect_raw(path), pieces);
  std::size_t good = 0;
  for (std::size_t at = 0; at < answers.size();) {
    require(answers.compare(at, 9, "HTTP/1.1 ") == 0, "an answer begins where the last one ended");
    auto const status = answers.substr(at + 9, 3);
    require(status == "204" || status == "100" || status[0] == '4' || status == "501" || status == "505",
            "the only answers are the handler's and refusals");
    auto const end = answers.find("\r\n\r\n", at);
    require(end != std::string::npos, "an answer is whole");
    if (status != "204" && status != "100") break;  // A refusal is the last answer.
    if (status == "204") ++good;
    at = end + 4;
  }
  require(good == seen.size(), "each request that was taken is answered once");
  return seen;
}

}  // namespace

std::vector<std::string> oriel::fuzz::requests_taken(std::string_view bytes) { return calls_of({bytes}); }

ORIEL_FUZZ_TARGET(http_request) {
  auto const whole = calls_of({input});
  auto const half = input.size() / 2;
  require(calls_of({input.substr(0, half), input.substr(half)}) == whole,
          "where bytes are cut changes nothing");
}
