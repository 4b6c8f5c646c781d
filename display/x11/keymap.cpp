#include "display/x11/keymap.h"

#include <algorithm>
#include <bit>
#include <cstring>
#include <string>
#include <string_view>

#include <xcb/xcb.h>
#include <xcb/xcbext.h>

#include "display/x11/keysyms.h"
#include "display/x11/xkb.h"

namespace oriel::display::x11 {

namespace {

constexpr std::uint16_t kCoreKeyboard = 0x0100;  // XkbUseCoreKbd
constexpr std::uint16_t kTypesPart = 1 << 0;
constexpr std::uint16_t kSymsPart = 1 << 1;
constexpr std::uint16_t kModifierMapPart = 1 << 2;

// Shift, Control, Caps Lock, Meta, Alt, Super, Hyper; ISO_Level3_Shift and its relatives; Mode_switch.
bool is_modifier(std::uint32_t keysym) {
  return (keysym >= 0xffe1 && keysym <= 0xffee) || (keysym >= 0xfe01 && keysym <= 0xfe13) ||
         keysym == kModeSwitch;
}

// How a component name is written: its length and its characters.
void put_name(std::string& to, std::string_view name) {
  to.push_back(static_cast<char>(name.size()));
  to.append(name);
}

}  // namespace

Keymap::Keymap(std::uint8_t first, std::vector<Type> types, std::vector<KeyRow> rows,
               std::array<std::uint8_t, 256> modifiers)
    : first_(first), types_(std::move(types)), rows_(std::move(rows)), modifiers_(modifiers) {
  // The map of modifiers names one key of each; another with the same symbol (AltGr on the right Alt) sets
  // the same by its action.
  for (std::size_t index = 0; index < rows_.size(); ++index) {
    std::size_t const keycode = first_ + index;
    if (rows_[index].keysyms.empty() || modifiers_[keycode] != 0 ||
        !is_modifier(rows_[index].keysyms.front()))
      continue;
    for (std::size_t other = 0; other < rows_.size(); ++other)
      if (!rows_[other].keysyms.empty() && rows_[other].keysyms.front() == rows_[index].keysyms.front() &&
          modifiers[first_ + other] != 0)
        modifiers_[keycode] = modifiers[first_ + other];
  }
}

Result<Keymap> Keymap::read(XConnection& connection) {
  auto const reply = connection.reply<xcb_xkb_get_map_reply_t>(
      xcb_xkb_get_map(connection.get(), kCoreKeyboard, kTypesPart | kSymsPart | kModifierMapPart, 0, 0, 0, 0,
                      0, 0, 0, 0, 0, 0, 0, 0, 0, 0, 0, 0));
  if (!reply) return fail(Code::kUnavailable, "read the keyboard map: no answer");
  // Read by hand and with bounds: the library's accessors believe the server's counts.
  auto const* const begin = reinterpret_cast<std::uint8_t const*>(reply.get());
  std::span<std::uint8_t const> rest(
      begin + sizeof(xcb_xkb_get_map_reply_t),
      32 + static_cast<std::size_t>(reply->length) * 4 - sizeof(xcb_xkb_get_map_reply_t));
  auto const take = [&rest](std::size_t count) {
    auto const piece = rest.size() < count ? std::span<std::uint8_t const>() : rest.first(count);
    rest = rest.size() < count ? std::span<std::uint8_t const>() : rest.subspan(count);
    return piece;
  };
  auto const cut = [] { return fail(Code::kInternal, "read the keyboard map: the answer is cut short"); };

  std::vector<Type> types;
  for (int index = 0; index < reply->nTypes; ++index) {
    auto const head = take(sizeof(xcb_xkb_key_type_t));
    if (head.empty()) return cut();
    xcb_xkb_key_type_t raw{};
    std::memcpy(&raw, head.data(), sizeof raw);
    Type type{raw.mods_mask, raw.numLevels, {}};
    for (int entry = 0; entry < raw.nMapEntries; ++entry) {
      auto const bytes = take(sizeof(xcb_xkb_kt_map_entry_t));
      if (bytes.empty()) return cut();
      xcb_xkb_kt_map_entry_t map{};
      std::memcpy(&map, bytes.data(), sizeof map);
      if (map.active != 0) type.entries.push_back({map.mods_mask, map.level});
    }
    if (raw.hasPreserve != 0 && raw.nMapEntries > 0 && take(std::size_t{4} * raw.nMapEntries).empty())
      return cut();
    types.push_back(std::move(type));
  }

  std::vector<KeyRow> rows;
  for (int index = 0; index < reply->nKeySyms; ++index) {
    auto const head = take(sizeof(xcb_xkb_key_sym_map_t));
    if (head.empty()) return cut();
    xcb_xkb_key_sym_map_t raw{};
    std::memcpy(&raw, head.data(), sizeof raw);
    KeyRow row;
    std::copy(std::begin(raw.kt_index), std::end(raw.kt_index), row.types.begin());
    row.groups = raw.groupInfo & 0x0f;
    row.out_of_range = raw.groupInfo;
    row.width = raw.width;
    if (raw.nSyms > 0) {
      auto const bytes = take(std::size_t{4} * raw.nSyms);
      if (bytes.empty()) return cut();
      row.keysyms.resize(raw.nSyms);
      std::memcpy(row.keysyms.data(), bytes.data(), bytes.size());
    }
    if (row.groups > 4 || static_cast<std::size_t>(row.groups) * row.width > row.keysyms.size())
      row.groups = 0;
    rows.push_back(std::move(row));
  }

  std::array<std::uint8_t, 256> modifiers{};
  for (int index = 0; index < reply->totalModMapKeys; ++index) {
    auto const pair = take(2);
    if (pair.empty()) return cut();
    modifiers[pair[0]] = pair[1];
  }
  return Keymap(reply->firstKeySym, std::move(types), std::move(rows), modifiers);
}

Keymap::KeyRow const* Keymap::row(std::uint8_t keycode) const {
  if (keycode < first_ || static_cast<std::size_t>(keycode - first_) >= rows_.size()) return nullptr;
  KeyRow const& found = rows_[static_cast<std::size_t>(keycode - first_)];
  return found.groups == 0 ? nullptr : &found;
}

std::uint8_t Keymap::group_of(KeyRow const& row, std::uint8_t group) {
  if (group < row.groups) return group;
  switch (row.out_of_range & 0xc0) {
    case 0x40:  // clamp
      return static_cast<std::uint8_t>(row.groups - 1);
    case 0x80: {  // redirect
      auto const target = static_cast<std::uint8_t>(row.out_of_range >> 4 & 0x03);
      return target < row.groups ? target : 0;
    }
    default:
      return static_cast<std::uint8_t>(group % row.groups);
  }
}

std::optional<Stroke> Keymap::find(std::uint32_t keysym, std::uint8_t group, std::uint8_t state,
                                   std::uint8_t preferred) const {
  std::optional<Stroke> best;
  int best_cost = 0;
  std::uint8_t const locks = static_cast<std::uint8_t>(kLockMask | num_lock_mask());
  auto const offer = [&](std::uint8_t keycode, Type const& type, std::uint8_t wanted) {
    // A press of a real modifier is cheap; changing a lock blinks its lamp and is the last resort.
    auto const difference = static_cast<std::uint8_t>((state ^ wanted) & type.mask);
    int const cost = (std::popcount(static_cast<unsigned>(difference & ~locks & 0xff)) +
                      8 * std::popcount(static_cast<unsigned>(difference & locks))) *
                         2 +
                     (keycode == preferred ? 0 : 1);
    if (best && cost >= best_cost) return;
    best = Stroke{keycode, type.mask, wanted};
    best_cost = cost;
  };

  for (std::size_t index = 0; index < rows_.size(); ++index) {
    KeyRow const& key = rows_[index];
    if (key.groups == 0) continue;
    std::uint8_t const used = group_of(key, group);
    if (key.types[used] >= types_.size()) continue;
    Type const& type = types_[key.types[used]];
    auto const keycode = static_cast<std::uint8_t>(first_ + index);
    for (std::uint8_t level = 0; level < std::min(type.levels, key.width); ++level) {
      if (!same_keysym(key.keysyms[static_cast<std::size_t>(used) * key.width + level], keysym)) continue;
      if (level == 0) {
        // Every combination that has no entry of its own means the first level; two of them are worth trying.
        auto const plain = [&type](std::uint8_t modifiers) {
          return std::none_of(type.entries.begin(), type.entries.end(),
                              [modifiers](Type::Entry const& entry) {
                                return entry.modifiers == modifiers && entry.level != 0;
                              });
        };
        if (plain(0)) offer(keycode, type, 0);
        if (auto const present = static_cast<std::uint8_t>(state & type.mask); plain(present))
          offer(keycode, type, present);
      }
      for (auto const& entry : type.entries)
        if (entry.level == level) offer(keycode, type, entry.modifiers);
    }
  }
  return best;
}

std::uint32_t Keymap::translate(std::uint8_t keycode, std::uint8_t group, std::uint8_t state) const {
  KeyRow const* const key = row(keycode);
  if (key == nullptr) return kNoSymbol;
  std::uint8_t const used = group_of(*key, group);
  if (key->types[used] >= types_.size()) return kNoSymbol;
  Type const& type = types_[key->types[used]];
  std::uint8_t level = 0;
  for (auto const& entry : type.entries)
    if (entry.modifiers == (state & type.mask)) level = entry.level;
  return level < key->width ? key->keysyms[static_cast<std::size_t>(used) * key->width + level] : kNoSymbol;
}

bool Keymap::has_key(std::uint8_t keycode) const { return row(keycode) != nullptr; }

std::uint8_t Keymap::key_for_modifier(std::uint8_t modifier) const {
  // The key whose first symbol says so before any other: Shift_L rather than a key that also shifts.
  std::uint8_t other = 0;
  for (unsigned keycode = 8; keycode < 256; ++keycode) {
    if (modifiers_[keycode] != modifier) continue;
    KeyRow const* const key = row(static_cast<std::uint8_t>(keycode));
    if (key == nullptr || key->keysyms.empty()) continue;
    std::uint32_t const symbol = key->keysyms.front();
    if (symbol == kShiftLeft || symbol == kLevel3Shift) return static_cast<std::uint8_t>(keycode);
    if (other == 0 && symbol != kNoSymbol && symbol != kModeSwitch)
      other = static_cast<std::uint8_t>(keycode);
  }
  return other;
}

std::uint8_t Keymap::num_lock_mask() const {
  for (unsigned keycode = 8; keycode < 256; ++keycode) {
    KeyRow const* const key = row(static_cast<std::uint8_t>(keycode));
    if (key != nullptr && !key->keysyms.empty() && key->keysyms.front() == kNumLock)
      return modifiers_[keycode];
  }
  return 0;
}

std::vector<std::uint8_t> Keymap::spares() const {
  std::vector<std::uint8_t> spares;
  for (std::size_t index = rows_.size(); index-- > 0;) {
    auto const keycode = static_cast<std::uint8_t>(first_ + index);
    KeyRow const& key = rows_[index];
    bool const empty = std::all_of(key.keysyms.begin(), key.keysyms.end(),
                                   [](std::uint32_t keysym) { return keysym == kNoSymbol; });
    if (empty && modifiers_[keycode] == 0) spares.push_back(keycode);
  }
  return spares;
}

bool has_default_keymap(XConnection& connection) {
  auto const reply = connection.reply<xcb_get_property_reply_t>(xcb_get_property(
      connection.get(), 0, connection.root(), connection.atom("_XKB_RULES_NAMES"), XCB_ATOM_STRING, 0, 256));
  if (!reply) return false;
  std::string_view const names(static_cast<char const*>(xcb_get_property_value(reply.get())),
                               static_cast<std::size_t>(xcb_get_property_value_length(reply.get())));
  // rules, model, layout, variant, options: each ends with a zero byte.
  using namespace std::string_view_literals;
  return names.empty() || names.starts_with("base\0"sv) || names == "evdev\0pc105\0us\0\0\0"sv;
}

Result<> load_keymap(XConnection& connection) {
  auto const* const xkb = xcb_get_extension_data(connection.get(), &xcb_xkb_id);
  if (xkb == nullptr || xkb->present == 0) return fail(Code::kUnsupported, "load the keyboard map: no XKB");

  // GetKbdByName carries six component names behind its header, which the library's request lacks.
  std::string body;
  body.resize(sizeof(xcb_xkb_get_kbd_by_name_request_t));
  auto* const head = reinterpret_cast<xcb_xkb_get_kbd_by_name_request_t*>(body.data());
  head->major_opcode = xkb->major_opcode;
  head->minor_opcode = XCB_XKB_GET_KBD_BY_NAME;
  head->deviceSpec = kCoreKeyboard;
  head->need = 0x1f;  // types, compatibility map, client and server symbols, indicators: GBN_*
  head->want = 0;
  head->load = 1;
  put_name(body, "");                               // keymap
  put_name(body, "evdev+aliases(qwerty)");          // keycodes
  put_name(body, "complete");                       // types
  put_name(body, "complete");                       // compatibility
  put_name(body, "pc+us(altgr-intl)+inet(evdev)");  // symbols
  put_name(body, "pc(pc105)");                      // geometry
  while (body.size() % 4 != 0) body.push_back('\0');

  iovec pieces[3] = {{}, {}, {body.data(), body.size()}};
  xcb_protocol_request_t const request{1, &xcb_xkb_id, XCB_XKB_GET_KBD_BY_NAME, 0};
  struct Cookie {
    unsigned int sequence;
  };
  Cookie const cookie{xcb_send_request(connection.get(), XCB_REQUEST_CHECKED, &pieces[2], &request)};
  auto const reply = connection.reply<xcb_xkb_get_kbd_by_name_reply_t>(cookie);
  if (!reply || reply->loaded == 0)
    return fail(Code::kUnsupported, "load the keyboard map: the X server did not compile it");

  using namespace std::string_view_literals;
  constexpr auto kNames = "evdev\0pc105\0us\0altgr-intl\0\0"sv;
  xcb_change_property(connection.get(), XCB_PROP_MODE_REPLACE, connection.root(),
                      connection.atom("_XKB_RULES_NAMES"), XCB_ATOM_STRING, 8,
                      static_cast<std::uint32_t>(kNames.size()), kNames.data());
  return {};
}

}  // namespace oriel::display::x11
