#pragma once

#include <memory>
#include <string>

#include "display/loop/event_loop.h"
#include "display/screen/window_system.h"
#include "libs/base/result.h"

namespace oriel::display::x11 {

/// Connects to an X server: `display` like `:0`, `authority` the path of a cookie file (empty: as the
/// environment says). The listeners outlive the window system.
[[nodiscard]] Result<std::unique_ptr<WindowSystem>> open_window_system(EventLoop& loop,
                                                                       std::string const& display,
                                                                       std::string const& authority,
                                                                       ScreenListener& screen,
                                                                       SelectionListener& selection);

}  // namespace oriel::display::x11
