#pragma once

#include <optional>

#include "display/screen/geometry.h"
#include "display/x11/x_connection.h"
#include "libs/base/result.h"

namespace oriel::display::x11 {

/// The RandR side of the screen: one CRTC with one output that takes any size. Servers without one (dummy
/// before 0.4) keep their size.
class Resolution {
 public:
  explicit Resolution(XConnection& connection);

  [[nodiscard]] bool can_change() const { return output_ != XCB_NONE; }
  /// Sets the screen's size in one server grab. On failure the size before is set again.
  Result<> change(Size size);

 private:
  XConnection& connection_;
  std::uint32_t crtc_ = XCB_NONE;
  std::uint32_t output_ = XCB_NONE;
  std::uint32_t own_mode_ = XCB_NONE;  // The one we made last: removed when it is no longer used.
  unsigned serial_ = 0;
};

}  // namespace oriel::display::x11
