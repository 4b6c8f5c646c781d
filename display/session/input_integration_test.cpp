// Keys, text, pointer and wheel, from a viewer's message to an X client's events.
#include <array>
#include <chrono>
#include <thread>

#include <gtest/gtest.h>

#include "display/testing/display_session.h"
#include "display/x11/keymap.h"
#include "display/x11/keysyms.h"
#include "display/x11/xkb.h"

namespace oriel::display {
namespace {

using namespace std::chrono_literals;
using testing::DisplaySession;
using testing::InputClient;
using testing::XClient;
using testing::XServerProcess;

// An application that reads its keyboard as X clients do: with the map it holds when the key arrives.
class Application {
 public:
  explicit Application(std::string const& display) : client_(display) {
    window_ = client_.make_window({0, 0, 400, 300});
    xcb_set_input_focus(client_.get(), XCB_INPUT_FOCUS_POINTER_ROOT, window_, XCB_CURRENT_TIME);
    auto const used =
        client_.connection().reply<xcb_xkb_use_extension_reply_t>(xcb_xkb_use_extension(client_.get(), 1, 0));
    EXPECT_TRUE(used && used->supported);
    constexpr std::uint16_t kCoreKeyboard = 0x0100;
    constexpr std::uint16_t kEvents = XCB_XKB_EVENT_TYPE_MAP_NOTIFY | XCB_XKB_EVENT_TYPE_NEW_KEYBOARD_NOTIFY;
    xcb_xkb_select_events(client_.get(), kCoreKeyboard, kEvents, 0, kEvents, 0xff, 0xff, nullptr);
    xkb_event_ = xcb_get_extension_data(client_.get(), &xcb_xkb_id)->first_event;
    client_.sync();
  }

  // The characters of the key presses that come within `wait` of each other.
  std::u32string typed(std::chrono::milliseconds wait = 400ms) {
    std::u32string text;
    for_each_event(wait, [&](xcb_generic_event_t const& event) {
      auto const& key = reinterpret_cast<xcb_key_press_event_t const&>(event);
      auto const type = event.response_type & 0x7f;
      if (type == xkb_event_) map_ = std::nullopt;
      if (type == XCB_KEY_RELEASE) --balance_;
      if (type != XCB_KEY_PRESS) return;
      ++balance_;
      if (!map_) {
        auto read = x11::Keymap::read(client_.connection());
        ASSERT_TRUE(read);
        map_ = std::move(*read);
      }
      std::uint32_t const keysym = map_->translate(key.detail, static_cast<std::uint8_t>(key.state >> 13 & 3),
                                                   static_cast<std::uint8_t>(key.state));
      states_.push_back(key.state);
      if (auto const character = x11::character_of(keysym); character != 0) text.push_back(character);
      keysyms_.push_back(keysym);
    });
    return text;
  }

  template <typename Take>
  void for_each_event(std::chrono::milliseconds wait, Take take) {
    auto last = std::chrono::steady_clock::now();
    while (std::chrono::steady_clock::now() - last < wait) {
      auto const event = client_.connection().next_event();
      if (!event) {
        std::this_thread::sleep_for(1ms);
        continue;
      }
      last = std::chrono::steady_clock::now();
      take(*event);
    }
  }

  XClient& client() { return client_; }
  std::vector<std::uint32_t>& keysyms() { return keysyms_; }
  std::vector<std::uint16_t>& states() { return states_; }
  [[nodiscard]] int balance() const { return balance_; }

 private:
  XClient client_;
  xcb_window_t window_ = 0;
  std::uint8_t xkb_event_ = 0;
  std::optional<x11::Keymap> map_;
  std::vector<std::uint32_t> keysyms_;
  std::vector<std::uint16_t> states_;
  int balance_ = 0;
};

class InputTest : public ::testing::TestWithParam<XServerProcess::Kind> {
 protected:
  void SetUp() override {
    session_ = DisplaySession::start(ORIEL_DISPLAY_BINARY, GetParam());
    if (!session_) GTEST_SKIP() << "no X server of this kind here";
    auto input = InputClient::open(session_->socket());
    ASSERT_TRUE(input);
    input_ = std::move(*input);
    application_ = std::make_unique<Application>(session_->x_server().display());
  }

  void press(std::uint32_t keysym, std::uint16_t code = 0, std::uint8_t modifiers = 0) {
    input_->key(true, keysym, code, modifiers);
    input_->key(false, keysym, code, modifiers);
  }

  std::unique_ptr<DisplaySession> session_;
  std::unique_ptr<InputClient> input_;
  std::unique_ptr<Application> application_;
};

INSTANTIATE_TEST_SUITE_P(X, InputTest,
                         ::testing::Values(XServerProcess::Kind::kXvfb, XServerProcess::Kind::kXorg),
                         [](auto const& kind) {
                           return kind.param == XServerProcess::Kind::kXvfb ? "Xvfb" : "Xorg";
                         });

TEST_P(InputTest, TypesEveryCharacterOfCommonLayouts) {
  // What US, German and French keyboards type, with and without Shift and AltGr.
  std::u32string const characters =
      U"`1234567890-=qwertyuiop[]\\asdfghjkl;'zxcvbnm,./~!@#$%^&*()_+QWERTYUIOP{}|ASDFGHJKL:\"ZXCVBNM<>? "
      U"^ß´üöä#<°§ÜÖÄ'>²³{[]}\\~|@€µ"
      U"²&é\"'(-è_çà)=^$ù*<,;:!°+¨£%µ§/.?¤éÉèÈàÀçÇùÙêÊëËîÎïÏôÔœŒæÆñÑ¿¡åÅøØ";
  std::u32string expected;
  for (auto const character : characters) {
    press(x11::keysym_of(character));
    expected.push_back(character);
  }
  EXPECT_EQ(application_->typed(700ms), expected);
  EXPECT_EQ(application_->balance(), 0);
}

TEST_P(InputTest, TypesWithTheViewersOwnModifiersHeld) {
  // A German viewer: Shift held for capitals and /, AltGr held for @ and €; the session's layout needs
  // others.
  input_->key(true, x11::kShiftLeft, 42, 1);
  press('A', 30, 1);
  press('/', 8, 1);
  press(0xc4, 40, 1);
  input_->key(false, x11::kShiftLeft, 42, 0);
  input_->key(true, x11::kLevel3Shift, 100, 64);
  press('@', 16, 64);
  press(0x010020ac, 18, 64);
  press('{', 8, 64);
  input_->key(false, x11::kLevel3Shift, 100, 0);
  press('a', 30, 0);
  EXPECT_EQ(application_->typed(), U"A/Ä@€{a");
  EXPECT_EQ(application_->balance(), 0);
}

TEST_P(InputTest, TypesCharactersThatNoLayoutHas) {
  for (char32_t const character : std::u32string_view(U"中文Жя한😀")) press(x11::keysym_of(character));
  EXPECT_EQ(application_->typed(800ms), U"中文Жя한😀");
  EXPECT_EQ(application_->balance(), 0);
}

TEST_P(InputTest, TypesText) {
  input_->text("Hello, Wörld! naïve façade – 你好世界 こんにちは\nДобрый день\t");
  EXPECT_EQ(application_->typed(1000ms), U"Hello, Wörld! naïve façade – 你好世界 こんにちはДобрый день");
  auto const& keysyms = application_->keysyms();
  EXPECT_EQ(std::count(keysyms.begin(), keysyms.end(), x11::kReturn), 1);
  EXPECT_EQ(std::count(keysyms.begin(), keysyms.end(), x11::kTab), 1);
  EXPECT_EQ(application_->balance(), 0);
}

TEST_P(InputTest, TypesMoreUnknownCharactersThanThereAreSpareKeys) {
  std::string text;
  std::u32string expected;
  for (char32_t character = 0x4e00; character < 0x4e00 + 60; ++character) {
    expected.push_back(character);
    text.push_back(static_cast<char>(0xe0 | character >> 12));
    text.push_back(static_cast<char>(0x80 | (character >> 6 & 0x3f)));
    text.push_back(static_cast<char>(0x80 | (character & 0x3f)));
  }
  input_->text(text);
  EXPECT_EQ(application_->typed(1500ms), expected);
}

TEST_P(InputTest, KeepsShortcutsOnTheirKeys) {
  // Ctrl+С (Cyrillic) on the key of c.
  input_->key(true, 0xffe3, 29, 2);
  press(0x01000441, 46, 2);
  input_->key(false, 0xffe3, 29, 0);
  EXPECT_EQ(application_->typed(), U"c");
  EXPECT_EQ(application_->states().back() & 4, 4);
}

TEST_P(InputTest, FollowsTheViewersLocks) {
  press('A', 30, protocol::kCaps);
  press('a', 30, 0);
  press('5', 6, protocol::kCaps);
  press(0xffb5, 76, protocol::kNum);  // KP_5
  EXPECT_EQ(application_->typed(), U"Aa5");
  ASSERT_EQ(application_->states().size(), 4U);
  EXPECT_EQ(application_->states()[0], 2);
  EXPECT_EQ(application_->states()[1], 0);
  EXPECT_EQ(application_->states()[2], 2);
  EXPECT_EQ(application_->states()[3], 16);
  EXPECT_EQ(application_->keysyms()[3], 0xffb5U);
}

TEST_P(InputTest, ReleasesWhatAViewerHeldWhenItLeaves) {
  input_->key(true, 'x', 45);
  input_->key(true, x11::kShiftLeft, 42, 1);
  input_->pointer(50, 50, 1);
  EXPECT_EQ(application_->typed(200ms), U"x");
  EXPECT_EQ(application_->balance(), 2);
  input_.reset();
  EXPECT_EQ(application_->typed(400ms), U"");
  EXPECT_EQ(application_->balance(), 0);
  auto const pointer = application_->client().connection().reply<xcb_query_pointer_reply_t>(
      xcb_query_pointer(application_->client().get(), application_->client().connection().root()));
  ASSERT_TRUE(pointer);
  EXPECT_EQ(pointer->mask, 0);
}

TEST_P(InputTest, MovesAndClicks) {
  input_->pointer(123, 45, 0);
  input_->pointer(123, 45, 0b10001);
  input_->pointer(130, 45, 0b10000);
  input_->pointer(130, 45, 0);
  input_->pointer(60000, 60000, 0);
  std::vector<int> events;
  application_->for_each_event(300ms, [&events](xcb_generic_event_t const& event) {
    auto const& button = reinterpret_cast<xcb_button_press_event_t const&>(event);
    if (event.response_type == XCB_BUTTON_PRESS) events.push_back(button.detail);
    if (event.response_type == XCB_BUTTON_RELEASE) events.push_back(-button.detail);
    if (event.response_type == XCB_BUTTON_PRESS) EXPECT_EQ(button.root_x, 123);
  });
  EXPECT_EQ(events, (std::vector<int>{1, 9, -1, -9}));
  auto const pointer = application_->client().connection().reply<xcb_query_pointer_reply_t>(
      xcb_query_pointer(application_->client().get(), application_->client().connection().root()));
  EXPECT_EQ(pointer->root_x, 1279);
  EXPECT_EQ(pointer->root_y, 799);
}

TEST_P(InputTest, AddsUpTheWheel) {
  for (int index = 0; index < 6; ++index) input_->wheel(10, 10, 0, 40);  // Two clicks down.
  input_->wheel(10, 10, 0, 60);
  input_->wheel(10, 10, 0, -120);  // Turned back: one click up at once.
  input_->wheel(10, 10, -240, 0);
  std::vector<int> clicks;
  application_->for_each_event(300ms, [&clicks](xcb_generic_event_t const& event) {
    if (event.response_type == XCB_BUTTON_PRESS)
      clicks.push_back(reinterpret_cast<xcb_button_press_event_t const&>(event).detail);
  });
  EXPECT_EQ(clicks, (std::vector<int>{5, 5, 4, 6, 6}));
}

TEST_P(InputTest, FollowsAMapThatAnApplicationLoads) {
  // As setxkbmap would: z and y change places.
  auto& client = application_->client();
  std::uint32_t const z[2] = {'z', 'Z'};
  std::uint32_t const y[2] = {'y', 'Y'};
  xcb_change_keyboard_mapping(client.get(), 1, 29, 2, z);
  xcb_change_keyboard_mapping(client.get(), 1, 52, 2, y);
  client.sync();
  std::this_thread::sleep_for(100ms);
  for (char const character : std::string_view("xyzZY")) press(static_cast<std::uint32_t>(character));
  EXPECT_EQ(application_->typed(), U"xyzZY");
}

TEST_P(InputTest, IgnoresTheBrowsersOwnRepeats) {
  input_->key(true, 'r', 19);
  for (int index = 0; index < 5; ++index) input_->key(true, 'r', 19);
  input_->key(false, 'r', 19);
  EXPECT_EQ(application_->typed(200ms), U"r");
}

}  // namespace
}  // namespace oriel::display
