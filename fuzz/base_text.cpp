// Codecs and small readers of libs/base: what they take, they give back.
#include <string>

#include "fuzz/target.h"
#include "libs/base/clock.h"
#include "libs/base/id.h"
#include "libs/base/text.h"
#include "libs/base/uri.h"

using namespace oriel;
using fuzz::require;

ORIEL_FUZZ_TARGET(base_text) {
  if (auto const decoded = percent_decode(input)) {
    auto const again = percent_decode(percent_encode(*decoded));
    require(again == decoded, "percent encoding gives back what it got");
    require(decoded->size() <= input.size(), "a decoded text is no longer than its escapes");
  }
  if (auto const bytes = from_base64(input)) require(base64(*bytes) == input, "base64 has one form");
  if (auto const bytes = from_base64url(input)) require(base64url(*bytes) == input, "base64url has one form");
  if (auto const bytes = from_hex(input)) require(from_hex(hex(*bytes)) == bytes, "hex gives back its bytes");

  for (std::size_t const limit : {std::size_t{0}, std::size_t{3}, std::size_t{64}, input.size() * 3}) {
    auto const clean = to_utf8(input, limit);
    require(is_utf8(clean) && clean.size() <= limit, "to_utf8 gives UTF-8 within its limit");
    if (is_utf8(input) && input.size() <= limit) require(clean == input, "to_utf8 leaves UTF-8 alone");
  }

  if (auto const id = RequestId::parse(input))
    require(RequestId::parse(id->text()) == id, "an id is its text");
  if (auto const endpoint = Endpoint::parse(input)) {
    auto const again = Endpoint::parse(endpoint->text());
    require(again && *again == *endpoint, "an endpoint is its text");
  }
  if (auto const time = parse_rfc3339(input)) {
    auto const again = parse_rfc3339(rfc3339(*time));
    require(again && *again <= *time && *time - *again < std::chrono::milliseconds(1),
            "an instant keeps its milliseconds");
  }
  (void)parse_plain_datetime(input);
  if (auto const number = parse_integer(input))
    require(parse_integer(std::to_string(*number)) == number, "integers");
  (void)parse_number(input);
  require(join(std::vector<std::string>{std::string(trim(input))}, ",").size() <= input.size(),
          "trim only takes");
}
