#include "display/control/messages.h"

#include <boost/json/object.hpp>

namespace oriel::display {

namespace {

constexpr std::int64_t kLargestSide = 16384;

std::uint32_t side_member(json::Object const& message, std::string_view name) {
  auto const* const value = message.if_contains(name);
  if (value == nullptr || !value->is_number()) return 0;
  boost::system::error_code error;
  auto const number = value->to_number<std::int64_t>(error);
  return error || number < 0 || number > kLargestSide ? 0 : static_cast<std::uint32_t>(number);
}

bool flag_member(json::Object const& message, std::string_view name, bool otherwise) {
  auto const* const value = message.if_contains(name);
  return value != nullptr && value->is_bool() ? value->get_bool() : otherwise;
}

}  // namespace

std::string text_member(json::Object const& message, std::string_view name) {
  auto const* const value = message.if_contains(name);
  return value != nullptr && value->is_string() ? std::string(std::string_view(value->get_string()))
                                                : std::string();
}

Begin read_begin(json::Object const& message) {
  Begin begin;
  begin.width = side_member(message, "width");
  begin.height = side_member(message, "height");
  begin.wallpaper = text_member(message, "wallpaper");
  begin.clipboard_in = flag_member(message, "clipboard_in", true);
  begin.clipboard_out = flag_member(message, "clipboard_out", true);
  begin.whole = message;
  return begin;
}

Result<XServer> read_x_server(json::Object const& message) {
  XServer server;
  server.display = text_member(message, "display");
  server.authority = text_member(message, "authority");
  if (server.display.empty()) return fail(Code::kInvalid, "x: display is missing");
  if (auto const* const manifest = message.if_contains("manifest");
      manifest != nullptr && manifest->is_object()) {
    if (text_member(manifest->get_object(), "ready") == "frame") server.ready = "frame";
  }
  return server;
}

}  // namespace oriel::display
