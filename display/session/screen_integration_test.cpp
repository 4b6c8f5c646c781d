// The picture, from an X client's drawing to a viewer's pixels, through the real server and a real X server.
#include <chrono>
#include <csignal>
#include <thread>

#include <gtest/gtest.h>
#include <unistd.h>
#include <xcb/xfixes.h>

#include "display/encode/wire.h"
#include "display/testing/display_session.h"

namespace oriel::display {
namespace {

using namespace std::chrono_literals;
using protocol::Message;
using testing::DisplaySession;
using testing::InputClient;
using testing::StreamClient;
using testing::ViewerClient;
using testing::XClient;
using testing::XServerProcess;

std::string viewer_id(int number) { return "0123456789abcdef0123456789abcde" + std::to_string(number); }

class Screen : public ::testing::TestWithParam<XServerProcess::Kind> {
 protected:
  void SetUp() override {
    session_ = DisplaySession::start(ORIEL_DISPLAY_BINARY, GetParam());
    if (!session_) GTEST_SKIP() << "no X server of this kind here";
  }

  std::unique_ptr<ViewerClient> view(StreamClient::Credentials const& credentials = {}) {
    auto viewer = ViewerClient::open(session_->socket(), credentials);
    EXPECT_TRUE(viewer) << viewer.error().message;
    return viewer ? std::move(*viewer) : nullptr;
  }

  std::unique_ptr<DisplaySession> session_;
};

INSTANTIATE_TEST_SUITE_P(X, Screen,
                         ::testing::Values(XServerProcess::Kind::kXvfb, XServerProcess::Kind::kXorg),
                         [](auto const& kind) {
                           return kind.param == XServerProcess::Kind::kXvfb ? "Xvfb" : "Xorg";
                         });

TEST_P(Screen, ShowsTheWallpaperFirst) {
  auto const viewer = view();
  ASSERT_TRUE(viewer->next_frame(3s));
  std::uint8_t const* const top = viewer->decoder().frame_buffer();
  std::uint8_t const* const bottom =
      top + (std::size_t{viewer->decoder().width()} * viewer->decoder().height() - 1) * 4;
  EXPECT_GT(top[2], 30);  // The gradient's top.
  EXPECT_LT(bottom[2], 30);
  XClient client(session_->x_server().display());
  EXPECT_EQ(testing::difference_after_settling(*viewer, client), 0U);
  auto const pixmap = client.connection().reply<xcb_get_property_reply_t>(
      xcb_get_property(client.get(), 0, client.connection().root(), client.connection().atom("_XROOTPMAP_ID"),
                       XCB_ATOM_PIXMAP, 0, 1));
  ASSERT_TRUE(pixmap);
  EXPECT_EQ(xcb_get_property_value_length(pixmap.get()), 4);
}

TEST_P(Screen, IsExactWhateverIsDrawn) {
  auto const viewer = view();
  XClient client(session_->x_server().display());
  auto const window = client.make_window({101, 53, 777, 555});
  for (std::uint32_t round = 0; round < 60; ++round) {
    client.fill(window, {round * 9 % 700, round * 31 % 500, 1 + round % 70, 1 + round * 3 % 50},
                round * 0x12345);
    if (round % 7 == 0) client.noise(window, {round * 5, round * 3, 100, 60}, round);
    if (round % 5 == 0) {
      std::uint32_t const place[2] = {101 + round, 53 + round / 2};
      xcb_configure_window(client.get(), window, XCB_CONFIG_WINDOW_X | XCB_CONFIG_WINDOW_Y, place);
      client.connection().flush();
    }
    ASSERT_TRUE(viewer->settle(2ms));
  }
  EXPECT_EQ(testing::difference_after_settling(*viewer, client), 0U);
  EXPECT_LE(viewer->stream().largest_message(), protocol::kMessageTarget);
}

TEST_P(Screen, ChangesItsSizeWithTheViewersWindow) {
  auto const viewer = view();
  auto input = InputClient::open(session_->socket());
  ASSERT_TRUE(input);
  XClient client(session_->x_server().display());
  auto const window = client.make_window({10, 10, 300, 200});
  client.noise(window, {0, 0, 300, 200}, 5);
  for (auto const& [width, height] :
       {std::pair{1111, 777}, std::pair{640, 480}, std::pair{1280, 800}, std::pair{801, 601}}) {
    (*input)->size(static_cast<std::uint16_t>(width), static_cast<std::uint16_t>(height));
    for (int tries = 0; tries < 30 && viewer->decoder().width() != static_cast<std::uint32_t>(width); ++tries)
      ASSERT_TRUE(viewer->settle(50ms));
    EXPECT_EQ(viewer->decoder().width(), static_cast<std::uint32_t>(width));
    EXPECT_EQ(viewer->decoder().height(), static_cast<std::uint32_t>(height));
    EXPECT_EQ(testing::difference_after_settling(*viewer, client), 0U) << width;
  }
  if (GetParam() == XServerProcess::Kind::kXorg) {
    (*input)->size(2560, 1600);  // Larger than it started.
    for (int tries = 0; tries < 30 && viewer->decoder().width() != 2560; ++tries)
      ASSERT_TRUE(viewer->settle(50ms));
    EXPECT_EQ(viewer->decoder().width(), 2560U);
    EXPECT_EQ(testing::difference_after_settling(*viewer, client), 0U);
  }
}

TEST_P(Screen, SleepsWhileNothingMoves) {
  auto const viewer = view();
  XClient client(session_->x_server().display());
  auto const window = client.make_window({10, 10, 300, 200});
  client.fill(window, {0, 0, 50, 50}, 0xff0000);
  ASSERT_TRUE(viewer->settle(1500ms));
  auto const bytes = viewer->stream().received_bytes();
  long const sleeps = testing::sleeps_of(session_->display().pid());
  EXPECT_EQ(viewer->next_frame(2s).error().code, Code::kTimeout);
  EXPECT_EQ(viewer->stream().received_bytes(), bytes);
  EXPECT_EQ(testing::sleeps_of(session_->display().pid()), sleeps);
}

TEST_P(Screen, ResumesWithoutSendingThePictureAgain) {
  auto viewer = view();
  XClient client(session_->x_server().display());
  auto const window = client.make_window({10, 10, 600, 400});
  client.noise(window, {0, 0, 600, 400}, 1);
  ASSERT_EQ(testing::difference_after_settling(*viewer, client), 0U);
  auto const end = viewer->decoder().end();
  // Lost without a goodbye; meanwhile something is drawn.
  Bytes const before(viewer->decoder().frame_buffer(),
                     viewer->decoder().frame_buffer() + std::size_t{1280} * 800 * 4);
  viewer.reset();
  client.fill(window, {100, 100, 20, 20}, 0x00ff00);
  client.sync();
  std::this_thread::sleep_for(50ms);

  StreamClient::Credentials credentials;
  credentials.query = "?epoch=" + std::to_string(end.epoch) + "&frame=" + std::to_string(end.frame);
  auto again = StreamClient::open(session_->socket(), "display", credentials);
  ASSERT_TRUE(again);
  bool kept = false;
  for (;;) {
    auto const message = (*again)->next(2s);
    ASSERT_TRUE(message);
    if (message->type == static_cast<std::uint8_t>(Message::kReset)) {
      kept = message->body[4] == 1;
      EXPECT_NE(message->body, testing::StreamClient::Incoming{}.body);
    }
    if (message->type == static_cast<std::uint8_t>(Message::kEnd)) break;
  }
  EXPECT_TRUE(kept);
  EXPECT_LT((*again)->received_bytes(), 8000U);  // 600x400 of noise would be 700 kB.

  credentials.query = "?epoch=" + std::to_string(end.epoch + 1000) + "&frame=1";
  auto other = StreamClient::open(session_->socket(), "display", credentials);
  ASSERT_TRUE(other);
  for (;;) {
    auto const message = (*other)->next(2s);
    ASSERT_TRUE(message);
    if (message->type != static_cast<std::uint8_t>(Message::kReset)) continue;
    EXPECT_EQ(message->body[4], 0);
    break;
  }
}

TEST_P(Screen, ShowsTheSameToSeveralViewers) {
  std::vector<std::unique_ptr<ViewerClient>> viewers;
  for (int number = 0; number < 5; ++number) {
    StreamClient::Credentials credentials;
    credentials.viewer = viewer_id(number);
    viewers.push_back(view(credentials));
  }
  StreamClient::Credentials sixth;
  sixth.viewer = viewer_id(6);
  auto const refused = ViewerClient::open(session_->socket(), sixth);
  ASSERT_FALSE(refused);
  EXPECT_NE(refused.error().message.find("503"), std::string::npos);
  EXPECT_NE(refused.error().message.find("viewers"), std::string::npos);

  XClient client(session_->x_server().display());
  auto const window = client.make_window({10, 10, 300, 200});
  for (std::uint32_t round = 0; round < 20; ++round) {
    client.noise(window, {round * 5, round * 3, 40, 30}, round);
    for (auto& viewer : viewers) ASSERT_TRUE(viewer->settle(1ms));
  }
  for (auto& viewer : viewers) EXPECT_EQ(testing::difference_after_settling(*viewer, client), 0U);
}

TEST_P(Screen, WaitsForAcknowledgementsAndSkipsStates) {
  auto const viewer = view();
  XClient client(session_->x_server().display());
  auto const window = client.make_window({10, 10, 300, 200});
  ASSERT_TRUE(viewer->settle(300ms));
  viewer->set_acknowledging(false);
  int frames = 0;
  for (std::uint32_t round = 0; round < 30; ++round) {
    client.fill(window, {0, 0, 100, 100}, round * 0x010203);
    if (viewer->next_frame(20ms)) ++frames;
  }
  EXPECT_EQ(frames, 2);
  viewer->set_acknowledging(true);
  viewer->acknowledge();
  EXPECT_EQ(testing::difference_after_settling(*viewer, client), 0U);
}

TEST_P(Screen, SendsNothingToAHiddenPage) {
  auto const viewer = view();
  XClient client(session_->x_server().display());
  auto const window = client.make_window({10, 10, 300, 200});
  ASSERT_TRUE(viewer->settle(700ms));
  viewer->stream().send(Message::kView, {0});
  std::this_thread::sleep_for(50ms);
  client.fill(window, {0, 0, 100, 100}, 0x123456);
  EXPECT_FALSE(viewer->next_frame(300ms));
  viewer->stream().send(Message::kView, {protocol::kViewVisible});
  EXPECT_EQ(testing::difference_after_settling(*viewer, client), 0U);
}

TEST_P(Screen, IsReadyWithTheFirstApplicationWindow) {
  auto const viewer = view();
  XClient client(session_->x_server().display());
  ASSERT_TRUE(viewer->settle(200ms));
  auto const state = [&viewer] {
    return std::string(as_text(viewer->last().at(static_cast<std::uint8_t>(Message::kState))));
  };
  EXPECT_NE(state().find(R"("state":"starting")"), std::string::npos) << state();
  EXPECT_EQ(viewer->decoder().end().flags & protocol::kEndReady, 0);
  auto const splash = client.make_window({10, 10, 300, 200}, true);
  client.noise(splash, {0, 0, 300, 200}, 3);
  ASSERT_TRUE(viewer->settle(900ms));
  EXPECT_NE(state().find(R"("state":"starting")"), std::string::npos) << state();
  auto const window = client.make_window({400, 10, 300, 200});
  ASSERT_TRUE(viewer->settle(100ms));
  client.noise(window, {0, 0, 300, 200}, 4);
  ASSERT_TRUE(viewer->settle(200ms));
  EXPECT_NE(state().find(R"("state":"running")"), std::string::npos) << state();
  EXPECT_EQ(viewer->decoder().end().flags, protocol::kEndReady | protocol::kEndExact);
}

TEST_P(Screen, SendsTheCursor) {
  auto const viewer = view();
  XClient client(session_->x_server().display());
  ASSERT_TRUE(viewer->settle(200ms));
  auto const type = static_cast<std::uint8_t>(Message::kCursor);
  ASSERT_TRUE(viewer->last().contains(type));
  auto const before = viewer->last().at(type);
  // A full-screen window with a hand from the cursor font.
  auto const window = client.make_window({0, 0, 1280, 800});
  xcb_font_t const font = client.connection().new_id();
  xcb_cursor_t const cursor = client.connection().new_id();
  xcb_open_font(client.get(), font, 6, "cursor");
  xcb_create_glyph_cursor(client.get(), cursor, font, font, 58, 59, 0, 0, 0, 65535, 65535, 65535);
  xcb_change_window_attributes(client.get(), window, XCB_CW_CURSOR, &cursor);
  client.sync();
  ASSERT_TRUE(viewer->settle(300ms));
  auto const after = viewer->last().at(type);
  EXPECT_NE(before, after);
  std::uint32_t const width = after[8] | static_cast<std::uint32_t>(after[9]) << 8;
  std::uint32_t const height = after[10] | static_cast<std::uint32_t>(after[11]) << 8;
  EXPECT_GT(width, 0U);
  EXPECT_EQ(after.size(), 12 + width * height * 4);
}

TEST_P(Screen, ClosesOnProtocolErrors) {
  auto const close_code = [this](std::string const& route, auto&& send) {
    StreamClient::Credentials credentials;
    credentials.viewer = viewer_id(7);
    auto stream = StreamClient::open(session_->socket(), route, credentials);
    EXPECT_TRUE(stream);
    send(**stream);
    for (;;)
      if (auto const message = (*stream)->next(2s); !message) break;
    return (*stream)->close_code();
  };
  EXPECT_EQ(close_code("display", [](StreamClient& stream) { stream.send(Message::kAck, Bytes(11)); }), 4003);
  EXPECT_EQ(close_code("display", [](StreamClient& stream) { stream.send(static_cast<Message>(0x33), {}); }),
            4003);
  EXPECT_EQ(close_code("input", [](StreamClient& stream) { stream.send(Message::kKey, Bytes(5)); }), 4003);
  EXPECT_EQ(close_code("input", [](StreamClient& stream) { stream.send(Message::kAck, Bytes(12)); }), 4003);
  EXPECT_EQ(close_code("display",
                       [](StreamClient& stream) {
                         for (;;) {
                           auto const message = stream.next(2s);
                           if (!message || message->type == static_cast<std::uint8_t>(Message::kReset)) {
                             Bytes ack(message->body.begin(), message->body.begin() + 4);
                             wire::put_u32(ack, 4000);  // A frame from the future.
                             wire::put_u32(ack, 0);
                             stream.send(Message::kAck, ack);
                             return;
                           }
                         }
                       }),
            4003);
  // Unknown optional types are skipped.
  auto const viewer = view();
  viewer->stream().send(static_cast<Message>(0x90), {1, 2, 3});
  viewer->stream().send(Message::kPing, {1, 2, 3, 4});
  (void)viewer->settle(200ms);
  EXPECT_EQ(viewer->last().at(static_cast<std::uint8_t>(Message::kPong)), (Bytes{1, 2, 3, 4}));
}

TEST_P(Screen, EnforcesRolesAndExpiry) {
  StreamClient::Credentials watcher;
  watcher.role = "view";
  EXPECT_TRUE(StreamClient::open(session_->socket(), "display", watcher));
  auto const refused = StreamClient::open(session_->socket(), "input", watcher);
  ASSERT_FALSE(refused);
  EXPECT_NE(refused.error().message.find("403"), std::string::npos);
  StreamClient::Credentials mute;
  mute.permissions = "";
  EXPECT_FALSE(StreamClient::open(session_->socket(), "input", mute));
  EXPECT_FALSE(StreamClient::open(session_->socket(), "clipboard", mute));
  EXPECT_FALSE(StreamClient::open(session_->socket(), "files", {}));

  auto const now =
      std::chrono::duration_cast<std::chrono::seconds>(std::chrono::system_clock::now().time_since_epoch())
          .count();
  StreamClient::Credentials expiring;
  expiring.expires = std::to_string(now);
  EXPECT_FALSE(StreamClient::open(session_->socket(), "display", expiring));
  expiring.expires = std::to_string(now + 2);
  auto stream = StreamClient::open(session_->socket(), "display", expiring);
  ASSERT_TRUE(stream);
  auto const start = std::chrono::steady_clock::now();
  for (;;)
    if (!(*stream)->next(4s)) break;
  EXPECT_EQ((*stream)->close_code(), 4002);
  EXPECT_LT(std::chrono::steady_clock::now() - start, 3s);
}

TEST_P(Screen, SaysGoodbyeWhenItStops) {
  auto const viewer = view();
  ASSERT_TRUE(viewer->settle(200ms));
  kill(session_->display().pid(), SIGTERM);
  EXPECT_FALSE(viewer->settle(1s));
  EXPECT_EQ(viewer->stream().close_code(), 1012);
}

}  // namespace
}  // namespace oriel::display
