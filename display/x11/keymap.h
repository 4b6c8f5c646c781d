#pragma once

#include <array>
#include <cstdint>
#include <optional>
#include <span>
#include <vector>

#include "display/x11/x_connection.h"
#include "libs/base/result.h"

namespace oriel::display::x11 {

/// Modifier bits of the core protocol.
inline constexpr std::uint8_t kShiftMask = 1;
inline constexpr std::uint8_t kLockMask = 2;
inline constexpr std::uint8_t kControlMask = 4;
inline constexpr std::uint8_t kMod1Mask = 8;

/// How to type a keysym: the key, and what of the modifiers decides about its level.
struct Stroke {
  std::uint8_t keycode = 0;
  std::uint8_t relevant = 0;  ///< Modifiers that the key's type looks at.
  std::uint8_t wanted = 0;    ///< Which of those have to be set.
};

/// The server's keyboard map (XKB protocol, GetMap), as a plain value to look things up in.
class Keymap {
 public:
  /// Level selection of a key type.
  struct Type {
    struct Entry {
      std::uint8_t modifiers = 0;
      std::uint8_t level = 0;
    };
    std::uint8_t mask = 0;
    std::uint8_t levels = 1;
    std::vector<Entry> entries;
  };
  struct KeyRow {
    std::array<std::uint8_t, 4> types{};
    std::uint8_t groups = 0;
    std::uint8_t out_of_range = 0;  ///< XKB's groupInfo: what a group above the last becomes.
    std::uint8_t width = 0;
    std::vector<std::uint32_t> keysyms;
  };

  [[nodiscard]] static Result<Keymap> read(XConnection& connection);
  /// For tests.
  Keymap(std::uint8_t first, std::vector<Type> types, std::vector<KeyRow> rows,
         std::array<std::uint8_t, 256> modifiers);
  Keymap() = default;

  /// The stroke for a keysym that changes least of the present modifiers; `preferred` (0: none) wins among
  /// equals.
  [[nodiscard]] std::optional<Stroke> find(std::uint32_t keysym, std::uint8_t group, std::uint8_t state,
                                           std::uint8_t preferred) const;
  /// The keysym a key gives in this state.
  [[nodiscard]] std::uint32_t translate(std::uint8_t keycode, std::uint8_t group, std::uint8_t state) const;
  [[nodiscard]] bool has_key(std::uint8_t keycode) const;
  /// The modifiers that holding this key sets.
  [[nodiscard]] std::uint8_t modifiers_of(std::uint8_t keycode) const { return modifiers_[keycode]; }
  /// A key that sets exactly this modifier while held; 0 if there is none.
  [[nodiscard]] std::uint8_t key_for_modifier(std::uint8_t modifier) const;
  /// The modifier of Num Lock; 0 if there is none.
  [[nodiscard]] std::uint8_t num_lock_mask() const;
  /// Keycodes without any symbol or modifier, highest first.
  [[nodiscard]] std::vector<std::uint8_t> spares() const;

 private:
  [[nodiscard]] KeyRow const* row(std::uint8_t keycode) const;
  [[nodiscard]] static std::uint8_t group_of(KeyRow const& row, std::uint8_t group);

  std::uint8_t first_ = 8;
  std::vector<Type> types_;
  std::vector<KeyRow> rows_;
  std::array<std::uint8_t, 256> modifiers_{};
};

/// Whether the server runs its built-in default map, not one that somebody chose.
[[nodiscard]] bool has_default_keymap(XConnection& connection);
/// Loads our map (evdev, US with accented letters and € on AltGr) and names it on the root window. The server
/// compiles it.
Result<> load_keymap(XConnection& connection);

}  // namespace oriel::display::x11
