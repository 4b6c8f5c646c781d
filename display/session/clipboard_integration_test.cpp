// The clipboard, both ways, with X clients as owners and requestors.
#include <algorithm>
#include <chrono>
#include <functional>
#include <thread>

#include <gtest/gtest.h>

#include "display/encode/wire.h"
#include "display/testing/display_session.h"

namespace oriel::display {
namespace {

using namespace std::chrono_literals;
using protocol::Message;
using testing::DisplaySession;
using testing::StreamClient;
using testing::XClient;

class Clipboard : public ::testing::Test {
 protected:
  void SetUp() override {
    session_ = DisplaySession::start(ORIEL_DISPLAY_BINARY);
    if (!session_) GTEST_SKIP() << "no Xvfb here";
    stream_ = open({});
    client_ = std::make_unique<XClient>(session_->x_server().display());
    window_ = client_->make_window({0, 0, 20, 20});
    auto& connection = client_->connection();
    clipboard_ = connection.atom("CLIPBOARD");
    utf8_ = connection.atom("UTF8_STRING");
    property_ = connection.atom("TEST");
    incremental_ = connection.atom("INCR");
  }

  std::unique_ptr<StreamClient> open(std::string const& permissions) {
    StreamClient::Credentials credentials;
    if (!permissions.empty()) credentials.permissions = permissions;
    credentials.viewer[0] = static_cast<char>('0' + opened_++);
    auto stream = StreamClient::open(session_->socket(), "clipboard", credentials);
    EXPECT_TRUE(stream);
    return std::move(*stream);
  }

  static Bytes text_body(std::string_view text) {
    Bytes body;
    wire::put_u32(body, 1);
    wire::put_text(body, text);
    return body;
  }

  // What an application gets that asks for the clipboard as `target`, once a viewer's text is there.
  std::string paste_when_there(xcb_atom_t target) {
    std::string text = paste(target);
    for (int tries = 0; tries < 60 && text == "(refused)"; ++tries) {
      std::this_thread::sleep_for(50ms);
      text = paste(target);
    }
    return text;
  }

  std::string paste(xcb_atom_t target) {
    auto& connection = client_->connection();
    xcb_convert_selection(client_->get(), window_, clipboard_, target, property_, XCB_CURRENT_TIME);
    connection.flush();
    auto const deadline = std::chrono::steady_clock::now() + 2s;
    while (std::chrono::steady_clock::now() < deadline) {
      auto const event = connection.next_event();
      if (!event) {
        std::this_thread::sleep_for(1ms);
        continue;
      }
      if ((event->response_type & 0x7f) != XCB_SELECTION_NOTIFY) continue;
      if (reinterpret_cast<xcb_selection_notify_event_t const&>(*event).property == XCB_NONE)
        return "(refused)";
      auto const reply = connection.reply<xcb_get_property_reply_t>(
          xcb_get_property(client_->get(), 1, window_, property_, XCB_GET_PROPERTY_TYPE_ANY, 0, 1U << 20));
      return {static_cast<char const*>(xcb_get_property_value(reply.get())),
              static_cast<std::size_t>(xcb_get_property_value_length(reply.get()))};
    }
    return "(nothing)";
  }

  // Owns the clipboard and answers requests until `done` says so: in pieces of `piece` bytes by INCR if that
  // is not 0.
  void own(std::string const& text, std::size_t piece, bool only_string, std::function<bool()> const& done) {
    auto& connection = client_->connection();
    xcb_set_selection_owner(client_->get(), window_, clipboard_, XCB_CURRENT_TIME);
    connection.flush();
    std::size_t sent = 0;
    xcb_selection_request_event_t request{};
    auto const deadline = std::chrono::steady_clock::now() + 5s;
    while (!done() && std::chrono::steady_clock::now() < deadline) {
      auto const event = connection.next_event();
      if (!event) continue;
      auto const type = event->response_type & 0x7f;
      if (type == XCB_SELECTION_REQUEST) {
        request = reinterpret_cast<xcb_selection_request_event_t const&>(*event);
        bool const known = request.target == (only_string ? static_cast<xcb_atom_t>(XCB_ATOM_STRING) : utf8_);
        xcb_selection_notify_event_t notify{};
        notify.response_type = XCB_SELECTION_NOTIFY;
        notify.requestor = request.requestor;
        notify.selection = request.selection;
        notify.target = request.target;
        notify.property = known ? request.property : static_cast<xcb_atom_t>(XCB_NONE);
        if (known && piece > 0) {
          std::uint32_t const events = XCB_EVENT_MASK_PROPERTY_CHANGE;
          xcb_change_window_attributes(client_->get(), request.requestor, XCB_CW_EVENT_MASK, &events);
          auto const size = static_cast<std::uint32_t>(text.size());
          xcb_change_property(client_->get(), XCB_PROP_MODE_REPLACE, request.requestor, request.property,
                              incremental_, 32, 1, &size);
        } else if (known) {
          xcb_change_property(client_->get(), XCB_PROP_MODE_REPLACE, request.requestor, request.property,
                              request.target, 8, static_cast<std::uint32_t>(text.size()), text.data());
        }
        xcb_send_event(client_->get(), 0, request.requestor, 0, reinterpret_cast<char const*>(&notify));
      } else if (type == XCB_PROPERTY_NOTIFY && piece > 0) {
        auto const& notify = reinterpret_cast<xcb_property_notify_event_t const&>(*event);
        if (notify.window != request.requestor || notify.state != XCB_PROPERTY_DELETE ||
            notify.atom != request.property)
          continue;
        auto const count = std::min(piece, text.size() - sent);
        xcb_change_property(client_->get(), XCB_PROP_MODE_REPLACE, request.requestor, request.property, utf8_,
                            8, static_cast<std::uint32_t>(count), text.data() + sent);
        sent += count;
      }
      connection.flush();
    }
  }

  // Owns the clipboard with `text` until the stream says something; the message.
  StreamClient::Incoming copy(StreamClient& stream, std::string const& text, std::size_t piece = 0,
                              bool only_string = false) {
    StreamClient::Incoming incoming;
    own(text, piece, only_string, [&stream, &incoming] {
      auto message = stream.next(1ms);
      if (!message) return false;
      incoming = std::move(*message);
      return true;
    });
    return incoming;
  }

  std::unique_ptr<DisplaySession> session_;
  std::unique_ptr<StreamClient> stream_;
  std::unique_ptr<XClient> client_;
  xcb_window_t window_ = 0;
  xcb_atom_t clipboard_ = 0;
  xcb_atom_t utf8_ = 0;
  xcb_atom_t property_ = 0;
  xcb_atom_t incremental_ = 0;
  int opened_ = 1;
};

TEST_F(Clipboard, BringsTextIntoTheSession) {
  stream_->send(Message::kClipboardText, text_body("Grüße, 世界"));
  EXPECT_EQ(paste_when_there(utf8_), "Grüße, 世界");
  EXPECT_EQ(paste(client_->connection().atom("text/plain;charset=utf-8")), "Grüße, 世界");
  EXPECT_EQ(paste(XCB_ATOM_STRING),
            "Gr\xfc\xdf"
            "e, ??");
  EXPECT_EQ(paste(client_->connection().atom("image/png")), "(refused)");
  std::string const targets = paste(client_->connection().atom("TARGETS"));
  std::vector<std::uint32_t> atoms(targets.size() / 4);
  std::copy(targets.begin(), targets.end(), reinterpret_cast<char*>(atoms.data()));
  EXPECT_NE(std::find(atoms.begin(), atoms.end(), utf8_), atoms.end());
  // Its own text is not news.
  EXPECT_EQ(stream_->next(200ms).error().code, Code::kTimeout);
}

TEST_F(Clipboard, BringsAMegabyteIntoTheSession) {
  std::string const text(1U << 20, 'x');
  stream_->send(Message::kClipboardText, text_body(text));
  EXPECT_TRUE(paste_when_there(utf8_) == text);  // A megabyte of difference is not worth printing.
  stream_->send(Message::kClipboardText, text_body(text + "y"));
  auto const answer = stream_->next(2s);
  ASSERT_TRUE(answer);
  EXPECT_EQ(answer->type, static_cast<std::uint8_t>(Message::kClipboardRefused));
}

TEST_F(Clipboard, TakesTextOutOfTheSession) {
  auto const message = copy(*stream_, "from an application: é");
  EXPECT_EQ(message.type, static_cast<std::uint8_t>(Message::kClipboardText));
  ASSERT_GT(message.body.size(), 4U);
  EXPECT_EQ(as_text(std::span(message.body).subspan(4)), "from an application: é");
  // Who comes later gets it too.
  auto const later = open({});
  auto const again = later->next(2s);
  ASSERT_TRUE(again);
  EXPECT_EQ(again->body, message.body);
}

TEST_F(Clipboard, TakesTextInPieces) {
  std::string text;
  for (int index = 0; text.size() < 500000; ++index) text += std::to_string(index) + "ä,";
  auto const message = copy(*stream_, text, 60000);
  ASSERT_GT(message.body.size(), 4U);
  EXPECT_EQ(as_text(std::span(message.body).subspan(4)), text);
}

TEST_F(Clipboard, TakesLatin1FromOldApplications) {
  auto const message = copy(*stream_, "caf\xe9", 0, true);
  ASSERT_GT(message.body.size(), 4U);
  EXPECT_EQ(as_text(std::span(message.body).subspan(4)), "café");
}

TEST_F(Clipboard, RefusesWhatIsTooLong) {
  auto const message = copy(*stream_, std::string((1U << 20) + 1, 'x'));
  EXPECT_EQ(message.type, static_cast<std::uint8_t>(Message::kClipboardRefused));
}

TEST_F(Clipboard, HoldsToPermissions) {
  auto const in_only = open("clipboard-in");
  auto const out_only = open("clipboard-out");
  (void)copy(*stream_, "secret");
  EXPECT_FALSE(in_only->next(200ms));
  auto const taken = out_only->next(200ms);
  ASSERT_TRUE(taken);
  EXPECT_EQ(taken->type, static_cast<std::uint8_t>(Message::kClipboardText));
  out_only->send(Message::kClipboardText, text_body("smuggled"));
  auto const answer = out_only->next(1s);
  ASSERT_TRUE(answer);
  EXPECT_EQ(answer->type, static_cast<std::uint8_t>(Message::kClipboardRefused));
  // The application still owns the selection.
  auto const owner = client_->connection().reply<xcb_get_selection_owner_reply_t>(
      xcb_get_selection_owner(client_->get(), clipboard_));
  EXPECT_EQ(owner->owner, window_);
}

}  // namespace
}  // namespace oriel::display
