#include "display/x11/x11_screen.h"

#include <algorithm>
#include <cstring>
#include <string>

#include <xcb/damage.h>
#include <xcb/randr.h>
#include <xcb/shm.h>
#include <xcb/xfixes.h>

#include "display/limits.h"
#include "libs/base/log.h"

namespace oriel::display::x11 {

namespace {

constexpr std::size_t kPixelBytes = 4;
constexpr std::uint32_t kAllPlanes = 0xffffffff;

std::uint8_t unpremultiplied(std::uint32_t channel, std::uint32_t alpha) {
  return alpha == 0 ? 0 : static_cast<std::uint8_t>(std::min(255U, (channel * 255 + alpha / 2) / alpha));
}

// A cursor larger than the protocol carries is cut around its hot spot.
std::shared_ptr<Cursor const> cursor_from(xcb_xfixes_get_cursor_image_reply_t const& reply,
                                          std::span<std::uint32_t const> pixels) {
  auto cursor = std::make_shared<Cursor>();
  cursor->serial = reply.cursor_serial;
  std::uint32_t const width = std::min<std::uint32_t>(reply.width, limits::kCursorSide);
  std::uint32_t const height = std::min<std::uint32_t>(reply.height, limits::kCursorSide);
  auto const first = [](std::uint32_t hot, std::uint32_t whole, std::uint32_t part) {
    return std::min(hot > part / 2 ? hot - part / 2 : 0U, whole - part);
  };
  std::uint32_t const left = first(reply.xhot, reply.width, width);
  std::uint32_t const top = first(reply.yhot, reply.height, height);
  cursor->width = static_cast<std::uint16_t>(width);
  cursor->height = static_cast<std::uint16_t>(height);
  cursor->hot_x = static_cast<std::uint16_t>(
      std::min(reply.xhot - std::min<std::uint32_t>(left, reply.xhot), width == 0 ? 0 : width - 1));
  cursor->hot_y = static_cast<std::uint16_t>(
      std::min(reply.yhot - std::min<std::uint32_t>(top, reply.yhot), height == 0 ? 0 : height - 1));
  cursor->rgba.resize(static_cast<std::size_t>(width) * height * kPixelBytes);
  auto* target = cursor->rgba.data();
  bool visible = false;
  for (std::uint32_t y = 0; y < height; ++y) {
    for (std::uint32_t x = 0; x < width; ++x, target += kPixelBytes) {
      std::uint32_t const argb = pixels[static_cast<std::size_t>(top + y) * reply.width + left + x];
      std::uint32_t const alpha = argb >> 24;
      target[0] = unpremultiplied(argb >> 16 & 0xff, alpha);
      target[1] = unpremultiplied(argb >> 8 & 0xff, alpha);
      target[2] = unpremultiplied(argb & 0xff, alpha);
      target[3] = static_cast<std::uint8_t>(alpha);
      visible = visible || alpha != 0;
    }
  }
  if (!visible) {
    // Applications hide the pointer with an empty picture.
    cursor->width = cursor->height = cursor->hot_x = cursor->hot_y = 0;
    cursor->rgba.clear();
  }
  return cursor;
}

}  // namespace

X11Screen::X11Screen(XConnection& connection, ScreenListener& listener)
    : connection_(connection),
      listener_(listener),
      resolution_(connection),
      size_{connection.screen().width_in_pixels, connection.screen().height_in_pixels} {}

X11Screen::~X11Screen() = default;

Result<std::unique_ptr<X11Screen>> X11Screen::open(XConnection& connection, ScreenListener& listener) {
  std::unique_ptr<X11Screen> screen(new X11Screen(connection, listener));
  if (auto const started = screen->start(); !started) return started.error().within("open the screen");
  return screen;
}

Result<> X11Screen::start() {
  auto* const x = connection_.get();
  for (auto* const extension : {&xcb_shm_id, &xcb_damage_id, &xcb_xfixes_id})
    xcb_prefetch_extension_data(x, extension);
  auto const* const shm = xcb_get_extension_data(x, &xcb_shm_id);
  auto const* const damage = xcb_get_extension_data(x, &xcb_damage_id);
  auto const* const xfixes = xcb_get_extension_data(x, &xcb_xfixes_id);
  if (shm == nullptr || shm->present == 0 || damage == nullptr || damage->present == 0 || xfixes == nullptr ||
      xfixes->present == 0)
    return fail(Code::kUnsupported, "the X server lacks SHM, DAMAGE or XFIXES");
  auto const shm_version = connection_.reply<xcb_shm_query_version_reply_t>(xcb_shm_query_version(x));
  auto const damage_version =
      connection_.reply<xcb_damage_query_version_reply_t>(xcb_damage_query_version(x, 1, 1));
  auto const xfixes_version =
      connection_.reply<xcb_xfixes_query_version_reply_t>(xcb_xfixes_query_version(x, 5, 0));
  if (!shm_version || !damage_version || !xfixes_version ||
      (shm_version->major_version == 1 && shm_version->minor_version < 2))
    return fail(Code::kUnsupported, "the X server's SHM, DAMAGE or XFIXES is too old");
  damage_event_ = damage->first_event;
  xfixes_event_ = xfixes->first_event;
  if (auto const* const randr = xcb_get_extension_data(x, &xcb_randr_id);
      randr != nullptr && randr->present != 0)
    randr_event_ = randr->first_event;

  auto const& setup = *xcb_get_setup(x);
  std::uint8_t bits = 0;
  for (auto formats = xcb_setup_pixmap_formats_iterator(&setup); formats.rem > 0; xcb_format_next(&formats))
    if (formats.data->depth == connection_.screen().root_depth) bits = formats.data->bits_per_pixel;
  if (bits != 32 || setup.image_byte_order != XCB_IMAGE_ORDER_LSB_FIRST)
    return fail(Code::kUnsupported, "the X server does not have 32-bit little-endian pixels");

  std::uint32_t const events =
      XCB_EVENT_MASK_STRUCTURE_NOTIFY | XCB_EVENT_MASK_SUBSTRUCTURE_NOTIFY | XCB_EVENT_MASK_PROPERTY_CHANGE;
  xcb_change_window_attributes(x, connection_.root(), XCB_CW_EVENT_MASK, &events);
  // The size in the connection's setup is that of its start.
  auto const geometry = connection_.reply<xcb_get_geometry_reply_t>(xcb_get_geometry(x, connection_.root()));
  if (!geometry) return fail(Code::kUnavailable, "the X server does not answer");
  if (auto const taken = take_size({geometry->width, geometry->height}); !taken) return taken.error();
  resized_ = false;

  damage_ = connection_.new_id();
  region_ = connection_.new_id();
  xcb_damage_create(x, damage_, connection_.root(), XCB_DAMAGE_REPORT_LEVEL_NON_EMPTY);
  xcb_xfixes_create_region(x, region_, 0, nullptr);
  xcb_xfixes_select_cursor_input(x, connection_.root(), XCB_XFIXES_CURSOR_NOTIFY_MASK_DISPLAY_CURSOR);
  fetch_cursor(0);
  connection_.flush();
  return {};
}

Result<> X11Screen::take_size(Size size) {
  if (size == size_ && segment_) return {};
  if (size.width > limits::kLargestWidth || size.height > limits::kLargestHeight || size.pixels() == 0)
    return fail(Code::kTooLarge,
                "the screen is " + std::to_string(size.width) + "x" + std::to_string(size.height));
  auto segment = SharedSegment::make(connection_, size.pixels() * kPixelBytes);
  if (!segment) return segment.error();
  segment_ = std::move(*segment);
  size_ = size;
  resized_ = true;
  return {};
}

Result<> X11Screen::resize(Size size) {
  size.width = std::clamp(size.width, limits::kSmallestSide, limits::kLargestWidth);
  size.height = std::clamp(size.height, limits::kSmallestSide, limits::kLargestHeight);
  if (size == size_) return {};
  if (auto const changed = resolution_.change(size); !changed) return changed.error();
  return take_size(size);
}

Result<std::span<Piece const>> X11Screen::capture(bool everything) {
  auto* const x = connection_.get();
  pieces_.clear();
  damaged_ = false;
  reported_damage_ = false;

  std::vector<Rectangle> areas;
  xcb_damage_subtract(x, damage_, XCB_NONE, region_);
  auto const region = connection_.reply<xcb_xfixes_fetch_region_reply_t>(xcb_xfixes_fetch_region(x, region_));
  if (!region) return fail(Code::kUnavailable, "fetch the damaged region: no answer");
  Rectangle const whole{0, 0, size_.width, size_.height};
  if (everything) {
    areas.push_back(whole);
  } else {
    std::span const rectangles(
        xcb_xfixes_fetch_region_rectangles(region.get()),
        static_cast<std::size_t>(xcb_xfixes_fetch_region_rectangles_length(region.get())));
    std::size_t pixels = 0;
    Rectangle extents;
    for (auto const& rectangle : rectangles) {
      std::int32_t const left = std::max<std::int32_t>(0, rectangle.x);
      std::int32_t const top = std::max<std::int32_t>(0, rectangle.y);
      std::int32_t const right = std::min(rectangle.x + static_cast<std::int32_t>(rectangle.width),
                                          static_cast<std::int32_t>(size_.width));
      std::int32_t const bottom = std::min(rectangle.y + static_cast<std::int32_t>(rectangle.height),
                                           static_cast<std::int32_t>(size_.height));
      if (left >= right || top >= bottom) continue;
      Rectangle const area{static_cast<std::uint32_t>(left), static_cast<std::uint32_t>(top),
                           static_cast<std::uint32_t>(right - left),
                           static_cast<std::uint32_t>(bottom - top)};
      extents = areas.empty() ? area : joined(extents, area);
      pixels += area.pixels();
      areas.push_back(area);
    }
    // Many small copies cost more than a large one, and pieces that nearly fill their frame do too.
    if (areas.size() > limits::kCaptureRectangles || (areas.size() > 1 && pixels * 10 > extents.pixels() * 6))
      areas.assign(1, extents);
  }

  std::vector<xcb_shm_get_image_cookie_t> cookies;
  cookies.reserve(areas.size());
  std::size_t offset = 0;
  for (auto const& area : areas) {
    cookies.push_back(xcb_shm_get_image(
        x, connection_.root(), static_cast<std::int16_t>(area.x), static_cast<std::int16_t>(area.y),
        static_cast<std::uint16_t>(area.width), static_cast<std::uint16_t>(area.height), kAllPlanes,
        XCB_IMAGE_FORMAT_Z_PIXMAP, segment_->id(), static_cast<std::uint32_t>(offset)));
    offset += area.pixels() * kPixelBytes;
  }
  offset = 0;
  bool refused = false;
  for (std::size_t index = 0; index < areas.size(); ++index) {
    auto const image = connection_.reply<xcb_shm_get_image_reply_t>(cookies[index]);
    if (!image) refused = true;
    pieces_.push_back({areas[index], segment_->pixels() + offset / kPixelBytes, areas[index].width});
    offset += areas[index].pixels() * kPixelBytes;
  }
  if (connection_.broken()) return fail(Code::kUnavailable, "capture: the X server is gone");
  // The screen became smaller between the region and the copy; its new size is on its way.
  if (refused) return fail(Code::kRetry, "capture: the X server refused a rectangle");
  return std::span<Piece const>(pieces_);
}

Result<> X11Screen::set_background(std::span<std::uint32_t const> pixels) {
  if (pixels.size() != size_.pixels())
    return fail(Code::kInvalid, "the background has another size than the screen");
  auto* const x = connection_.get();
  std::memcpy(segment_->pixels(), pixels.data(), pixels.size_bytes());
  auto const width = static_cast<std::uint16_t>(size_.width);
  auto const height = static_cast<std::uint16_t>(size_.height);
  xcb_pixmap_t const pixmap = connection_.new_id();
  std::uint32_t const context = connection_.new_id();
  xcb_create_pixmap(x, connection_.screen().root_depth, pixmap, connection_.root(), width, height);
  xcb_create_gc(x, context, pixmap, 0, nullptr);
  auto const put = xcb_shm_put_image_checked(x, pixmap, context, width, height, 0, 0, width, height, 0, 0,
                                             connection_.screen().root_depth, XCB_IMAGE_FORMAT_Z_PIXMAP, 0,
                                             segment_->id(), 0);
  // The copy must be done before the next capture writes into the segment.
  bool const done = connection_.check(put);
  xcb_free_gc(x, context);
  if (!done) {
    xcb_free_pixmap(x, pixmap);
    return fail(Code::kUnavailable, "set the background: the X server refused");
  }
  xcb_change_window_attributes(x, connection_.root(), XCB_CW_BACK_PIXMAP, &pixmap);
  xcb_clear_area(x, 0, connection_.root(), 0, 0, 0, 0);
  // What panels and terminals read for a background that looks like the desktop's.
  for (char const* const name : {"_XROOTPMAP_ID", "ESETROOT_PMAP_ID"})
    xcb_change_property(x, XCB_PROP_MODE_REPLACE, connection_.root(), connection_.atom(name), XCB_ATOM_PIXMAP,
                        32, 1, &pixmap);
  if (background_ != XCB_NONE) xcb_free_pixmap(x, background_);
  background_ = pixmap;
  connection_.flush();
  return {};
}

void X11Screen::handle(xcb_generic_event_t const& event) {
  std::uint8_t const type = event.response_type & 0x7f;
  if (type == damage_event_ + XCB_DAMAGE_NOTIFY) {
    if (reinterpret_cast<xcb_damage_notify_event_t const&>(event).damage == damage_) damaged_ = true;
    return;
  }
  if (type == xfixes_event_ + XCB_XFIXES_CURSOR_NOTIFY) {
    wanted_cursor_ = reinterpret_cast<xcb_xfixes_cursor_notify_event_t const&>(event).cursor_serial;
    cursor_changed_ = true;
    return;
  }
  if (type == XCB_CONFIGURE_NOTIFY) {
    auto const& notify = reinterpret_cast<xcb_configure_notify_event_t const&>(event);
    if (notify.window != connection_.root()) return;
    // Of several that wait only the last is still true; the server knows.
    auto const geometry =
        connection_.reply<xcb_get_geometry_reply_t>(xcb_get_geometry(connection_.get(), connection_.root()));
    if (!geometry) return;
    if (auto const taken = take_size({geometry->width, geometry->height}); !taken)
      log::warning("screen size", {{"error", taken.error()}});
  }
}

void X11Screen::report() {
  if (resized_) {
    resized_ = false;
    listener_.screen_resized(size_);
  }
  if (cursor_changed_) {
    cursor_changed_ = false;
    fetch_cursor(wanted_cursor_);
    if (cursor_) listener_.cursor_changed(cursor_);
  }
  if (damaged_ && !reported_damage_) {
    reported_damage_ = true;
    listener_.screen_damaged();
  }
}

void X11Screen::fetch_cursor(std::uint32_t serial) {
  auto const known = std::find_if(cursor_cache_.begin(), cursor_cache_.end(),
                                  [serial](auto const& cursor) { return cursor->serial == serial; });
  if (serial != 0 && known != cursor_cache_.end()) {
    cursor_cache_.splice(cursor_cache_.begin(), cursor_cache_, known);
    cursor_ = cursor_cache_.front();
    return;
  }
  auto const reply =
      connection_.reply<xcb_xfixes_get_cursor_image_reply_t>(xcb_xfixes_get_cursor_image(connection_.get()));
  if (!reply) return;
  std::size_t const pixels = static_cast<std::size_t>(reply->width) * reply->height;
  if (static_cast<std::size_t>(reply->length) * 4 < pixels * kPixelBytes) return;
  cursor_ = cursor_from(*reply, std::span(xcb_xfixes_get_cursor_image_cursor_image(reply.get()), pixels));
  cursor_cache_.push_front(cursor_);
  if (cursor_cache_.size() > limits::kCursorCache) cursor_cache_.pop_back();
}

}  // namespace oriel::display::x11
