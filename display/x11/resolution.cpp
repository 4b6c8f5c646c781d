#include "display/x11/resolution.h"

#include <algorithm>
#include <span>
#include <string>

#include <unistd.h>
#include <xcb/randr.h>

namespace oriel::display::x11 {

namespace {

constexpr double kMillimetresPerPixel = 25.4 / 96;

std::uint32_t millimetres(std::uint32_t pixels) {
  return std::max(1U, static_cast<std::uint32_t>(pixels * kMillimetresPerPixel + 0.5));
}

}  // namespace

Resolution::Resolution(XConnection& connection) : connection_(connection) {
  auto const* const randr = xcb_get_extension_data(connection.get(), &xcb_randr_id);
  if (randr == nullptr || randr->present == 0) return;
  auto const version =
      connection.reply<xcb_randr_query_version_reply_t>(xcb_randr_query_version(connection.get(), 1, 5));
  if (!version || (version->major_version == 1 && version->minor_version < 2)) return;
  auto const resources = connection.reply<xcb_randr_get_screen_resources_current_reply_t>(
      xcb_randr_get_screen_resources_current(connection.get(), connection.root()));
  if (!resources || resources->num_crtcs == 0 || resources->num_outputs == 0) return;
  crtc_ = *xcb_randr_get_screen_resources_current_crtcs(resources.get());
  output_ = *xcb_randr_get_screen_resources_current_outputs(resources.get());
  // An output that is on keeps its CRTC.
  auto const output = connection.reply<xcb_randr_get_output_info_reply_t>(
      xcb_randr_get_output_info(connection.get(), output_, XCB_CURRENT_TIME));
  if (output && output->crtc != XCB_NONE) crtc_ = output->crtc;
  xcb_randr_select_input(connection.get(), connection.root(), XCB_RANDR_NOTIFY_MASK_SCREEN_CHANGE);
}

Result<> Resolution::change(Size size) {
  if (!can_change()) return fail(Code::kUnsupported, "change the screen's size: the X server has no output");
  auto* const x = connection_.get();
  auto const resources = connection_.reply<xcb_randr_get_screen_resources_current_reply_t>(
      xcb_randr_get_screen_resources_current(x, connection_.root()));
  auto const crtc =
      connection_.reply<xcb_randr_get_crtc_info_reply_t>(xcb_randr_get_crtc_info(x, crtc_, XCB_CURRENT_TIME));
  auto const geometry = connection_.reply<xcb_get_geometry_reply_t>(xcb_get_geometry(x, connection_.root()));
  if (!resources || !crtc || !geometry)
    return fail(Code::kUnavailable, "change the screen's size: the X server does not answer");
  Size const before{geometry->width, geometry->height};

  // A mode of this size may be there from before.
  std::uint32_t mode = XCB_NONE;
  std::span const modes(xcb_randr_get_screen_resources_current_modes(resources.get()), resources->num_modes);
  for (auto const& known : modes)
    if (known.width == size.width && known.height == size.height) mode = known.id;

  xcb_grab_server(x);
  std::uint32_t made = XCB_NONE;
  bool added = true;
  if (mode == XCB_NONE) {
    std::string const name = "oriel-" + std::to_string(size.width) + "x" + std::to_string(size.height) + "-" +
                             std::to_string(getpid()) + "." + std::to_string(++serial_);
    xcb_randr_mode_info_t info{};
    info.width = static_cast<std::uint16_t>(size.width);
    info.height = static_cast<std::uint16_t>(size.height);
    info.htotal = info.width;
    info.vtotal = info.height;
    info.hsync_start = info.hsync_end = info.width;
    info.vsync_start = info.vsync_end = info.height;
    info.dot_clock = static_cast<std::uint32_t>(
        std::min<std::uint64_t>(UINT32_MAX, static_cast<std::uint64_t>(size.width) * size.height * 60));
    info.name_len = static_cast<std::uint16_t>(name.size());
    auto const reply = connection_.reply<xcb_randr_create_mode_reply_t>(xcb_randr_create_mode(
        x, connection_.root(), info, static_cast<std::uint32_t>(name.size()), name.data()));
    if (reply) made = mode = reply->mode;
  }
  if (mode != XCB_NONE) added = connection_.check(xcb_randr_add_output_mode_checked(x, output_, mode));

  auto const set_mode = [&](std::uint32_t which) {
    auto const reply = connection_.reply<xcb_randr_set_crtc_config_reply_t>(
        xcb_randr_set_crtc_config(x, crtc_, XCB_CURRENT_TIME, XCB_CURRENT_TIME, 0, 0, which,
                                  XCB_RANDR_ROTATION_ROTATE_0, which == XCB_NONE ? 0 : 1, &output_));
    return reply && reply->status == 0;
  };
  auto const set_size = [&](Size wanted) {
    return connection_.check(xcb_randr_set_screen_size_checked(
        x, connection_.root(), static_cast<std::uint16_t>(wanted.width),
        static_cast<std::uint16_t>(wanted.height), millimetres(wanted.width), millimetres(wanted.height)));
  };
  bool done = false;
  if (mode != XCB_NONE && added) {
    done = set_mode(XCB_NONE) && set_size(size) && set_mode(mode);
    if (!done) {
      set_size(before);
      set_mode(crtc->mode);
    }
  }
  xcb_ungrab_server(x);

  auto const remove = [&](std::uint32_t& which) {
    if (which == XCB_NONE) return;
    xcb_randr_delete_output_mode(x, output_, which);
    xcb_randr_destroy_mode(x, which);
    which = XCB_NONE;
  };
  if (!done) {
    remove(made);
    connection_.flush();
    return fail(Code::kUnsupported, "change the screen's size to " + std::to_string(size.width) + "x" +
                                        std::to_string(size.height) + ": the X server refused");
  }
  if (own_mode_ != mode) {
    remove(own_mode_);
    own_mode_ = made;
  }
  connection_.flush();
  return {};
}

}  // namespace oriel::display::x11
