#include <gtest/gtest.h>

#include "libs/base/file.h"
#include "libs/base/json.h"
#include "libs/base/log.h"
#include "libs/base/text.h"
#include "libs/crypto/crypto.h"
#include "libs/store/api_keys.h"
#include "libs/store/images.h"
#include "libs/store/migrations.h"
#include "libs/store/sign_ins.h"
#include "libs/store/users.h"
#include "libs/testing/loop.h"
#include "libs/testing/postgres_server.h"
#include "services/setup/commands.h"

namespace oriel::setup {
namespace {

class Setup : public ::testing::Test {
 protected:
  Setup() {
    log::configure("test", log::Level::kError);
    write("config.json", json::text(json::Object{{"instance", "test"},
                                                 {"home", directory.path().string()},
                                                 {"database", "unix:" + server.socket_directory()},
                                                 {"zone", "attic"},
                                                 {"port", 8443}}));
    write("secrets/setup/database.password", "superuser\n");
    write("secrets/api/database.password", "api's 'password'\n");
    write("secrets/manager/database.password", "manager\n");
    write("secrets/api/token.key", token_key.hex() + "\n");
    write(
        "credentials.json",
        R"({"url":"https://127.0.0.1:8443","addresses":[],"admin":{"username":"admin@oriel.local","password":"one two three"},)"
        R"("user":{"username":"user@oriel.local","password":"four five six"},"api_key":{"key":"abcdefghijkl","secret":"the secret"}})");
    options = *read_options(directory.file("config.json"));
  }
  void write(std::string const& name, std::string const& content) {
    auto const path = directory.path() / name;
    ASSERT_TRUE(make_directory(path.parent_path()));
    ASSERT_TRUE(write_file(path, content));
  }
  Result<> first_users() {
    return loop.run(create_first_users(loop.executor(), options, directory.file("credentials.json")));
  }
  std::unique_ptr<postgres::Database> open(std::string const& role) {
    return std::make_unique<postgres::Database>(
        loop.executor(), postgres::DatabaseOptions{.connection = server.connection("oriel", role)});
  }
  oriel::testing::PostgresServer server;
  oriel::testing::Loop loop;
  oriel::testing::TemporaryDirectory directory;
  crypto::Key token_key = crypto::Key::random();
  Options options;
};

TEST_F(Setup, MakesEverythingOnceAndNothingTwice) {
  for (int run = 0; run < 2; ++run) {
    auto const database = loop.run(set_up_database(loop.executor(), options));
    ASSERT_TRUE(database) << database.error();
    auto const users = first_users();
    ASSERT_TRUE(users) << users.error();
  }
  auto const api = open("oriel_api");
  EXPECT_EQ(*loop.run(store::schema_version(*api)), store::migrations().back().number);
  auto const admin = **loop.run(store::find_account_by_username(*api, "admin@oriel.local"));
  EXPECT_TRUE(admin.permissions.is_administrator());
  EXPECT_TRUE(crypto::verify_password("one two three", *admin.password_hash));
  EXPECT_TRUE(admin.password_hash->starts_with("$argon2id$"));
  auto const user = **loop.run(store::find_account_by_username(*api, "user@oriel.local"));
  EXPECT_FALSE(user.permissions.is_administrator());
  ASSERT_EQ(user.user.groups.size(), 1U);
  EXPECT_EQ(user.user.groups[0].id.text(), "68d557ac4cac42cca9f31c7c853de0f3");
  auto const key = **loop.run(store::find_api_key(*api, "abcdefghijkl"));
  EXPECT_EQ(key.secret_hash, crypto::keyed_hash(token_key, "the secret"));
  EXPECT_EQ(key.permissions.numbers().size(), domain::all_permissions().size());
  EXPECT_EQ(loop.run(store::list_zones(*api))->at(0).name, "attic");
  EXPECT_EQ(loop.run(store::list_users(*api, 10, 0, true))->size(), 2U);

  // The services' roles own nothing and the password is set.
  auto const superuser = open("postgres");
  auto const roles =
      *loop.run(superuser->query("select rolname, rolsuper, rolcanlogin, rolpassword is not null as "
                                 "has_password from pg_authid where rolname like 'oriel_%' order by 1"));
  ASSERT_EQ(roles.size(), 3U);
  for (auto const role : roles) {
    EXPECT_FALSE(role.boolean("rolsuper"));
    EXPECT_EQ(role.boolean("rolcanlogin"), role.view("rolname") != "oriel_owner");
    EXPECT_EQ(role.boolean("has_password"), role.view("rolname") != "oriel_owner");
  }
  auto const owners =
      *loop.run(superuser->query("select distinct tableowner from pg_tables where schemaname = 'public'"));
  ASSERT_EQ(owners.size(), 1U);
  EXPECT_EQ(owners.front().view("tableowner"), "oriel_owner");
}

TEST_F(Setup, APasswordThatWasChangedStays) {
  ASSERT_TRUE(loop.run(set_up_database(loop.executor(), options)));
  ASSERT_TRUE(first_users());
  auto const api = open("oriel_api");
  auto const user = (**loop.run(store::find_account_by_username(*api, "user@oriel.local"))).user;
  ASSERT_TRUE(loop.run(store::set_password_hash(*api, user.id, "changed")));
  ASSERT_TRUE(first_users());
  EXPECT_EQ((**loop.run(store::find_account_by_username(*api, "user@oriel.local"))).password_hash, "changed");
}

TEST_F(Setup, AnotherInstancesDatabaseIsRefused) {
  ASSERT_TRUE(loop.run(set_up_database(loop.executor(), options)));
  options.instance = "other";
  EXPECT_EQ(loop.run(set_up_database(loop.executor(), options)).error().code, Code::kConflict);
}

TEST_F(Setup, RegistersImagesAndSkipsWhatIsNoWorkspace) {
  ASSERT_TRUE(loop.run(set_up_database(loop.executor(), options)));
  ASSERT_TRUE(first_users());
  auto const lines = [](std::string const& tag) {
    return R"({"name":"firefox","tag":")" + tag +
           R"(","id":"sha256:aa","size":12,"manifest":{"contract":"oriel/1","friendly_name":"Firefox","cores":2,"memory_mib":2048}})"
           "\n\n"
           R"({"name":"base","tag":"oriel/base:1","id":"sha256:bb","size":1,"manifest":null})"
           "\n";
  };
  write("images.json", lines("oriel/firefox:1"));
  auto const registered = loop.run(register_images(loop.executor(), options, directory.file("images.json")));
  ASSERT_TRUE(registered) << registered.error();
  auto const api = open("oriel_api");
  auto images = *loop.run(store::list_images(*api));
  ASSERT_EQ(images.size(), 1U);
  EXPECT_EQ(images[0].groups, std::vector<std::string>{"All Users"});
  write("images.json", lines("oriel/firefox:2"));
  ASSERT_TRUE(loop.run(register_images(loop.executor(), options, directory.file("images.json"))));
  images = *loop.run(store::list_images(*api));
  ASSERT_EQ(images.size(), 1U);
  EXPECT_EQ(images[0].reference, "oriel/firefox:2");
  write("images.json", "{broken\n");
  EXPECT_FALSE(loop.run(register_images(loop.executor(), options, directory.file("images.json"))));
}

TEST_F(Setup, AnEnrolmentTokenIsWrittenAndStoredAsAHash) {
  ASSERT_TRUE(loop.run(set_up_database(loop.executor(), options)));
  auto const made = loop.run(make_enrolment_token(loop.executor(), options, directory.file("token")));
  ASSERT_TRUE(made) << made.error();
  auto const token = std::string(trim(*read_file(directory.file("token"))));
  auto const superuser = open("postgres");
  postgres::Parameters values(crypto::keyed_hash(token_key, token));
  auto const rows =
      *loop.run(superuser->query("select purpose, expires_at > now() + interval '59 minutes' as long from "
                                 "one_time_tokens where token_hash = decode($1, 'hex')",
                                 std::move(values)));
  ASSERT_EQ(rows.size(), 1U);
  EXPECT_EQ(rows.front().view("purpose"), "enrol");
  EXPECT_TRUE(rows.front().boolean("long"));
}

}  // namespace
}  // namespace oriel::setup
