#include "libs/store/migrations.h"

#include <gtest/gtest.h>

#include "libs/async/task_group.h"
#include "libs/store/testing/database.h"
#include "libs/testing/loop.h"

namespace oriel::store {
namespace {

using testing::TestDatabase;

Async<> migrate_into(postgres::Database& database, std::vector<Result<std::vector<std::string>>>& outcomes) {
  auto outcome = co_await migrate(database);
  outcomes.push_back(std::move(outcome));
}

TEST(Migrations, AreNumberedInOrder) {
  int last = 0;
  for (auto const& migration : migrations()) {
    EXPECT_GT(migration.number, last) << migration.name;
    last = migration.number;
  }
  EXPECT_GE(last, 1);
}

TEST(Migrations, TwoAtOnceApplyEachOnce) {
  (void)TestDatabase().connection();  // the roles exist from here on
  auto const connection = TestDatabase::server().create_database("empty_for_two");
  oriel::testing::Loop loop;
  postgres::Database first(loop.executor(), {.connection = connection});
  postgres::Database second(loop.executor(), {.connection = connection});
  std::vector<Result<std::vector<std::string>>> outcomes;
  TaskGroup group(loop.executor());
  group.spawn(migrate_into(first, outcomes));
  group.spawn(migrate_into(second, outcomes));
  loop.run(group.wait());
  ASSERT_EQ(outcomes.size(), 2U);
  ASSERT_TRUE(outcomes[0]) << outcomes[0].error();
  ASSERT_TRUE(outcomes[1]) << outcomes[1].error();
  EXPECT_EQ(outcomes[0]->size() + outcomes[1]->size(), migrations().size());
  EXPECT_EQ(*loop.run(schema_version(first)), migrations().back().number);
}

TEST(Migrations, AChangedFileAndANewerDatabaseAreRefused) {
  oriel::testing::Loop loop;
  TestDatabase const test;
  auto const database = test.open(loop.executor());
  ASSERT_TRUE(loop.run(database->script("update schema_migrations set checksum = 'x' where number = 1")));
  auto const changed = loop.run(migrate(*database));
  ASSERT_FALSE(changed);
  EXPECT_EQ(changed.error().code, Code::kConflict);

  TestDatabase const other;
  auto const newer = other.open(loop.executor());
  ASSERT_TRUE(loop.run(
      newer->script("insert into schema_migrations (number, name, checksum) values (9999, 'later', 'x')")));
  auto const refused = loop.run(migrate(*newer));
  ASSERT_FALSE(refused);
  EXPECT_NE(refused.error().message.find("newer release"), std::string::npos) << refused.error();
}

}  // namespace
}  // namespace oriel::store
