#pragma once

#include <cstdint>
#include <list>
#include <memory>
#include <span>
#include <vector>

#include "display/screen/screen.h"
#include "display/x11/resolution.h"
#include "display/x11/shared_segment.h"
#include "display/x11/x_connection.h"

namespace oriel::display::x11 {

/// The root window as a Screen: XDamage tells that something was drawn, the region of it is fetched, and the
/// X server copies those rectangles into memory shared by descriptor, all requests of a capture in one go.
class X11Screen final : public Screen {
 public:
  [[nodiscard]] static Result<std::unique_ptr<X11Screen>> open(XConnection& connection,
                                                               ScreenListener& listener);
  ~X11Screen() override;

  [[nodiscard]] Size size() const override { return size_; }
  [[nodiscard]] bool can_resize() const override { return resolution_.can_change(); }
  Result<> resize(Size size) override;
  Result<std::span<Piece const>> capture(bool everything) override;
  [[nodiscard]] std::shared_ptr<Cursor const> cursor() const override { return cursor_; }
  Result<> set_background(std::span<std::uint32_t const> pixels) override;
  void dispatch() override {}

  /// Takes the events that are its own.
  void handle(xcb_generic_event_t const& event);
  /// Reports what handle() found out. Not from within capture or resize.
  void report();

  [[nodiscard]] std::uint8_t damage_event() const { return damage_event_; }
  [[nodiscard]] std::uint8_t xfixes_event() const { return xfixes_event_; }

 private:
  X11Screen(XConnection& connection, ScreenListener& listener);
  Result<> start();
  Result<> take_size(Size size);
  void fetch_cursor(std::uint32_t serial);

  XConnection& connection_;
  ScreenListener& listener_;
  Resolution resolution_;
  Size size_;
  std::uint8_t damage_event_ = 0;
  std::uint8_t xfixes_event_ = 0;
  std::uint8_t randr_event_ = 0;
  std::uint32_t damage_ = XCB_NONE;
  std::uint32_t region_ = XCB_NONE;
  std::unique_ptr<SharedSegment> segment_;
  std::vector<Piece> pieces_;
  bool damaged_ = false;
  bool reported_damage_ = false;
  bool resized_ = false;
  std::uint32_t wanted_cursor_ = 0;
  bool cursor_changed_ = false;
  std::shared_ptr<Cursor const> cursor_;
  std::list<std::shared_ptr<Cursor const>> cursor_cache_;  // Most recent first.
  xcb_pixmap_t background_ = XCB_NONE;
};

}  // namespace oriel::display::x11
