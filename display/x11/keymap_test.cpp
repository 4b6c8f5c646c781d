#include "display/x11/keymap.h"

#include <gtest/gtest.h>

#include "display/x11/keysyms.h"

namespace oriel::display::x11 {
namespace {

constexpr std::uint8_t kMod5Mask = 128;
constexpr std::uint8_t kNumMask = 16;

// A keyboard of a few keys: a/A with four levels, 1/!, keypad 1, Shift, AltGr, Num Lock, one spare.
Keymap small_map() {
  Keymap::Type const one{0, 1, {}};
  Keymap::Type const two{kShiftMask, 2, {{kShiftMask, 1}}};
  Keymap::Type const alphabetic{kShiftMask | kLockMask, 2, {{kShiftMask, 1}, {kLockMask, 1}}};
  Keymap::Type const four{kShiftMask | kLockMask | kMod5Mask,
                          4,
                          {{kShiftMask, 1}, {kLockMask, 1}, {kMod5Mask, 2}, {kShiftMask | kMod5Mask, 3}}};
  Keymap::Type const keypad{kShiftMask | kNumMask, 2, {{kShiftMask, 1}, {kNumMask, 1}}};
  std::vector<Keymap::Type> types{one, two, alphabetic, four, keypad};
  std::vector<Keymap::KeyRow> rows{
      {{3, 0, 0, 0}, 1, 0, 4, {'a', 'A', 0xe4, 0xc4}},  // 8
      {{1, 0, 0, 0}, 1, 0, 2, {'1', '!'}},              // 9
      {{4, 0, 0, 0}, 1, 0, 2, {0xff9c, 0xffb1}},        // 10: KP_End, KP_1
      {{0, 0, 0, 0}, 1, 0, 1, {kShiftLeft}},            // 11
      {{0, 0, 0, 0}, 1, 0, 1, {kLevel3Shift}},          // 12
      {{0, 0, 0, 0}, 1, 0, 1, {kNumLock}},              // 13
      {},                                               // 14: spare
      {{0, 0, 0, 0}, 1, 0, 1, {0x20ac}},                // 15: EuroSign by its old name
      {{1, 1, 0, 0}, 2, 0, 2, {'z', 'Z', 'y', 'Y'}},    // 16: two groups
      {{0, 0, 0, 0}, 1, 0, 1, {kLevel3Shift}},          // 17: AltGr again, without a modifier of its own
  };
  std::array<std::uint8_t, 256> modifiers{};
  modifiers[11] = kShiftMask;
  modifiers[12] = kMod5Mask;
  modifiers[13] = kNumMask;
  return {8, std::move(types), std::move(rows), modifiers};
}

TEST(Keymap, FindsTheLevelThatChangesLeast) {
  Keymap const map = small_map();
  auto const stroke = map.find('A', 0, 0, 0);
  ASSERT_TRUE(stroke);
  EXPECT_EQ(stroke->keycode, 8);
  EXPECT_EQ(stroke->wanted, kShiftMask);
  // With Caps Lock on, A needs nothing.
  EXPECT_EQ(map.find('A', 0, kLockMask, 0)->wanted, kLockMask);
  // a with Shift held needs Shift away.
  auto const lower = map.find('a', 0, kShiftMask, 0);
  EXPECT_EQ((kShiftMask ^ lower->wanted) & lower->relevant, kShiftMask);
  // ä needs AltGr, Ä both.
  EXPECT_EQ(map.find(0xe4, 0, 0, 0)->wanted, kMod5Mask);
  EXPECT_EQ(map.find(0xc4, 0, kShiftMask, 0)->wanted, kMod5Mask | kShiftMask);
  // Keypad digits: as they are with Num Lock, else with Shift rather than by changing the lock.
  EXPECT_EQ(map.find(0xffb1, 0, kNumMask, 0)->wanted, kNumMask);
  EXPECT_EQ(map.find(0xffb1, 0, 0, 0)->wanted, kShiftMask);
  EXPECT_FALSE(map.find('q', 0, 0, 0));
}

TEST(Keymap, KnowsCharactersByBothNames) {
  Keymap const map = small_map();
  EXPECT_EQ(map.find(0x010020ac, 0, 0, 0)->keycode, 15);
  EXPECT_EQ(map.find(0x010000e4, 0, 0, 0)->keycode, 8);
}

TEST(Keymap, FollowsTheGroup) {
  Keymap const map = small_map();
  EXPECT_TRUE(map.find('z', 0, 0, 0));
  EXPECT_FALSE(map.find('z', 1, 0, 0));
  EXPECT_EQ(map.find('Y', 1, 0, 0)->wanted, kShiftMask);
  EXPECT_TRUE(map.find('a', 1, 0, 0));  // One group: the other wraps to it.
  EXPECT_EQ(map.translate(16, 1, kShiftMask), std::uint32_t{'Y'});
}

TEST(Keymap, KnowsModifiersAndSpares) {
  Keymap const map = small_map();
  EXPECT_EQ(map.key_for_modifier(kShiftMask), 11);
  EXPECT_EQ(map.key_for_modifier(kMod5Mask), 12);
  EXPECT_EQ(map.key_for_modifier(kControlMask), 0);
  EXPECT_EQ(map.modifiers_of(17), kMod5Mask);
  EXPECT_EQ(map.modifiers_of(8), 0);
  EXPECT_EQ(map.num_lock_mask(), kNumMask);
  EXPECT_EQ(map.spares(), std::vector<std::uint8_t>{14});
  EXPECT_FALSE(map.has_key(14));
  EXPECT_FALSE(map.has_key(200));
}

TEST(Keysyms, TranslateBothWays) {
  EXPECT_EQ(character_of('a'), U'a');
  EXPECT_EQ(character_of(0xe9), U'é');
  EXPECT_EQ(character_of(0x20ac), U'€');
  EXPECT_EQ(character_of(0x06c1), U'а');  // Cyrillic_a
  EXPECT_EQ(character_of(0x01004e2d), U'中');
  EXPECT_EQ(character_of(kReturn), 0U);
  EXPECT_EQ(keysym_of(U'é'), 0xe9U);
  EXPECT_EQ(keysym_of(U'中'), 0x01004e2dU);
  EXPECT_EQ(keysym_of(U'\n'), kReturn);
  EXPECT_EQ(keysym_of(0x01), kNoSymbol);
  EXPECT_TRUE(same_keysym(0x06c1, 0x01000430));
  EXPECT_FALSE(same_keysym(kNoSymbol, kNoSymbol));
  EXPECT_EQ(keysyms_of("aé€😀\r\n"),
            (std::vector<std::uint32_t>{'a', 0xe9, 0x010020ac, 0x0101f600, kReturn}));
  EXPECT_EQ(keysyms_of("a\xff\xc3"), (std::vector<std::uint32_t>{'a'}));
}

}  // namespace
}  // namespace oriel::display::x11
