#pragma once

#include <cstdint>
#include <optional>
#include <string>
#include <string_view>

#include "display/limits.h"
#include "libs/base/result.h"

namespace oriel::display {

enum class Route { kDisplay, kInput, kClipboard };
enum class Role { kOwner, kControl, kView };

/// Who asks for which stream (protocol/display, "Upgrade request"). The proxy alone can reach the socket, so
/// its headers are believed; a request without them is refused.
struct UpgradeRequest {
  Route route = Route::kDisplay;
  std::string viewer;  ///< 32 hex digits, one per browser tab.
  std::string user;    ///< Display name, decoded.
  std::string
      grant;  ///< 32 hex digits: the right by which the viewer is there; empty when the proxy names none.
  Role role = Role::kView;
  bool may_input = false;
  bool may_put_clipboard = false;         ///< clipboard-in: into the session.
  bool may_take_clipboard = false;        ///< clipboard-out.
  std::optional<std::int64_t> expires{};  ///< Unix seconds.
  std::optional<std::uint32_t> epoch{};   ///< What the viewer still holds, to resume.
  std::optional<std::uint32_t> frame{};
  std::string key;  ///< Sec-WebSocket-Key.
};

/// Reads an upgrade request as it arrives. RFC 9112 and RFC 6455 section 4.2.1, with bounds on everything.
class UpgradeParser {
 public:
  /// Takes bytes; what follows the request stays in rest().
  void push(std::string_view bytes);
  /// Whether the empty line has come, or the bound was passed.
  [[nodiscard]] bool complete() const { return complete_; }
  /// The request, or why it is refused (kInvalid, kTooLarge, kNotFound). Once complete.
  [[nodiscard]] Result<UpgradeRequest> request() const;
  /// Bytes after the request: the first frames.
  [[nodiscard]] std::string_view rest() const;

 private:
  std::string buffer_;
  std::size_t scanned_ = 0;
  std::size_t end_ = 0;
  bool complete_ = false;
  bool too_large_ = false;
};

/// The answer that opens the WebSocket.
[[nodiscard]] std::string upgrade_answer(std::string_view key);
/// A plain HTTP refusal with the reason as its text.
[[nodiscard]] std::string refusal_answer(Error const& error);

}  // namespace oriel::display
