#include "display/x11/window_watch.h"

#include <algorithm>
#include <span>

#include <xcb/damage.h>

namespace oriel::display::x11 {

namespace {

// Toolkits map windows of a pixel for their own purposes.
constexpr std::uint16_t kSmallestSide = 16;
constexpr auto kSettled = std::chrono::milliseconds(500);
constexpr std::size_t kMostCandidates = 64;
constexpr std::size_t kMostLookedAt = 256;

}  // namespace

WindowWatch::WindowWatch(XConnection& connection, std::uint8_t damage_event)
    : connection_(connection),
      damage_event_(damage_event),
      client_list_(connection.atom("_NET_CLIENT_LIST")) {}

void WindowWatch::handle(xcb_generic_event_t const& event) {
  if (done_) return;
  std::uint8_t const type = event.response_type & 0x7f;
  if (type == damage_event_ + XCB_DAMAGE_NOTIFY) {
    auto const& notify = reinterpret_cast<xcb_damage_notify_event_t const&>(event);
    auto const found = candidates_.find(notify.drawable);
    if (found == candidates_.end()) return;
    ++found->second.reports;
    drawn_ = true;
    xcb_damage_subtract(connection_.get(), found->second.damage, XCB_NONE, XCB_NONE);
    return;
  }
  switch (type) {
    case XCB_MAP_NOTIFY:
    case XCB_UNMAP_NOTIFY:
    case XCB_DESTROY_NOTIFY:
    case XCB_REPARENT_NOTIFY:
      changed_ = true;
      return;
    case XCB_PROPERTY_NOTIFY: {
      auto const& notify = reinterpret_cast<xcb_property_notify_event_t const&>(event);
      if (notify.window == connection_.root() && notify.atom == client_list_) changed_ = true;
      return;
    }
    default:
      return;
  }
}

std::vector<xcb_window_t> WindowWatch::managed_windows() {
  std::vector<xcb_window_t> windows;
  auto const list = connection_.reply<xcb_get_property_reply_t>(xcb_get_property(
      connection_.get(), 0, connection_.root(), client_list_, XCB_ATOM_WINDOW, 0, kMostLookedAt));
  if (list && list->format == 32) {
    std::span const ids(
        static_cast<xcb_window_t const*>(xcb_get_property_value(list.get())),
        static_cast<std::size_t>(xcb_get_property_value_length(list.get())) / sizeof(xcb_window_t));
    windows.assign(ids.begin(), ids.end());
  }
  // Without a window manager, and for desktops that some managers leave out of their list.
  auto const tree =
      connection_.reply<xcb_query_tree_reply_t>(xcb_query_tree(connection_.get(), connection_.root()));
  if (tree) {
    std::span const children(xcb_query_tree_children(tree.get()), tree->children_len);
    for (auto const child : children.last(std::min(children.size(), kMostLookedAt))) windows.push_back(child);
  }
  return windows;
}

void WindowWatch::look() {
  auto const windows = managed_windows();
  for (auto entry = candidates_.begin(); entry != candidates_.end();) {
    // A window that is gone took its damage object with it, or will.
    if (std::find(windows.begin(), windows.end(), entry->first) == windows.end()) {
      xcb_damage_destroy(connection_.get(), entry->second.damage);
      entry = candidates_.erase(entry);
    } else {
      ++entry;
    }
  }
  for (auto const window : windows) consider(window);
}

void WindowWatch::consider(xcb_window_t window) {
  if (candidates_.contains(window) || candidates_.size() >= kMostCandidates) return;
  auto const attributes_cookie = xcb_get_window_attributes(connection_.get(), window);
  auto const geometry_cookie = xcb_get_geometry(connection_.get(), window);
  auto const place_cookie = xcb_translate_coordinates(connection_.get(), window, connection_.root(), 0, 0);
  auto const attributes = connection_.reply<xcb_get_window_attributes_reply_t>(attributes_cookie);
  auto const geometry = connection_.reply<xcb_get_geometry_reply_t>(geometry_cookie);
  auto const place = connection_.reply<xcb_translate_coordinates_reply_t>(place_cookie);
  if (!attributes || !geometry || !place) return;
  if (attributes->override_redirect != 0 || attributes->_class != XCB_WINDOW_CLASS_INPUT_OUTPUT ||
      attributes->map_state != XCB_MAP_STATE_VIEWABLE)
    return;
  if (geometry->width < kSmallestSide || geometry->height < kSmallestSide) return;
  Candidate candidate;
  candidate.damage = connection_.new_id();
  candidate.since = std::chrono::steady_clock::now();
  candidate.area = {static_cast<std::uint32_t>(std::max<int>(0, place->dst_x)),
                    static_cast<std::uint32_t>(std::max<int>(0, place->dst_y)), geometry->width,
                    geometry->height};
  xcb_damage_create(connection_.get(), candidate.damage, window, XCB_DAMAGE_REPORT_LEVEL_NON_EMPTY);
  candidates_.emplace(window, candidate);
  drawn_ = true;
}

bool WindowWatch::check(std::function<bool(Rectangle const&)> const& has_content) {
  if (done_) return false;
  if (changed_) {
    changed_ = false;
    look();
  }
  if (!drawn_) return false;
  drawn_ = false;
  auto const now = std::chrono::steady_clock::now();
  for (auto const& [window, candidate] : candidates_) {
    // Drawn into since we watch it; or before, then it shows something. The latter only after a while: a
    // window that was not drawn yet may show what lay below it.
    bool const settled = now - candidate.since >= kSettled;
    if (candidate.reports > 1 || (settled && has_content(candidate.area))) {
      done_ = true;
      break;
    }
  }
  if (!done_) return false;
  for (auto const& [window, candidate] : candidates_) xcb_damage_destroy(connection_.get(), candidate.damage);
  candidates_.clear();
  connection_.flush();
  return true;
}

}  // namespace oriel::display::x11
