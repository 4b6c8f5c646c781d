#include "libs/postgres/listener.h"

#include <gtest/gtest.h>

#include "libs/testing/loop.h"
#include "libs/testing/postgres_server.h"

namespace oriel::postgres {
namespace {

TEST(ListenerTest, HearsNotificationsAndSaysWhenItMayHaveMissedSome) {
  testing::PostgresServer server;
  testing::Loop loop;
  DatabaseOptions const options{.connection = server.connection()};
  Database database(loop.executor(), options);
  std::vector<std::string> heard;
  int beginnings = 0;
  Listener listener(
      loop.executor(), options, {"sessions", "Odd \"name\""},
      [&](Notification const& one) { heard.push_back(one.channel + "=" + one.payload); },
      [&] { ++beginnings; });
  loop.until([&] { return beginnings == 1; });
  ASSERT_TRUE(loop.run(database.query("select pg_notify('sessions', $1)", Parameters("abc"))).has_value());
  ASSERT_TRUE(loop.run(database.query("notify \"Odd \"\"name\"\"\"")).has_value());
  ASSERT_TRUE(loop.run(database.query("notify other, 'x'")).has_value());
  loop.until([&] { return heard.size() == 2; });
  EXPECT_EQ(heard, (std::vector<std::string>{"sessions=abc", "Odd \"name\"="}));

  server.crash();
  loop.until([&] { return !listener.listening(); });
  server.start();
  loop.until([&] { return beginnings == 2; });
  ASSERT_TRUE(loop.run(database.wait_until_ready(std::chrono::seconds(10))).has_value());
  ASSERT_TRUE(loop.run(database.query("notify sessions, 'again'")).has_value());
  loop.until([&] { return heard.size() == 3; });
  loop.run(listener.stop());
  EXPECT_FALSE(listener.listening());
}

}  // namespace
}  // namespace oriel::postgres
