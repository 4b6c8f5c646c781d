#pragma once

#include <memory>

#include "display/screen/input.h"
#include "display/screen/screen.h"
#include "display/screen/selection.h"

namespace oriel::display {

/// A running window system with all that the display server uses of it. Inputs are destroyed before it.
class WindowSystem {
 public:
  virtual ~WindowSystem() = default;
  [[nodiscard]] virtual Screen& screen() = 0;
  [[nodiscard]] virtual Selection& selection() = 0;
  /// An input of its own for a viewer: what it holds down is released with it.
  [[nodiscard]] virtual std::unique_ptr<Input> make_input() = 0;
};

}  // namespace oriel::display
