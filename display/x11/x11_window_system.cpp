#include "display/x11/x11_window_system.h"

#include <xcb/xfixes.h>

#include "display/x11/keyboard.h"
#include "display/x11/window_watch.h"
#include "display/x11/x11_input.h"
#include "display/x11/x11_screen.h"
#include "display/x11/x11_selection.h"
#include "display/x11/x_connection.h"

namespace oriel::display::x11 {

namespace {

constexpr auto kRecheck = std::chrono::milliseconds(600);
constexpr int kMostRounds = 8;

// The screen as others see it: dispatch reads the one connection for all parts.
class X11WindowSystem final : public WindowSystem, private Screen {
 public:
  X11WindowSystem(EventLoop& loop, std::unique_ptr<XConnection> connection, std::unique_ptr<X11Screen> screen,
                  ScreenListener& listener, SelectionListener& selection_listener)
      : loop_(loop),
        listener_(listener),
        connection_(std::move(connection)),
        screen_(std::move(screen)),
        keyboard_(loop, *connection_,
                  [&listener](bool caps, bool num) { listener.locks_changed(caps, num); }),
        selection_(loop, *connection_, selection_listener, screen_->xfixes_event()),
        windows_(*connection_, screen_->damage_event()) {
    loop_.watch(connection_->descriptor(), EPOLLIN, [this](std::uint32_t) { dispatch(); });
  }

  ~X11WindowSystem() override {
    loop_.cancel(recheck_);
    loop_.unwatch(connection_->descriptor());
  }

  Screen& screen() override { return *this; }
  Selection& selection() override { return selection_; }
  std::unique_ptr<Input> make_input() override { return std::make_unique<X11Input>(*connection_, keyboard_); }

 private:
  Size size() const override { return screen_->size(); }
  bool can_resize() const override { return screen_->can_resize(); }
  Result<> resize(Size size) override { return screen_->resize(size); }
  std::shared_ptr<Cursor const> cursor() const override { return screen_->cursor(); }
  Result<> set_background(std::span<std::uint32_t const> pixels) override {
    return screen_->set_background(pixels);
  }

  Result<std::span<Piece const>> capture(bool everything) override {
    windows_.captured();
    return screen_->capture(everything);
  }

  void dispatch() override {
    // Reports ask the server things, and its answers bring further events along: those are not told of again
    // by the socket.
    for (int round = 0; round < kMostRounds; ++round) {
      if (lost_) return;
      take_events();
      if (connection_->broken()) {
        lost_ = true;
        loop_.unwatch(connection_->descriptor());
        listener_.screen_lost(fail(Code::kUnavailable, "the X server closed the connection"));
        return;
      }
      screen_->report();
      watch_windows();
      connection_->flush();
      if (!connection_->has_event()) return;
    }
    // A client that floods gets its turn again, after the viewers had theirs.
    loop_.after(std::chrono::seconds(0), [] {});
  }

  void take_events() {
    while (Event event = connection_->next_event()) {
      std::uint8_t const type = event->response_type & 0x7f;
      if (type == 0) continue;  // An error of a request that nobody waits for, as of a window that is gone.
      if (keyboard_.usable() && type == keyboard_.first_event()) {
        keyboard_.handle(*event);
        continue;
      }
      windows_.handle(*event);
      if (selection_.handle(*event)) continue;
      screen_->handle(*event);
    }
  }

  void watch_windows() {
    if (windows_.done()) return;
    if (windows_.check([this](Rectangle const& area) { return listener_.has_content(area); })) {
      listener_.window_ready();
    } else if (windows_.has_candidates() && recheck_ == 0) {
      recheck_ = loop_.after(kRecheck, [this] {
        recheck_ = 0;
        windows_.captured();
        dispatch();
      });
    }
  }

  EventLoop& loop_;
  ScreenListener& listener_;
  std::unique_ptr<XConnection> connection_;
  std::unique_ptr<X11Screen> screen_;
  Keyboard keyboard_;
  X11Selection selection_;
  WindowWatch windows_;
  EventLoop::TimerId recheck_ = 0;  // Until the first window is ready only.
  bool lost_ = false;
};

}  // namespace

Result<std::unique_ptr<WindowSystem>> open_window_system(EventLoop& loop, std::string const& display,
                                                         std::string const& authority, ScreenListener& screen,
                                                         SelectionListener& selection) {
  auto connection = XConnection::open(display, authority);
  if (!connection) return connection.error();
  auto opened = X11Screen::open(**connection, screen);
  if (!opened) return opened.error();
  return std::unique_ptr<WindowSystem>(
      std::make_unique<X11WindowSystem>(loop, std::move(*connection), std::move(*opened), screen, selection));
}

}  // namespace oriel::display::x11
