#include "libs/redis/redis.h"

#include <gtest/gtest.h>

#include "libs/async/task_group.h"
#include "libs/testing/loop.h"
#include "libs/testing/redis_server.h"

namespace oriel::redis {
namespace {

using namespace std::chrono_literals;

class RedisTest : public ::testing::Test {
 protected:
  RedisTest() { EXPECT_TRUE(loop.run(redis.wait_until_ready(5s)).has_value()); }
  ~RedisTest() override { loop.run(redis.stop()); }

  RedisOptions options() const {
    RedisOptions made{.endpoint = Endpoint::unix_path(server.socket_path())};
    made.password = "secret";
    made.command_deadline = 500ms;
    return made;
  }
  template <typename... More>
  Result<Reply> ask(More... more) {
    return loop.run(redis.command(std::string(more)...));
  }

  testing::Loop loop;
  testing::RedisServer server{"secret"};
  Redis redis{loop.executor(), options()};
};

TEST_F(RedisTest, EveryKindOfReplyComesBack) {
  EXPECT_EQ(ask("SET", "a", std::string("x\0y", 3))->kind, Reply::Kind::kStatus);
  EXPECT_EQ(ask("GET", "a")->text, std::string("x\0y", 3));
  EXPECT_TRUE(ask("GET", "absent")->is_nil());
  EXPECT_EQ(ask("INCR", "n")->as_integer(), 1);
  EXPECT_EQ(ask("GET", "n")->as_integer(), 1);
  ASSERT_TRUE(ask("RPUSH", "l", "1", "2").has_value());
  auto const list = ask("LRANGE", "l", "0", "-1").value();
  ASSERT_EQ(list.elements.size(), 2u);
  EXPECT_EQ(list.elements[1].text, "2");
  EXPECT_EQ(ask("LPUSH", "a", "1").error().code, Code::kInvalid);
}

TEST_F(RedisTest, AWrongPasswordIsForbidden) {
  auto wrong = options();
  wrong.password = "other";
  Redis stranger(loop.executor(), wrong);
  EXPECT_EQ(loop.run(stranger.wait_until_ready(300ms)).error().code, Code::kUnavailable);
  EXPECT_EQ(loop.run(stranger.command("GET", "a")).error().code, Code::kUnavailable);
  loop.run(stranger.stop());
}

Async<> count(Redis& redis, int& good) {
  for (int i = 0; i < 50; ++i) {
    auto reply = co_await redis.command("INCR", "many");
    if (reply) ++good;
  }
}

TEST_F(RedisTest, ManyCoroutinesShareOneConnection) {
  TaskGroup group(loop.executor());
  int good = 0;
  for (int i = 0; i < 40; ++i) group.spawn(count(redis, good));
  loop.run(group.wait());
  EXPECT_EQ(good, 2000);
  EXPECT_EQ(ask("GET", "many")->as_integer(), 2000);
}

Async<> block(Redis& redis, std::optional<Code>& code) {
  auto reply = co_await redis.command("BLPOP", "never", "30");
  if (!reply) code = reply.error().code;
}

TEST_F(RedisTest, ACommandHasADeadlineAndTheConnectionComesBack) {
  EXPECT_EQ(ask("BLPOP", "never", "30").error().code, Code::kTimeout);
  EXPECT_TRUE(loop.run(redis.wait_until_ready(5s)).has_value());
  EXPECT_TRUE(ask("PING").has_value());
}

TEST_F(RedisTest, ACancelledCommandLeavesTheConnectionGood) {
  TaskGroup group(loop.executor());
  std::optional<Code> code;
  group.spawn(block(redis, code));
  loop.run_for(20ms);
  loop.run(group.stop());
  EXPECT_FALSE(code.has_value());
  EXPECT_TRUE(redis.connected());
}

TEST_F(RedisTest, WhileItIsDownCommandsFailAtOnce) {
  TaskGroup group(loop.executor());
  std::optional<Code> code;
  group.spawn(block(redis, code));
  loop.run_for(20ms);
  server.crash();
  loop.until([&] { return !redis.connected(); });
  loop.run(group.wait());
  EXPECT_EQ(code, Code::kUnavailable) << "what was under way must not wait for its deadline";
  auto const begin = std::chrono::steady_clock::now();
  EXPECT_EQ(ask("PING").error().code, Code::kUnavailable);
  EXPECT_LT(std::chrono::steady_clock::now() - begin, 50ms);
  server.start();
  EXPECT_TRUE(loop.run(redis.wait_until_ready(8s)).has_value());
  EXPECT_TRUE(ask("PING").has_value());
}

TEST_F(RedisTest, ASubscriberHearsAndComesBack) {
  std::vector<std::string> heard;
  int beginnings = 0;
  Subscriber subscriber(
      loop.executor(), options(),
      [&](std::string const& channel, std::string const& payload) {
        heard.push_back(channel + "=" + payload);
      },
      [&] { ++beginnings; });
  subscriber.subscribe("a");
  loop.until([&] { return beginnings == 1; });
  subscriber.subscribe("b");
  loop.until([&] { return ask("PUBLISH", "b", "1")->as_integer() == 1; });
  ASSERT_EQ(ask("PUBLISH", "a", "2")->as_integer(), 1);
  loop.until([&] { return heard.size() == 2; });
  EXPECT_EQ(heard, (std::vector<std::string>{"b=1", "a=2"}));
  subscriber.unsubscribe("b");
  loop.until([&] { return ask("PUBLISH", "b", "3")->as_integer() == 0; });

  server.crash();
  loop.until([&] { return !subscriber.connected() && !redis.connected(); });
  server.start();
  loop.until([&] { return beginnings == 2 && redis.connected(); });
  loop.until([&] {
    auto const reply = ask("PUBLISH", "a", "4");
    return reply && reply->as_integer() == 1;
  });
  loop.until([&] { return heard.size() == 3; });
  EXPECT_EQ(heard.back(), "a=4");
  loop.run(subscriber.stop());
}

}  // namespace
}  // namespace oriel::redis
