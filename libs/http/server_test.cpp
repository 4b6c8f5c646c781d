#include "libs/http/server.h"

#include <cstring>

#include <gtest/gtest.h>
#include <sys/socket.h>
#include <sys/un.h>
#include <unistd.h>

#include "libs/async/sleep.h"
#include "libs/base/file_descriptor.h"
#include "libs/base/scope_exit.h"
#include "libs/testing/loop.h"
#include "libs/testing/temporary_directory.h"

namespace oriel::http {
namespace {

using namespace std::chrono_literals;

Async<Response> echo(Request request) {
  std::string text = request.method + " " + request.path;
  for (auto const& [key, value] : request.query) text += " " + key + "=" + value;
  if (!request.body.empty()) text += " [" + request.body + "]";
  co_return text_response(std::move(text));
}

/// A raw client: says exactly these bytes.
class RawClient {
 public:
  explicit RawClient(std::string const& path) : socket_(::socket(AF_UNIX, SOCK_STREAM | SOCK_NONBLOCK, 0)) {
    sockaddr_un address{};
    address.sun_family = AF_UNIX;
    std::memcpy(address.sun_path, path.data(), path.size());
    EXPECT_EQ(::connect(socket_.get(), reinterpret_cast<sockaddr*>(&address), sizeof address), 0);
  }
  void say(std::string_view bytes) {
    EXPECT_EQ(::send(socket_.get(), bytes.data(), bytes.size(), MSG_NOSIGNAL),
              static_cast<ssize_t>(bytes.size()));
  }
  /// Everything that is there; notes the end of the stream.
  std::string hear() {
    char buffer[65536];
    for (;;) {
      auto const got = ::recv(socket_.get(), buffer, sizeof buffer, 0);
      if (got == 0) ended = true;
      if (got <= 0) return heard;
      heard.append(buffer, static_cast<std::size_t>(got));
    }
  }
  void close() { socket_.reset(); }

  std::string heard;
  bool ended = false;

 private:
  FileDescriptor socket_;
};

class ServerTest : public ::testing::Test {
 protected:
  ~ServerTest() override {
    if (server) loop.run(server->stop());
  }

  void serve(Handler handler) {
    server =
        Server::listen(loop.executor(), {.endpoint = Endpoint::unix_path(path)}, std::move(handler)).value();
  }
  void serve_routes() {
    server = Server::listen(loop.executor(), {.endpoint = Endpoint::unix_path(path)}, router).value();
  }

  /// Sends and waits until the answer has this text, or the connection ended.
  std::string exchange(RawClient& client, std::string_view bytes, std::string_view until = "\r\n\r\n") {
    client.heard.clear();
    client.say(bytes);
    loop.until([&] { return client.hear().find(until) != std::string::npos || client.ended; });
    return client.heard;
  }

  testing::Loop loop;
  testing::TemporaryDirectory directory;
  std::string const path = directory.file("http.sock");
  Router router;
  std::unique_ptr<Server> server;
};

TEST_F(ServerTest, KeepsTheConnectionBetweenRequests) {
  serve(echo);
  RawClient client(path);
  EXPECT_NE(exchange(client, "GET /a%20b?x=1&y=%C3%A9+z HTTP/1.1\r\nHost: x\r\n\r\n", "z")
                .find("GET /a b x=1 y=\xc3\xa9 z"),
            std::string::npos);
  EXPECT_NE(
      exchange(client, "POST /b HTTP/1.1\r\nHost: x\r\nContent-Length: 5\r\n\r\nhello", "]").find("[hello]"),
      std::string::npos);
  EXPECT_FALSE(client.ended);
  EXPECT_EQ(server->connections(), 1u);
}

TEST_F(ServerTest, ARequestMayArriveByteByByte) {
  serve(echo);
  RawClient client(path);
  std::string_view const bytes =
      "POST /b HTTP/1.1\r\nHost: x\r\nTransfer-Encoding: chunked\r\n\r\n3\r\nabc\r\n2\r\nde\r\n0\r\n\r\n";
  for (char const c : bytes) {
    client.say({&c, 1});
    loop.poll();
  }
  loop.until([&] { return client.hear().find("[abcde]") != std::string::npos; });
}

TEST_F(ServerTest, PipelinedRequestsAreAnsweredInOrder) {
  serve(echo);
  RawClient client(path);
  auto const heard =
      exchange(client, "GET /1 HTTP/1.1\r\nHost: x\r\n\r\nGET /2 HTTP/1.1\r\nHost: x\r\n\r\n", "GET /2");
  EXPECT_LT(heard.find("GET /1"), heard.find("GET /2"));
}

struct Bad {
  char const* name;
  char const* bytes;
  int status;
};

class RefusalTest : public ServerTest, public ::testing::WithParamInterface<Bad> {};

TEST_P(RefusalTest, IsAnsweredAndTheConnectionCloses) {
  serve(echo);
  RawClient client(path);
  client.say(GetParam().bytes);
  loop.until([&] {
    client.hear();
    return client.ended || client.heard.find("\r\n\r\n") != std::string::npos;
  });
  EXPECT_TRUE(client.heard.starts_with("HTTP/1.1 " + std::to_string(GetParam().status))) << client.heard;
  EXPECT_NE(client.heard.find("Connection: close"), std::string::npos);
  EXPECT_EQ(client.heard.find("smuggled"), std::string::npos);
}

INSTANTIATE_TEST_SUITE_P(
    Smuggling, RefusalTest,
    ::testing::Values(
        Bad{"two_lengths", "POST / HTTP/1.1\r\nHost: x\r\nContent-Length: 0\r\nContent-Length: 0\r\n\r\n",
            400},
        Bad{"two_different_lengths",
            "POST / HTTP/1.1\r\nHost: x\r\nContent-Length: 5\r\nContent-Length: 0\r\n\r\nGET /smuggled "
            "HTTP/1.1\r\nHost: x\r\n\r\n",
            400},
        Bad{"length_list", "POST / HTTP/1.1\r\nHost: x\r\nContent-Length: 0, 0\r\n\r\n", 400},
        Bad{"length_and_coding",
            "POST / HTTP/1.1\r\nHost: x\r\nContent-Length: 3\r\nTransfer-Encoding: "
            "chunked\r\n\r\n0\r\n\r\nGET /smuggled HTTP/1.1\r\n\r\n",
            400},
        Bad{"coding_and_length",
            "POST / HTTP/1.1\r\nHost: x\r\nTransfer-Encoding: chunked\r\nContent-Length: 3\r\n\r\n0\r\n\r\n",
            400},
        Bad{"other_coding", "POST / HTTP/1.1\r\nHost: x\r\nTransfer-Encoding: gzip, chunked\r\n\r\n0\r\n\r\n",
            501},
        Bad{"signed_length", "POST / HTTP/1.1\r\nHost: x\r\nContent-Length: +1\r\n\r\nx", 400},
        Bad{"no_host", "GET / HTTP/1.1\r\n\r\n", 400},
        Bad{"two_hosts", "GET / HTTP/1.1\r\nHost: x\r\nHost: y\r\n\r\n", 400},
        Bad{"space_before_colon", "GET / HTTP/1.1\r\nHost : x\r\n\r\n", 400},
        Bad{"encoded_slash", "GET /a%2Fb HTTP/1.1\r\nHost: x\r\n\r\n", 400},
        Bad{"dots", "GET /a/../b HTTP/1.1\r\nHost: x\r\n\r\n", 400},
        Bad{"encoded_dots", "GET /a/%2e%2E/b HTTP/1.1\r\nHost: x\r\n\r\n", 400},
        Bad{"zero_byte", "GET /a%00 HTTP/1.1\r\nHost: x\r\n\r\n", 400},
        Bad{"broken_escape", "GET /a%2 HTTP/1.1\r\nHost: x\r\n\r\n", 400},
        Bad{"no_http", "\x16\x03\x01\x02 hello\r\n\r\n", 400}),
    [](auto const& case_info) { return case_info.param.name; });

TEST_F(ServerTest, HeadersAndBodiesHaveBounds) {
  router.declare("POST", "/small", "public", RouteLimits{.body_bytes = 10}, echo);
  serve_routes();
  {
    RawClient client(path);
    auto const heard = exchange(client, "POST /small HTTP/1.1\r\nHost: x\r\nContent-Length: 11\r\n\r\n");
    EXPECT_TRUE(heard.starts_with("HTTP/1.1 413")) << heard;
  }
  {
    RawClient client(path);
    auto const heard = exchange(
        client,
        "POST /small HTTP/1.1\r\nHost: x\r\nTransfer-Encoding: chunked\r\n\r\nb\r\n01234567890\r\n0\r\n\r\n");
    EXPECT_TRUE(heard.starts_with("HTTP/1.1 413")) << heard;
  }
  {
    RawClient client(path);
    auto const heard =
        exchange(client, "GET / HTTP/1.1\r\nHost: x\r\nX-Long: " + std::string(20'000, 'a') + "\r\n\r\n");
    EXPECT_TRUE(heard.starts_with("HTTP/1.1 431")) << heard;
  }
  {
    RawClient client(path);
    EXPECT_NE(exchange(client, "POST /small HTTP/1.1\r\nHost: x\r\nContent-Length: 10\r\n\r\n0123456789", "]")
                  .find("200 OK"),
              std::string::npos);
  }
}

TEST_F(ServerTest, HeadHasTheLengthButNotTheBody) {
  router.declare("GET", "/a", "public", echo);
  serve_routes();
  RawClient client(path);
  auto const heard = exchange(client, "HEAD /a HTTP/1.1\r\nHost: x\r\n\r\n");
  EXPECT_NE(heard.find("Content-Length: 7"), std::string::npos) << heard;
  EXPECT_TRUE(heard.ends_with("\r\n\r\n"));
}

Async<Response> splitter(Request) {
  Response response = text_response("x");
  response.headers.set("Location", "/a\r\nSet-Cookie: stolen=1");
  co_return response;
}

TEST_F(ServerTest, AHeaderThatWouldBreakOutIsNotSent) {
  serve(splitter);
  RawClient client(path);
  EXPECT_EQ(exchange(client, "GET / HTTP/1.1\r\nHost: x\r\n\r\n").find("stolen"), std::string::npos);
}

Async<> count_for_ever(BodyWriter& writer, int& written, bool& ended) {
  ScopeExit const mark([&] { ended = true; });
  for (;;) {
    bool const good = co_await writer.write("data: " + std::to_string(written) + "\n\n");
    if (!good) co_return;
    ++written;
    co_await sleep_for(5ms);
  }
}

Async<> sleep_for_ever(BodyWriter&, bool& ended) {
  ScopeExit const mark([&] { ended = true; });
  co_await sleep_for(1h);
}

Async<Response> streaming(std::function<Async<>(BodyWriter&)> stream) {
  Response response;
  response.headers.set("Content-Type", "text/event-stream");
  response.stream = std::move(stream);
  co_return response;
}

TEST_F(ServerTest, AStreamEndsWhenThePeerGoesAway) {
  int written = 0;
  bool ended = false, sleeper_ended = false;
  serve([&](Request request) {
    return request.path == "/sleep"
               ? streaming([&](BodyWriter& writer) { return sleep_for_ever(writer, sleeper_ended); })
               : streaming([&](BodyWriter& writer) { return count_for_ever(writer, written, ended); });
  });
  RawClient client(path);
  exchange(client, "GET / HTTP/1.1\r\nHost: x\r\n\r\n", "data: 3");
  EXPECT_GE(written, 3);
  client.close();
  loop.until([&] { return ended; });
  RawClient second(path);
  exchange(second, "GET /sleep HTTP/1.1\r\nHost: x\r\n\r\n");
  second.close();
  loop.until([&] { return sleeper_ended; });
  loop.until([&] { return server->connections() == 0; });
}

TEST_F(ServerTest, StoppingEndsStreamsAndIdleConnectionsAtOnce) {
  bool ended = false;
  serve([&](Request request) {
    return request.path == "/sleep"
               ? streaming([&](BodyWriter& writer) { return sleep_for_ever(writer, ended); })
               : echo(std::move(request));
  });
  RawClient idle(path);
  exchange(idle, "GET / HTTP/1.1\r\nHost: x\r\n\r\n");
  RawClient reader(path);
  exchange(reader, "GET /sleep HTTP/1.1\r\nHost: x\r\n\r\n");
  auto const begin = std::chrono::steady_clock::now();
  loop.run(server->stop());
  EXPECT_LT(std::chrono::steady_clock::now() - begin, 1s);
  EXPECT_TRUE(ended);
  EXPECT_FALSE(reader.hear().ends_with("0\r\n\r\n")) << "a body that was cut short must not look whole";
  server.reset();
}

Async<Response> slow(Request, bool& finished) {
  co_await sleep_for(100ms);
  finished = true;
  co_return text_response("done");
}

TEST_F(ServerTest, StoppingLetsARequestInProgressEnd) {
  bool finished = false;
  serve([&](Request request) { return slow(std::move(request), finished); });
  RawClient client(path);
  client.say("GET / HTTP/1.1\r\nHost: x\r\n\r\n");
  loop.run_for(20ms);
  loop.run(server->stop());
  EXPECT_TRUE(finished);
  EXPECT_TRUE(client.hear().ends_with("done"));
  server.reset();
}

TEST_F(ServerTest, StoppingLeavesTheSocketOfASuccessor) {
  serve(echo);
  auto const predecessor = std::move(server);
  serve(echo);
  loop.run(predecessor->stop());
  RawClient client(path);
  EXPECT_NE(exchange(client, "GET /a HTTP/1.1\r\nHost: x\r\n\r\n", "GET /a").find("200 OK"),
            std::string::npos);
  loop.run(server->stop());
  EXPECT_NE(::access(path.c_str(), F_OK), 0);
  server.reset();
}

TEST_F(ServerTest, RoutesWithoutActionsKeepItFromStarting) {
  router.declare("GET", "/a", "", echo);
  auto const refused = Server::listen(loop.executor(), {.endpoint = Endpoint::unix_path(path)}, router);
  ASSERT_FALSE(refused.has_value());
  EXPECT_NE(::access(path.c_str(), F_OK), 0);
}

}  // namespace
}  // namespace oriel::http
