#include <random>

#include <gtest/gtest.h>

#include "display/transport/sha1.h"
#include "display/transport/upgrade_request.h"
#include "display/transport/websocket_reader.h"

namespace oriel::display {
namespace {

constexpr std::string_view kRequest =
    "GET /sessions/abc/display?viewer=1&epoch=4294967295&frame=12 HTTP/1.1\r\n"
    "Host: example\r\n"
    "Upgrade: websocket\r\n"
    "Connection: keep-alive, Upgrade\r\n"
    "Sec-WebSocket-Key: dGhlIHNhbXBsZSBub25jZQ==\r\n"
    "Sec-WebSocket-Version: 13\r\n"
    "X-Oriel-Viewer: 0123456789abcdef0123456789abcdef\r\n"
    "X-Oriel-User: Andr%C3%A9\r\n"
    "X-Oriel-Role: control\r\n"
    "X-Oriel-Permissions: input,clipboard-out\r\n"
    "X-Oriel-Expires: 1800000000\r\n"
    "\r\n";

Result<UpgradeRequest> parse(std::string_view text) {
  UpgradeParser parser;
  parser.push(text);
  EXPECT_TRUE(parser.complete());
  return parser.request();
}

std::string with(std::string_view line, std::string_view replacement) {
  std::string text(kRequest);
  auto const at = text.find(line);
  EXPECT_NE(at, std::string::npos) << line;
  return text.replace(at, line.size(), replacement);
}

TEST(Sha1, MatchesTheStandard) {
  EXPECT_EQ(hex(sha1("abc")), "a9993e364706816aba3e25717850c26c9cd0d89d");
  EXPECT_EQ(hex(sha1("")), "da39a3ee5e6b4b0d3255bfef95601890afd80709");
  EXPECT_EQ(hex(sha1(std::string(1000000, 'a'))), "34aa973cd4c4daa4f61eeb2bdbad27316534016f");
  EXPECT_EQ(hex(sha1("abcdbcdecdefdefgefghfghighijhijkijkljklmklmnlmnomnopnopq")),
            "84983e441c3bd26ebaae4aa1f95129e5e54670f1");
}

TEST(UpgradeRequest, ReadsItByteByByte) {
  UpgradeParser parser;
  std::string const text = std::string(kRequest) + "rest";
  for (std::size_t index = 0; index < text.size(); ++index) {
    EXPECT_EQ(parser.complete(), index >= kRequest.size());
    parser.push(std::string_view(text).substr(index, 1));
  }
  auto const request = parser.request();
  ASSERT_TRUE(request);
  EXPECT_EQ(request->route, Route::kDisplay);
  EXPECT_EQ(request->viewer, "0123456789abcdef0123456789abcdef");
  EXPECT_EQ(request->user, "André");
  EXPECT_EQ(request->role, Role::kControl);
  EXPECT_TRUE(request->may_input);
  EXPECT_FALSE(request->may_put_clipboard);
  EXPECT_TRUE(request->may_take_clipboard);
  EXPECT_EQ(request->expires, 1800000000);
  EXPECT_EQ(request->epoch, 4294967295U);
  EXPECT_EQ(request->frame, 12U);
  EXPECT_EQ(parser.rest(), "rest");
}

TEST(UpgradeRequest, AnswersAsTheStandardsExample) {
  EXPECT_NE(upgrade_answer("dGhlIHNhbXBsZSBub25jZQ==")
                .find("Sec-WebSocket-Accept: s3pPLMBiTxaQ9kYGzzhZRbK+xOo=\r\n\r\n"),
            std::string::npos);
}

TEST(UpgradeRequest, RefusesWhatIsIncompleteOrBroken) {
  EXPECT_TRUE(parse(kRequest));
  EXPECT_EQ(parse(with("/display?", "/microphone?")).error().code, Code::kNotFound);
  for (auto const& text : {
           with("GET ", "POST "),
           with(" HTTP/1.1", " HTTP/1.0"),
           with("GET /", "GET x"),
           with("Upgrade: websocket\r\n", ""),
           with("keep-alive, Upgrade", "keep-alive"),
           with("Version: 13", "Version: 8"),
           with("dGhlIHNhbXBsZSBub25jZQ==", "dGhlIHNhbXBsZSBub25j"),
           with("Sec-WebSocket-Key: dGhlIHNhbXBsZSBub25jZQ==\r\n", ""),
           with("X-Oriel-Viewer: 0123456789abcdef0123456789abcdef\r\n", ""),
           with("0123456789abcdef0123456789abcdef", "0123456789ABCDEF0123456789abcdef"),
           with("X-Oriel-Viewer: 0123456789abcdef0123456789abcdef\r\n",
                "X-Oriel-Viewer: 0123456789abcdef0123456789abcdef\r\nX-Oriel-Viewer: "
                "1123456789abcdef0123456789abcdef\r\n"),
           with("X-Oriel-Role: control\r\n", ""),
           with("control", "root"),
           with("X-Oriel-Role: control\r\n", "X-Oriel-Role: view\r\nX-Oriel-Role: owner\r\n"),
           with("Andr%C3%A9", "Andr%C"),
           with("1800000000", "soon"),
           with("1800000000", "-5"),
           with("epoch=4294967295", "epoch=4294967296"),
           with("frame=12", "frame=-1"),
           with("Host: example", "Host : example"),
           with("Host: example", "no colon"),
           with("Host: example", "Content-Length: 5"),
           with("Host: example", "Host: ex\nample"),
       })
    EXPECT_EQ(parse(text).error().code, Code::kInvalid) << text;
}

TEST(UpgradeRequest, BoundsTheRequest) {
  UpgradeParser parser;
  parser.push("GET / HTTP/1.1\r\n");
  std::string const line = "X-Fill: " + std::string(1000, 'x') + "\r\n";
  int lines = 0;
  for (; !parser.complete() && lines < 100; ++lines) parser.push(line);
  EXPECT_LT(lines, 20);
  EXPECT_EQ(parser.request().error().code, Code::kTooLarge);
  std::string many;
  for (int index = 0; index < 70; ++index) many += "A: b\r\n";
  EXPECT_EQ(parse(with("Host: example\r\n", many)).error().code, Code::kTooLarge);
}

Bytes frame(std::uint8_t first, Bytes const& payload, std::uint8_t mask_bit = 0x80) {
  Bytes bytes{first};
  if (payload.size() < 126) {
    bytes.push_back(static_cast<std::uint8_t>(mask_bit | payload.size()));
  } else {
    bytes.push_back(mask_bit | 126);
    bytes.push_back(static_cast<std::uint8_t>(payload.size() >> 8));
    bytes.push_back(static_cast<std::uint8_t>(payload.size()));
  }
  Bytes const mask{1, 2, 3, 4};
  if (mask_bit != 0) bytes.insert(bytes.end(), mask.begin(), mask.end());
  for (std::size_t index = 0; index < payload.size(); ++index)
    bytes.push_back(mask_bit != 0 ? payload[index] ^ mask[index % 4] : payload[index]);
  return bytes;
}

TEST(WebSocketReader, ReadsFramesByteByByte) {
  Bytes stream;
  auto const add = [&stream](Bytes const& bytes) { stream.insert(stream.end(), bytes.begin(), bytes.end()); };
  Bytes const long_payload(1000, 7);
  add(frame(0x82, {1, 2, 3}));
  add(frame(0x02, {4}));
  add(frame(0x89, {9}));  // A ping between fragments.
  add(frame(0x00, {5}));
  add(frame(0x80, {6}));
  add(frame(0x82, long_payload));
  add(frame(0x88, {0x03, 0xe8}));
  WebSocketReader reader(2000);
  std::vector<WebSocketEvent> events;
  for (auto const byte : stream) {
    reader.push({&byte, 1});
    for (;;) {
      auto event = reader.next();
      ASSERT_TRUE(event);
      if (!*event) break;
      events.push_back(std::move(**event));
    }
  }
  ASSERT_EQ(events.size(), 5U);
  EXPECT_EQ(events[0].payload, (Bytes{1, 2, 3}));
  EXPECT_EQ(events[1].kind, WebSocketEvent::Kind::kPing);
  EXPECT_EQ(events[2].payload, (Bytes{4, 5, 6}));
  EXPECT_EQ(events[3].payload, long_payload);
  EXPECT_EQ(events[4].kind, WebSocketEvent::Kind::kClose);
}

TEST(WebSocketReader, RefusesWhatIsNotAllowed) {
  auto const refuses = [](Bytes const& bytes) {
    WebSocketReader reader(1000);
    reader.push(bytes);
    return !reader.next();
  };
  EXPECT_FALSE(refuses(frame(0x82, Bytes(1000, 1))));
  EXPECT_TRUE(refuses(frame(0x82, Bytes(1001, 1))));
  EXPECT_TRUE(refuses(frame(0x82, {1}, 0)));                            // not masked
  EXPECT_TRUE(refuses(frame(0x81, {1})));                               // text
  EXPECT_TRUE(refuses(frame(0xc2, {1})));                               // a reserved bit
  EXPECT_TRUE(refuses(frame(0x80, {1})));                               // nothing to continue
  EXPECT_TRUE(refuses(frame(0x8b, {1})));                               // an unknown opcode
  EXPECT_TRUE(refuses(frame(0x09, {1})));                               // a fragmented ping
  EXPECT_TRUE(refuses(frame(0x89, Bytes(126, 1))));                     // a long ping
  EXPECT_TRUE(refuses({0x82, 0xff, 0xff, 0, 0, 0, 0, 0, 0, 0, 1, 1}));  // an absurd length
  WebSocketReader fragments(1000);
  fragments.push(frame(0x02, Bytes(600, 1)));
  fragments.push(frame(0x00, Bytes(600, 1)));
  EXPECT_FALSE(fragments.next());
}

TEST(WebSocketReader, SurvivesGarbage) {
  std::mt19937 random(3);
  for (int round = 0; round < 2000; ++round) {
    WebSocketReader reader(4096);
    Bytes bytes(random() % 300);
    for (auto& byte : bytes) byte = static_cast<std::uint8_t>(random());
    if (!bytes.empty()) bytes[0] = static_cast<std::uint8_t>(0x80 | (random() % 3));
    if (bytes.size() > 1) bytes[1] |= 0x80;
    reader.push(bytes);
    for (int count = 0; count < 400; ++count) {
      auto const event = reader.next();
      if (!event || !*event) break;
    }
  }
}

TEST(WebSocketHeader, HasTheThreeLengths) {
  EXPECT_EQ(websocket_header(2, 125), (Bytes{0x82, 125}));
  EXPECT_EQ(websocket_header(2, 126), (Bytes{0x82, 126, 0, 126}));
  EXPECT_EQ(websocket_header(2, 65536), (Bytes{0x82, 127, 0, 0, 0, 0, 0, 1, 0, 0}));
}

}  // namespace
}  // namespace oriel::display
