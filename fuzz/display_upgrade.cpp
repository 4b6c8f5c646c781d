// The upgrade request and the frames behind it, in one piece and byte by byte: both must say the same.
#include <cstdint>
#include <cstdlib>
#include <string_view>
#include <vector>

#include "display/transport/upgrade_request.h"
#include "display/transport/websocket_reader.h"
#include "fuzz/target.h"

using namespace oriel::display;

namespace {

std::vector<std::vector<std::uint8_t>> read_frames(std::string_view bytes, std::size_t piece) {
  std::vector<std::vector<std::uint8_t>> events;
  WebSocketReader reader(4096);
  for (std::size_t at = 0; at < bytes.size(); at += piece) {
    reader.push(oriel::as_bytes(bytes.substr(at, piece)));
    for (;;) {
      auto event = reader.next();
      if (!event) return events;
      if (!*event) break;
      events.push_back(std::move((*event)->payload));
    }
  }
  return events;
}

}  // namespace

ORIEL_FUZZ_TARGET(display_upgrade) {
  auto const bytes = input;
  std::size_t const size = input.size();
  UpgradeParser whole;
  whole.push(bytes);
  UpgradeParser slow;
  for (std::size_t at = 0; at < size; ++at) slow.push(bytes.substr(at, 1));
  if (whole.complete()) {
    auto const one = whole.request();
    auto const other = slow.request();
    // A request above the bound may be noticed earlier when it comes slowly.
    bool const too_large = !one && one.error().code == oriel::Code::kTooLarge;
    if (!too_large && one.has_value() != other.has_value()) std::abort();
    if (one && other &&
        (one->viewer != other->viewer || one->key != other->key || one->epoch != other->epoch))
      std::abort();
    if (!too_large && whole.rest() != slow.rest()) std::abort();
  }
  if (read_frames(bytes, size == 0 ? 1 : size) != read_frames(bytes, 1)) std::abort();
}
