#include "libs/postgres/database.h"

#include <stdexcept>
#include <thread>

#include <gtest/gtest.h>
#include <sys/socket.h>
#include <sys/un.h>
#include <unistd.h>

#include "libs/async/sleep.h"
#include "libs/async/task_group.h"
#include "libs/testing/loop.h"
#include "libs/testing/postgres_server.h"
#include "libs/testing/temporary_directory.h"

namespace oriel::postgres {
namespace {

using namespace std::chrono_literals;

testing::PostgresServer& cluster() {
  static testing::PostgresServer server;
  return server;
}

class DatabaseTest : public ::testing::Test {
 protected:
  DatabaseTest() : database(loop.executor(), options()) {}
  ~DatabaseTest() override {
    database.close();
    loop.poll();
  }

  static DatabaseOptions options() {
    static int count = 0;
    static std::string name;
    name = "d" + std::to_string(++count);
    DatabaseOptions made{.connection = cluster().create_database(name)};
    made.connections = 4;
    made.statement_deadline = 2s;
    return made;
  }

  Result<Rows> query(std::string sql, Parameters parameters = {}) {
    return loop.run(database.query(std::move(sql), std::move(parameters)));
  }
  Result<> script(std::string sql) { return loop.run(database.script(std::move(sql))); }

  testing::Loop loop;
  Database database;
};

TEST_F(DatabaseTest, ValuesGoInAndComeBack) {
  auto const id = SessionId::random();
  auto const time = from_epoch_seconds(1'764'000'000.123456);
  auto const rows = query(
      "select $1::uuid as id, $2::text as name, $3::bigint as count, $4::boolean as good, $5::double "
      "precision as ratio, "
      "$6::timestamptz as at, $7::text as nothing, $8::text[] as words, extract(epoch from $6::timestamptz) "
      "as seconds",
      Parameters(id, "d'\"\xc3\xa9", 1LL << 40, true, 0.1, time, std::optional<std::string>(),
                 std::vector<std::string>{"a,b", "", "q\"\\", "null"}));
  ASSERT_TRUE(rows.has_value()) << rows.error();
  auto const row = rows->front();
  EXPECT_EQ(row.id<SessionId>("id"), id);
  EXPECT_EQ(row.text("name"), "d'\"\xc3\xa9");
  EXPECT_EQ(row.integer("count"), 1LL << 40);
  EXPECT_TRUE(row.boolean("good"));
  EXPECT_EQ(row.number("ratio"), 0.1);
  EXPECT_EQ(row.time("at"), time);
  EXPECT_EQ(row.time("seconds"), time);
  EXPECT_FALSE(row.optional_text("nothing").has_value());
  EXPECT_EQ(row.array("words"), (std::vector<std::string>{"a,b", "", "q\"\\", "null"}));
  EXPECT_THROW((void)row.integer("name"), std::logic_error);
  EXPECT_THROW((void)row.text("absent"), std::logic_error);
  EXPECT_THROW((void)row.text("nothing"), std::logic_error);
}

TEST_F(DatabaseTest, StatesBecomeCodes) {
  ASSERT_TRUE(script("create table t (id int primary key, name text not null check (name <> '')); insert "
                     "into t values (1, 'a')")
                  .has_value());
  auto const conflict = query("insert into t values ($1, $2)", Parameters(1, "b")).error();
  EXPECT_EQ(conflict.code, Code::kConflict);
  EXPECT_NE(conflict.message.find("t_pkey"), std::string::npos);
  EXPECT_EQ(query("insert into t values (2, '')").error().code, Code::kInvalid);
  EXPECT_EQ(query("insert into t values (2, null)").error().code, Code::kInvalid);
  EXPECT_EQ(query("select 1/0").error().code, Code::kInvalid);
  EXPECT_EQ(query("select nonsense").error().code, Code::kInternal);
  EXPECT_EQ(query("select $1::text", Parameters(std::string("a\0b", 3))).error().code, Code::kInvalid);
  EXPECT_EQ(query("update t set name = 'c' where id < 5")->affected(), 1u);
  EXPECT_LE(database.open_connections(), 4u);
}

TEST_F(DatabaseTest, ASlowStatementEndsAtItsDeadlineAndItsConnectionLives) {
  ASSERT_TRUE(query("select 1").has_value());
  auto const begin = std::chrono::steady_clock::now();
  EXPECT_EQ(query("select pg_sleep(30)").error().code, Code::kTimeout);
  EXPECT_LT(std::chrono::steady_clock::now() - begin, 4s);
  EXPECT_TRUE(query("select 1").has_value());
}

TEST_F(DatabaseTest, LargeValuesInBothDirectionsDoNotLock) {
  std::string const large(8'000'000, 'x');
  auto const rows = query("select $1::text || $1::text as text", Parameters(large));
  ASSERT_TRUE(rows.has_value()) << rows.error();
  EXPECT_EQ(rows->front().view("text").size(), 16'000'000u);
}

Async<> ask(Database& database, int& good, int& bad) {
  auto rows = co_await database.query("select pg_sleep(0.01)");
  rows ? ++good : ++bad;
}

TEST_F(DatabaseTest, ManyAskersShareFewConnections) {
  TaskGroup group(loop.executor());
  int good = 0, bad = 0;
  for (int i = 0; i < 100; ++i) group.spawn(ask(database, good, bad));
  loop.run(group.wait());
  EXPECT_EQ(good, 100);
  EXPECT_EQ(bad, 0);
  EXPECT_LE(database.open_connections(), 4u);
}

Async<> ask_long(Database& database) {
  auto rows = co_await database.query("select pg_sleep(1.5)");
  (void)rows;
}

TEST_F(DatabaseTest, ACancelledStatementTakesItsConnectionWithIt) {
  TaskGroup group(loop.executor());
  for (int i = 0; i < 4; ++i) group.spawn(ask_long(database));
  loop.run_for(100ms);
  EXPECT_EQ(database.open_connections(), 4u);
  loop.run(group.stop());
  EXPECT_EQ(database.open_connections(), 0u);
  EXPECT_EQ(query("select 7 as n")->front().integer("n"), 7);
}

Async<Result<int>> insert_then(Queryable& transaction, Result<int> outcome) {
  auto done = co_await transaction.query("insert into t values (1)");
  if (!done) co_return done.error();
  co_return outcome;
}

Async<Result<int>> insert_then_throw(Queryable& transaction) {
  auto done = co_await transaction.query("insert into t values (1)");
  (void)done;
  throw std::runtime_error("broken");
}

Async<Result<int>> swallow(Queryable& transaction) {
  auto done = co_await transaction.query("select 1/0");
  (void)done;
  co_return 1;
}

TEST_F(DatabaseTest, TransactionsCommitOrLeaveNothing) {
  ASSERT_TRUE(script("create table t (id int)").has_value());
  auto const count = [&] { return query("select count(*) as n from t")->front().integer("n"); };
  EXPECT_EQ(loop.run(database.transaction<int>([](Queryable& transaction) {
                  return insert_then(transaction, fail(Code::kNoCapacity, "full"));
                }))
                .error()
                .code,
            Code::kNoCapacity);
  EXPECT_EQ(count(), 0);
  EXPECT_THROW((void)loop.run(database.transaction<int>(insert_then_throw)), std::runtime_error);
  EXPECT_EQ(count(), 0);
  EXPECT_EQ(loop.run(database.transaction<int>(swallow)).error().code, Code::kInternal)
      << "a commit that rolled back must not look like one";
  EXPECT_EQ(
      loop.run(database.transaction<int>([](Queryable& transaction) { return insert_then(transaction, 42); }))
          .value(),
      42);
  EXPECT_EQ(count(), 1);
}

Async<Result<>> add_one(Queryable& transaction, int& attempts) {
  ++attempts;
  auto set = co_await transaction.query("set transaction isolation level serializable");
  if (!set) co_return set.error();
  auto rows = co_await transaction.query("select n from counter");
  if (!rows) co_return rows.error();
  auto const n = rows->front().integer("n");
  co_await sleep_for(5ms);
  Parameters values(n + 1);
  auto done = co_await transaction.query("update counter set n = $1", std::move(values));
  if (!done) co_return done.error();
  co_return Result<>();
}

Async<> add_in_transaction(Database& database, int& attempts, int& good) {
  std::function<Async<Result<>>(Queryable&)> body = [&attempts](Queryable& transaction) {
    return add_one(transaction, attempts);
  };
  auto done = co_await database.transaction<>(std::move(body));
  if (done) ++good;
}

TEST_F(DatabaseTest, ALostRaceIsRunAgain) {
  ASSERT_TRUE(script("create table counter (n int); insert into counter values (0)").has_value());
  TaskGroup group(loop.executor());
  int attempts = 0, good = 0;
  for (int i = 0; i < 3; ++i) group.spawn(add_in_transaction(database, attempts, good));
  loop.run(group.wait());
  EXPECT_EQ(good, 3);
  EXPECT_GT(attempts, 3);
  EXPECT_EQ(query("select n from counter")->front().integer("n"), 3);
}

Async<Result<std::int64_t>> lock_and_count(Queryable& connection) {
  auto locked = co_await connection.query("select pg_advisory_lock(7)");
  if (!locked) co_return locked.error();
  auto rows = co_await connection.query("select count(*) as n from pg_locks where locktype = 'advisory'");
  if (!rows) co_return rows.error();
  co_return rows->front().integer("n");
}

TEST_F(DatabaseTest, APinnedConnectionTakesItsLocksWithIt) {
  EXPECT_EQ(loop.run(database.pinned<std::int64_t>(lock_and_count)).value(), 1);
  loop.run_for(50ms);
  EXPECT_EQ(query("select count(*) as n from pg_locks where locktype = 'advisory'")->front().integer("n"), 0);
}

TEST_F(DatabaseTest, StatementsPreparedBeforeATableChangedAreForgotten) {
  ASSERT_TRUE(script("create table t (id int); insert into t values (1)").has_value());
  ASSERT_TRUE(query("select * from t").has_value());
  ASSERT_TRUE(script("alter table t add column name text").has_value());
  auto rows = query("select * from t");
  if (!rows) rows = query("select * from t");
  ASSERT_TRUE(rows.has_value()) << rows.error();
  EXPECT_TRUE(rows->front().is_null("name"));
}

TEST_F(DatabaseTest, AnUnknownDatabaseAndAnAbsentServerAreUnavailable) {
  Database unknown(loop.executor(), {.connection = cluster().connection("absent")});
  EXPECT_EQ(loop.run(unknown.query("select 1")).error().code, Code::kUnavailable);
  Database absent(loop.executor(), {.connection = "host=/nowhere dbname=x user=y"});
  EXPECT_EQ(loop.run(absent.query("select 1")).error().code, Code::kUnavailable);
  EXPECT_EQ(loop.run(absent.wait_until_ready(300ms)).error().code, Code::kUnavailable);
  EXPECT_EQ(absent.open_connections(), 0u);
}

TEST(DatabaseRestartTest, ComesBackAfterTheServerDied) {
  testing::PostgresServer server;
  testing::Loop loop;
  Database database(loop.executor(), {.connection = server.connection()});
  ASSERT_TRUE(loop.run(database.query("select 1")).has_value());
  server.crash();
  EXPECT_EQ(loop.run(database.query("select 1")).error().code, Code::kUnavailable);
  EXPECT_EQ(loop.run(database.query("select 1")).error().code, Code::kUnavailable);
  server.start();
  EXPECT_TRUE(loop.run(database.wait_until_ready(10s)).has_value());
  EXPECT_TRUE(loop.run(database.query("select 1")).has_value());
}

TEST(ConnectTest, AServerThatHangsUpWhileItIsGreetedIsUnavailable) {
  testing::TemporaryDirectory directory;
  sockaddr_un address{};
  address.sun_family = AF_UNIX;
  directory.file(".s.PGSQL.5432").copy(address.sun_path, sizeof address.sun_path - 1);
  int const listener = ::socket(AF_UNIX, SOCK_STREAM | SOCK_CLOEXEC, 0);
  ASSERT_EQ(::bind(listener, reinterpret_cast<sockaddr const*>(&address), sizeof address), 0);
  ASSERT_EQ(::listen(listener, 8), 0);
  std::thread server([listener] {
    for (int client = ::accept(listener, nullptr, nullptr); client >= 0;
         client = ::accept(listener, nullptr, nullptr)) {
      char first[64];
      (void)::recv(client, first, sizeof first, 0);
      ::close(client);
    }
  });
  {
    testing::Loop loop;
    Database database(loop.executor(), {.connection = "dbname=x user=x host=" + directory.file("")});
    auto const rows = loop.run(database.query("select 1"));
    ASSERT_FALSE(rows.has_value());
    EXPECT_EQ(rows.error().code, Code::kUnavailable) << rows.error();
    database.close();
    loop.poll();
  }
  ::shutdown(listener, SHUT_RDWR);
  server.join();
  ::close(listener);
}

}  // namespace
}  // namespace oriel::postgres
