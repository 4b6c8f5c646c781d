#include <gtest/gtest.h>

#include "services/api/testing/running_api.h"

namespace oriel::api {
namespace {

using testing::RunningApi;
using testing::Who;

struct Stream {
  std::vector<std::string> lines{};
  int status = 0;
  bool ended = false;

  [[nodiscard]] bool has(std::string_view text) const { return count(text) > 0; }
  [[nodiscard]] int count(std::string_view text) const {
    int found = 0;
    for (auto const& line : lines) found += line.find(text) != std::string::npos ? 1 : 0;
    return found;
  }
};

Async<Result<>> keep_line(Stream& stream, std::string line) {
  stream.lines.push_back(std::move(line));
  co_return Result<>();
}

Async<> listen(http::Client& client, std::string target, Who who, Stream& stream) {
  http::ClientRequest request;
  request.target = std::move(target);
  request.headers.set("Cookie", std::string(kCookie) + "=" + who.cookie);
  std::function<Async<Result<>>(std::string)> on_line = [&stream](std::string line) {
    return keep_line(stream, std::move(line));
  };
  auto answer = co_await client.stream_lines(std::move(request), std::move(on_line));
  stream.status = answer ? answer->status : -1;
  stream.ended = true;
}

class Events : public ::testing::Test {
 protected:
  Events() : user(api.sign_in("user@oriel.local")) {}
  ~Events() override {
    streams.cancel();
    api.loop.run(streams.stop());
  }
  Stream& open(std::string target, Who const& who) {
    opened.push_back(std::make_unique<Stream>());
    streams.spawn(listen(*api.client, std::move(target), who, *opened.back()));
    return *opened.back();
  }
  RunningApi api;
  Who user;
  std::vector<std::unique_ptr<Stream>> opened;
  TaskGroup streams{api.loop.executor()};
};

TEST_F(Events, BeginWithWhatLivesThenTellChanges) {
  auto const first = api.launch(user);
  auto& stream = open("/api/v1/events", user);
  api.loop.until([&] { return stream.has("event: ready"); });
  EXPECT_TRUE(stream.has(first.id.text()));
  auto const begin = std::chrono::steady_clock::now();
  auto const second = api.launch(user);
  api.loop.until([&] { return stream.has(second.id.text()); });
  EXPECT_LT(std::chrono::steady_clock::now() - begin, std::chrono::milliseconds(500))
      << "a notification is quicker than the poll";
  api.make_running(second.id);
  api.loop.until([&] { return stream.has("\"state\":\"running\""); });
  api.execute("update images set description = 'new'");
  api.loop.until([&] { return stream.has("event: workspaces"); });
  EXPECT_FALSE(stream.has("event: server"));
}

TEST_F(Events, AreAsPrivateAsTheRowsTheyTell) {
  auto const other = api.sign_in("other@oriel.local");
  auto const admin = api.sign_in("admin@oriel.local");
  auto& theirs = open("/api/v1/events", other);
  auto& all = open("/api/v1/events?scope=admin", admin);
  auto& refused = open("/api/v1/events?scope=admin", other);
  api.loop.until([&] { return theirs.has("event: ready") && all.has("event: ready") && refused.ended; });
  EXPECT_EQ(refused.status, 403);
  auto const session = api.launch(user);
  api.make_running(session.id);
  api.loop.until([&] { return all.has(session.id.text()) && all.has("event: server"); });
  api.loop.run_for(std::chrono::milliseconds(300));
  EXPECT_FALSE(theirs.has(session.id.text()));
}

TEST_F(Events, EndWithTheSignIn) {
  auto& stream = open("/api/v1/events", user);
  api.loop.until([&] { return stream.has("event: ready"); });
  EXPECT_EQ(api.send("POST", "/api/v1/sign-out", user).status, 204);
  api.loop.until([&] { return stream.ended; }, std::chrono::seconds(6));
}

TEST_F(Events, ComeBackAfterTheDatabaseWas) {
  auto& stream = open("/api/v1/events", user);
  api.loop.until([&] { return stream.has("event: ready"); });
  api.loop.run_for(
      std::chrono::seconds(1));  // this cluster commits late: what was written must be on its disk
  store::testing::TestDatabase::server().crash();
  api.loop.run_for(std::chrono::milliseconds(300));
  store::testing::TestDatabase::server().start();
  while (!api.loop.run(api.owner->query("select 1"))) api.loop.run_for(std::chrono::milliseconds(100));
  std::optional<store::Session> session;
  for (int i = 0; i < 50 && !session; ++i) {
    api.loop.run_for(std::chrono::milliseconds(200));
    if (api.get("/api/v1/me", user).status == 200) session = api.launch(user);
  }
  ASSERT_TRUE(session);
  api.loop.until([&] { return stream.has(session->id.text()); }, std::chrono::seconds(10));
  EXPECT_FALSE(stream.ended);
}

TEST_F(Events, AReaderThatDoesNotReadIsCut) {
  EventHub hub(api.loop.executor(), *api.owner, {.connection = api.test.connection()});
  hub.start();
  auto const subscription = hub.subscribe(api.basics.user, true, std::nullopt, "");
  auto const reader = hub.subscribe(api.basics.user, true, std::nullopt, "");
  api.execute("update groups set session_limit = 1000");
  (void)api.launch(user);
  api.loop.run_for(std::chrono::milliseconds(200));
  for (int i = 0; i < 520 && !subscription->events.closed(); ++i) {
    api.execute("update sessions set progress = " + std::to_string(i % 100) + ", step = 's" +
                std::to_string(i) + "'");
    api.loop.run_for(std::chrono::milliseconds(8));
    while (reader->events.try_receive()) continue;
  }
  EXPECT_TRUE(subscription->events.closed());
  api.loop.run(hub.stop());
}

}  // namespace
}  // namespace oriel::api
