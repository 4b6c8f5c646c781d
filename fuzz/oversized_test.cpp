// One more than each limit of what strangers send: a refusal that names it, and no memory for what was
// refused.
#include <fstream>
#include <string>

#include <gtest/gtest.h>
#include <unistd.h>

#include "fuzz/loopback.h"
#include "libs/base/json.h"

namespace oriel::fuzz {
namespace {

std::size_t resident_bytes() {
  std::ifstream statm("/proc/self/statm");
  std::size_t total = 0;
  std::size_t resident = 0;
  statm >> total >> resident;
  return resident * static_cast<std::size_t>(sysconf(_SC_PAGESIZE));
}

Async<http::Response> accept_all(http::Request request) {
  auto const value =
      json::parse(request.body.empty() ? std::string_view("null") : std::string_view(request.body));
  if (!value) co_return http::problem(value.error());
  co_return http::no_content();
}

Async<> read_all(http::WebSocket& socket) {
  for (;;) {
    auto message = co_await socket.read();
    if (!message) co_return;
  }
}

Async<http::Response> upgrade(http::Request) {
  http::Response response;
  response.upgrade = read_all;
  co_return response;
}

struct Oversized {
  std::string limit;
  std::string bytes;   ///< sent
  std::string status;  ///< that the answer begins with
};

std::string post(std::string const& body) {
  return "POST / HTTP/1.1\r\nHost: x\r\nContent-Length: " + std::to_string(body.size()) + "\r\n\r\n" + body;
}

std::string chunked(std::size_t size) {
  std::string bytes = "POST / HTTP/1.1\r\nHost: x\r\nTransfer-Encoding: chunked\r\n\r\n";
  for (std::size_t sent = 0; sent <= size; sent += 0x10000)
    bytes += "10000\r\n" + std::string(0x10000, 'a') + "\r\n";
  return bytes + "0\r\n\r\n";
}

std::string repeated(std::string const& piece, std::size_t times) {
  std::string text;
  text.reserve(piece.size() * times);
  for (std::size_t i = 0; i < times; ++i) text += piece;
  return text;
}

TEST(Oversized, HttpIsRefusedWithTheLimitsStatus) {
  std::string const get = "GET / HTTP/1.1\r\nHost: x\r\n";
  std::vector<Oversized> const table{
      {"kHttpHeaderBytes in one field",
       get + "X-A: " + std::string(limits::kHttpHeaderBytes, 'a') + "\r\n\r\n", "431"},
      {"kHttpHeaderBytes in many fields", get + repeated("X-A: b\r\n", limits::kHttpHeaderBytes / 4) + "\r\n",
       "431"},
      {"kHttpTargetBytes",
       "GET /" + std::string(limits::kHttpTargetBytes, 'a') + " HTTP/1.1\r\nHost: x\r\n\r\n", "414"},
      {"kHttpQueryParameters",
       "GET /?" + repeated("a&", limits::kHttpQueryParameters + 1) + " HTTP/1.1\r\nHost: x\r\n\r\n", "414"},
      {"kHttpBodyBytes", post(std::string(limits::kHttpBodyBytes + 1, 'a')), "413"},
      {"kHttpBodyBytes, said only", "POST / HTTP/1.1\r\nHost: x\r\nContent-Length: 9999999999999\r\n\r\n",
       "413"},
      {"kHttpBodyBytes in chunks", chunked(limits::kHttpBodyBytes), "413"},
      {"one chunk of 4 GB", "POST / HTTP/1.1\r\nHost: x\r\nTransfer-Encoding: chunked\r\n\r\nffffffff\r\na",
       "413"},
      {"kJsonDepth", post(std::string(10'000, '[')), "400"},
      {"kJsonKeyBytes", post("{\"" + std::string(limits::kJsonKeyBytes + 1, 'k') + "\":1}"), "400"},
      {"numbers outside double", post("1e999"), "400"},
  };
  static std::string const path = serve("oversized", accept_all);
  for (auto const& row : table) {
    auto const before = resident_bytes();
    auto const answer = talk(connect_raw(path), {row.bytes});
    EXPECT_EQ(answer.substr(0, 12), "HTTP/1.1 " + row.status) << row.limit << ": " << answer.substr(0, 500);
    EXPECT_LT(resident_bytes(), before + (std::size_t{48} << 20)) << row.limit;
  }
}

TEST(Oversized, AtTheLimitIsTaken) {
  static std::string const path = serve("at-the-limit", accept_all);
  std::string const body = "\"" + std::string(limits::kJsonBytes - 2, 'a') + "\"";
  EXPECT_EQ(talk(connect_raw(path), {post(body)}).substr(0, 12), "HTTP/1.1 204");
  auto const depth = std::string(limits::kJsonDepth, '[') + std::string(limits::kJsonDepth, ']');
  EXPECT_EQ(talk(connect_raw(path), {post(depth)}).substr(0, 12), "HTTP/1.1 204");
  std::string const target = "/" + std::string(limits::kHttpTargetBytes - 1, 'a');
  EXPECT_EQ(talk(connect_raw(path), {"GET " + target + " HTTP/1.1\r\nHost: x\r\n\r\n"}).substr(0, 12),
            "HTTP/1.1 204");
}

TEST(Oversized, AWebSocketMessageIsRefusedWith1009) {
  static std::string const path = serve("oversized-websocket", upgrade);
  constexpr std::string_view kUpgrade =
      "GET / HTTP/1.1\r\nHost: x\r\nUpgrade: websocket\r\nConnection: Upgrade\r\nSec-WebSocket-Version: "
      "13\r\nSec-WebSocket-Key: dGhlIHNhbXBsZSBub25jZQ==\r\n\r\n";
  // One frame that says 1 GB, and fragments that add up to more than the limit.
  std::string const huge("\x82\xff\x00\x00\x00\x00\x40\x00\x00\x00\0\0\0\0", 14);
  std::string fragments;
  for (std::size_t sent = 0; sent <= limits::kWebSocketMessageBytes; sent += 0x8000) {
    fragments += std::string(sent == 0 ? "\x02\xfe\x80\x00\0\0\0\0" : "\x00\xfe\x80\x00\0\0\0\0", 8);
    fragments += std::string(0x8000, 'a');
  }
  for (auto const& bytes : {huge, fragments}) {
    auto const before = resident_bytes();
    auto const answer = talk(connect_raw(path), {kUpgrade, bytes});
    EXPECT_NE(answer.find(std::string("\x88\x02\x03\xf1", 4)), std::string::npos)
        << "a close frame with 1009";
    EXPECT_LT(resident_bytes(), before + (std::size_t{48} << 20));
  }
}

TEST(Decompression, NothingOfAStrangersIsInflated) {
  static std::string const path = serve("deflate", upgrade);
  auto const answer =
      talk(connect_raw(path), {"GET / HTTP/1.1\r\nHost: x\r\nUpgrade: websocket\r\nConnection: Upgrade\r\n"
                               "Sec-WebSocket-Version: 13\r\nSec-WebSocket-Key: dGhlIHNhbXBsZSBub25jZQ==\r\n"
                               "Sec-WebSocket-Extensions: permessage-deflate\r\n\r\n"});
  EXPECT_EQ(answer.substr(0, 12), "HTTP/1.1 101");
  EXPECT_EQ(answer.find("permessage-deflate"), std::string::npos);
  // A body that says it is compressed is taken as it is, so it is no JSON.
  static std::string const plain = serve("inflate", accept_all);
  auto const refused =
      talk(connect_raw(plain), {"POST / HTTP/1.1\r\nHost: x\r\nContent-Encoding: gzip\r\nContent-Length: "
                                "4\r\n\r\n\x1f\x8b\x08\x01"});
  EXPECT_EQ(refused.substr(0, 12), "HTTP/1.1 400");
}

}  // namespace
}  // namespace oriel::fuzz
