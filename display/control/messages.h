#pragma once

#include <cstdint>
#include <functional>
#include <optional>
#include <string>

#include "libs/base/json.h"

/// Messages of protocol/control as the display server reads them. Members that it does not know are kept in
/// `whole`, so that init gets a `begin` as the agent wrote it.
namespace oriel::display {

struct Begin {
  std::uint32_t width = 0;  ///< 0: the screen stays as it is.
  std::uint32_t height = 0;
  std::string wallpaper;
  bool clipboard_in = true;
  bool clipboard_out = true;
  json::Object whole;
};

/// Members of a wrong type count as absent.
[[nodiscard]] Begin read_begin(json::Object const& message);

/// How init says where the X server is.
struct XServer {
  std::string display;
  std::string authority;
  std::string ready = "window";  ///< The manifest's: `window` or `frame`.
};

[[nodiscard]] Result<XServer> read_x_server(json::Object const& message);

/// The member as text; empty when absent or something else.
[[nodiscard]] std::string text_member(json::Object const& message, std::string_view name);

}  // namespace oriel::display
