#include <gtest/gtest.h>

#include "libs/async/sleep.h"
#include "libs/async/task_group.h"
#include "libs/base/scope_exit.h"
#include "libs/http/client.h"
#include "libs/http/server.h"
#include "libs/testing/loop.h"
#include "libs/testing/temporary_directory.h"

namespace oriel::http {
namespace {

using namespace std::chrono_literals;

Async<> echo(WebSocket& socket, bool& ended, std::uint16_t& code) {
  ScopeExit const mark([&] { ended = true; });
  for (;;) {
    auto message = co_await socket.read();
    if (!message) {
      code = socket.close_code();
      co_return;
    }
    if (message->data == "close") {
      co_await socket.close(4003, "as asked");
      co_return;
    }
    auto written = message->binary ? socket.write_binary(std::move(message->data))
                                   : socket.write(std::move(message->data));
    auto result = co_await std::move(written);
    if (!result) co_return;
  }
}

Async<Response> upgrade(std::function<Async<>(WebSocket&)> run) {
  Response response;
  response.upgrade = std::move(run);
  co_return response;
}

class WebSocketTest : public ::testing::Test {
 protected:
  WebSocketTest() {
    router.declare("GET", "/echo", "public", [this](Request) {
      return upgrade([this](WebSocket& socket) { return echo(socket, ended, code); });
    });
    ServerOptions options{.endpoint = endpoint};
    options.web_socket.idle = std::chrono::seconds(1);
    options.web_socket.message_bytes = 100'000;
    server = Server::listen(loop.executor(), options, router).value();
  }
  ~WebSocketTest() override {
    if (server) loop.run(server->stop());
  }
  std::unique_ptr<WebSocket> connect() {
    return loop.run(WebSocketClient::connect(loop.executor(), endpoint, "/echo")).value();
  }

  testing::Loop loop;
  testing::TemporaryDirectory directory;
  Endpoint const endpoint = Endpoint::unix_path(directory.file("http.sock"));
  Router router;
  std::unique_ptr<Server> server;
  bool ended = false;
  std::uint16_t code = 0;
};

TEST_F(WebSocketTest, TextAndBinaryComeBack) {
  auto socket = connect();
  ASSERT_TRUE(loop.run(socket->write("hello")).has_value());
  auto message = loop.run(socket->read()).value();
  EXPECT_EQ(message.data, "hello");
  EXPECT_FALSE(message.binary);
  ASSERT_TRUE(loop.run(socket->write_binary(std::string(70'000, '\0'))).has_value());
  message = loop.run(socket->read()).value();
  EXPECT_EQ(message.data.size(), 70'000u);
  EXPECT_TRUE(message.binary);
  loop.run(socket->close(4001, "bye"));
  loop.until([&] { return ended; });
  EXPECT_EQ(code, 4001);
}

TEST_F(WebSocketTest, TheServersReasonReachesTheClient) {
  auto socket = connect();
  ASSERT_TRUE(loop.run(socket->write("close")).has_value());
  EXPECT_EQ(loop.run(socket->read()).error().code, Code::kUnavailable);
  EXPECT_EQ(socket->close_code(), 4003);
  EXPECT_EQ(socket->close_reason(), "as asked");
  EXPECT_FALSE(socket->is_open());
  EXPECT_FALSE(loop.run(socket->write("late")).has_value());
}

Async<> write_numbers(WebSocket& socket, int from, int count) {
  for (int i = from; i < from + count; ++i) {
    auto written = co_await socket.write(std::to_string(i) + std::string(1000, ' '));
    EXPECT_TRUE(written.has_value());
  }
}

Async<> read_numbers(WebSocket& socket, int count, std::vector<int>& seen) {
  for (int i = 0; i < count; ++i) {
    auto message = co_await socket.read();
    if (!message) co_return;
    seen.push_back(std::stoi(message->data));
  }
}

TEST_F(WebSocketTest, WritesFromSeveralCoroutinesDoNotMix) {
  auto socket = connect();
  TaskGroup group(loop.executor());
  std::vector<int> seen;
  group.spawn(read_numbers(*socket, 150, seen));
  for (int i = 0; i < 3; ++i) group.spawn(write_numbers(*socket, i * 1000, 50));
  loop.run(group.wait());
  ASSERT_EQ(seen.size(), 150u);
  int last[3] = {-1, 999, 1999};
  for (int const number : seen) {
    EXPECT_EQ(number, last[number / 1000] + 1);
    last[number / 1000] = number;
  }
}

TEST_F(WebSocketTest, TooLargeMessagesCloseIt) {
  auto socket = connect();
  // The server may close before all of it is written, so the write may fail already.
  auto const written = loop.run(socket->write(std::string(100'001, 'x')));
  if (written) EXPECT_FALSE(loop.run(socket->read()).has_value());
  loop.until([&] { return ended; });
  EXPECT_FALSE(loop.run(socket->write("more")).has_value());
}

TEST_F(WebSocketTest, StoppingTheServerSaysGoingAway) {
  auto socket = connect();
  ASSERT_TRUE(loop.run(socket->write("hello")).has_value());
  ASSERT_TRUE(loop.run(socket->read()).has_value());
  TaskGroup group(loop.executor());
  std::vector<int> seen;
  group.spawn(read_numbers(*socket, 1, seen));
  auto const begin = std::chrono::steady_clock::now();
  loop.run(server->stop());
  EXPECT_LT(std::chrono::steady_clock::now() - begin, 2s);
  EXPECT_TRUE(ended);
  loop.run(group.wait());
  EXPECT_EQ(socket->close_code(), 1001);
  server.reset();
}

TEST_F(WebSocketTest, APeerThatDoesNotAnswerPingsIsGone) {
  auto socket = connect();
  // Nobody reads on the client's side, so no ping is answered.
  loop.until([&] { return ended; }, 5s);
  EXPECT_EQ(code, 1006);
}

TEST_F(WebSocketTest, AReaderCanBeCancelled) {
  auto socket = connect();
  TaskGroup group(loop.executor());
  std::vector<int> seen;
  group.spawn(read_numbers(*socket, 1, seen));
  loop.run_for(10ms);
  loop.run(group.stop());
  EXPECT_TRUE(seen.empty());
  socket.reset();
  loop.until([&] { return ended; });
}

TEST_F(WebSocketTest, RefusalsAndMissingServersAreErrors) {
  EXPECT_EQ(loop.run(WebSocketClient::connect(loop.executor(), endpoint, "/absent")).error().code,
            Code::kNotFound);
  auto const nobody = Endpoint::unix_path(directory.file("absent"));
  EXPECT_EQ(loop.run(WebSocketClient::connect(loop.executor(), nobody, "/echo")).error().code,
            Code::kUnavailable);
  Client client(loop.executor(), endpoint);
  EXPECT_EQ(loop.run(client.send({.target = "/echo"})).value().status, 426);
}

}  // namespace
}  // namespace oriel::http
