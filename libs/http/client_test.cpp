#include "libs/http/client.h"

#include <gtest/gtest.h>

#include "libs/async/sleep.h"
#include "libs/async/task_group.h"
#include "libs/http/json_body.h"
#include "libs/http/server.h"
#include "libs/testing/loop.h"
#include "libs/testing/temporary_directory.h"

namespace oriel::http {
namespace {

using namespace std::chrono_literals;

struct Greeting {
  std::string name;
  std::optional<int> age;
};
BOOST_DESCRIBE_STRUCT(Greeting, (), (name, age))

Async<Response> greet(Request request) {
  auto const greeting = read_json_body<Greeting>(request);
  if (!greeting) co_return problem(greeting.error(), request.id);
  co_return json_response(*greeting, 201);
}

Async<> lines(BodyWriter& writer, int count) {
  for (int i = 0; i < count; ++i) {
    auto const text = "line " + std::to_string(i) + "\n";
    // Cut where no reader expects it.
    bool first = co_await writer.write(text.substr(0, 3));
    if (!first) co_return;
    co_await sleep_for(1ms);
    bool second = co_await writer.write(text.substr(3));
    if (!second) co_return;
  }
  bool last = co_await writer.write("no newline");
  (void)last;
}

Async<> silent(BodyWriter& writer) {
  bool first = co_await writer.write("one\n");
  (void)first;
  co_await sleep_for(1h);
}

Async<> flood(BodyWriter& writer, std::size_t& written) {
  for (int i = 0; i < 1000; ++i) {
    bool const good = co_await writer.write(std::string(64 * 1024, 'x'));
    if (!good) co_return;
    written += 64 * 1024;
  }
}

Async<Response> stream_with(std::function<Async<>(BodyWriter&)> body) {
  Response response;
  response.stream = std::move(body);
  co_return response;
}

Async<Response> hang(Request) {
  co_await sleep_for(500ms);
  co_return Response();
}

Async<Response> big(Request) { co_return text_response(std::string(3'000'000, 'y')); }

class ClientTest : public ::testing::Test {
 protected:
  ClientTest() : client(loop.executor(), endpoint) {
    router.declare("POST", "/greet", "public", greet);
    router.declare("GET", "/hang", "public", hang);
    router.declare("GET", "/big", "public", big);
    router.declare("GET", "/lines", "public",
                   [](Request) { return stream_with([](BodyWriter& writer) { return lines(writer, 5); }); });
    router.declare("GET", "/silent", "public", [](Request) { return stream_with(silent); });
    router.declare("GET", "/flood", "public", [this](Request) {
      return stream_with([this](BodyWriter& writer) { return flood(writer, written); });
    });
    start();
  }
  ~ClientTest() override { loop.run(server->stop()); }
  void start() { server = Server::listen(loop.executor(), {.endpoint = endpoint}, router).value(); }

  testing::Loop loop;
  testing::TemporaryDirectory directory;
  Endpoint const endpoint = Endpoint::unix_path(directory.file("http.sock"));
  Router router;
  std::unique_ptr<Server> server;
  std::size_t written = 0;
  Client client;
};

TEST_F(ClientTest, CallsWithJsonBothWays) {
  auto const answer =
      loop.run(client.call("POST", "/greet", json::parse(R"({"name":"Ada","age":36})").value()));
  EXPECT_EQ(json::text(answer.value()), R"({"name":"Ada","age":36})");
  auto const refused =
      loop.run(client.call("POST", "/greet", json::parse(R"({"age":"x","bogus":1})").value())).error();
  EXPECT_EQ(refused.code, Code::kInvalid);
  EXPECT_EQ(refused.fields.size(), 3u);
  EXPECT_EQ(loop.run(client.call("GET", "/absent")).error().code, Code::kNotFound);
  EXPECT_EQ(server->connections(), 1u) << "one kept connection carries all three";
}

TEST_F(ClientTest, AKeptConnectionThatWasClosedIsReplacedSilently) {
  ASSERT_TRUE(loop.run(client.call("POST", "/greet", json::parse(R"({"name":"Ada"})").value())).has_value());
  loop.run(server->stop());
  start();
  EXPECT_TRUE(loop.run(client.call("POST", "/greet", json::parse(R"({"name":"Ada"})").value())).has_value());
}

TEST_F(ClientTest, DeadlinesAndMissingServersAreErrors) {
  ClientRequest request{.target = "/hang", .deadline = 20ms};
  EXPECT_EQ(loop.run(client.send(request)).error().code, Code::kTimeout);
  Client nobody(loop.executor(), Endpoint::unix_path(directory.file("absent.sock")));
  EXPECT_EQ(loop.run(nobody.send({})).error().code, Code::kUnavailable);
  Client closed(loop.executor(), Endpoint::tcp("127.0.0.1", 1));
  EXPECT_EQ(loop.run(closed.send({})).error().code, Code::kUnavailable);
}

TEST_F(ClientTest, AnAnswerHasABound) {
  ClientRequest request{.target = "/big", .answer_bytes = 1'000'000};
  EXPECT_EQ(loop.run(client.send(request)).error().code, Code::kTooLarge);
  request.answer_bytes = 4'000'000;
  EXPECT_EQ(loop.run(client.send(request)).value().body.size(), 3'000'000u);
}

Async<Result<>> remember(std::vector<std::string>& seen, std::string line) {
  seen.push_back(std::move(line));
  co_return Result<>();
}

TEST_F(ClientTest, LinesAreWholeHoweverTheChunksFall) {
  std::vector<std::string> seen;
  auto const response = loop.run(client.stream_lines(
      {.target = "/lines"}, [&](std::string line) { return remember(seen, std::move(line)); }));
  ASSERT_TRUE(response.has_value());
  EXPECT_EQ(seen, (std::vector<std::string>{"line 0", "line 1", "line 2", "line 3", "line 4", "no newline"}));
}

TEST_F(ClientTest, ASilentStreamIsGivenUp) {
  std::vector<std::string> seen;
  auto const response =
      loop.run(client.stream_lines({.target = "/silent", .silence = 50ms},
                                   [&](std::string line) { return remember(seen, std::move(line)); }));
  EXPECT_EQ(response.error().code, Code::kTimeout);
  EXPECT_EQ(seen, std::vector<std::string>{"one"});
}

Async<Result<>> refuse(std::string) { co_return fail(Code::kConflict, "enough"); }

TEST_F(ClientTest, AHandlersErrorEndsTheStreamAndTheServerNotices) {
  auto const response = loop.run(client.stream({.target = "/flood"}, refuse));
  EXPECT_EQ(response.error().message, "enough");
  loop.until([&] { return server->connections() == 0; });
  EXPECT_LT(written, 10'000'000u) << "a writer waits for its reader";
}

TEST_F(ClientTest, AnErrorAnswerToAStreamIsAValue) {
  auto const response = loop.run(client.stream({.target = "/absent"}, refuse));
  EXPECT_EQ(response.value().status, 404);
}

Async<> ask_for_ever(Client& client, bool& ended) {
  ClientRequest request{.target = "/hang", .deadline = 1h};
  auto response = co_await client.send(std::move(request));
  (void)response;
  ended = true;
}

TEST_F(ClientTest, ACallCanBeCancelled) {
  TaskGroup group(loop.executor());
  bool ended = false;
  group.spawn(ask_for_ever(client, ended));
  loop.until([&] { return server->connections() == 1; });
  loop.run(group.stop());
  EXPECT_FALSE(ended);
}

TEST(TcpTest, ServerAndClientSpeakOverTcp) {
  testing::Loop loop;
  Router router;
  router.declare("POST", "/greet", "public", greet);
  auto server = Server::listen(loop.executor(), {.endpoint = Endpoint::tcp("127.0.0.1", 0)}, router).value();
  Client client(loop.executor(), Endpoint::tcp("127.0.0.1", server->port()));
  EXPECT_TRUE(loop.run(client.call("POST", "/greet", json::parse(R"({"name":"Ada"})").value())).has_value());
  Client by_name(loop.executor(), Endpoint::tcp("localhost", server->port()));
  EXPECT_TRUE(loop.run(by_name.call("POST", "/greet", json::parse(R"({"name":"Ada"})").value())).has_value());
  loop.run(server->stop());
}

}  // namespace
}  // namespace oriel::http
