#include <map>

#include <gtest/gtest.h>

#include "libs/store/testing/database.h"
#include "libs/testing/loop.h"

// What a service that is taken over can do to the database: each forbidden statement is tried.

namespace oriel::store {
namespace {

using testing::TestDatabase;

/// What a role may not do with a table: S(elect), I(nsert), U(pdate), D(elete). Nobody may truncate.
struct Forbidden {
  std::string api;
  std::string manager;
};

std::map<std::string, Forbidden> const kForbidden = {
    {"schema_migrations", {"IUD", "IUD"}},
    {"installation", {"IUD", "IUD"}},
    {"settings", {"", "IUD"}},
    {"zones", {"", "IUD"}},
    {"groups", {"", "IUD"}},
    {"group_permissions", {"", "IUD"}},
    {"users", {"", "SIUD"}},  // the manager reads four columns
    {"user_groups", {"", "IUD"}},
    {"sign_ins", {"", "SIUD"}},
    {"one_time_tokens", {"", "I"}},
    {"api_keys", {"", "SIUD"}},
    {"api_key_permissions", {"", "SIUD"}},
    {"images", {"", "ID"}},
    {"image_groups", {"", "IUD"}},
    {"agents", {"ID", ""}},  // the API writes what an administrator sets, column by column
    {"sessions", {"", "I"}},
    {"leases", {"IUD", ""}},
    {"audit", {"UD", "SUD"}},
    {"service_reports", {"", ""}},
    {"revocations", {"SIUD", "IU"}},
    {"session_messages", {"UD", "SIUD"}},  // the API marks them read
    {"session_watches", {"U", "IU"}},      // the API renews them
    {"agent_log", {"IUD", "U"}},
    {"agent_log_readers", {"D", "IUD"}},
};

class Roles : public ::testing::Test {
 protected:
  Roles() {
    EXPECT_TRUE(loop.run(testing::fill_basics(*owner)));
    auto rows = loop.run(owner->query(
        "select c.relname as name, (select a.attname from pg_attribute a where a.attrelid = c.oid and "
        "a.attnum > 0 and a.attgenerated = '' and a.attidentity = '' and not a.attisdropped order by "
        "a.attnum limit 1) as first from pg_class c where c.relnamespace = 'public'::regnamespace and "
        "c.relkind in ('r', 'p')"));
    EXPECT_TRUE(rows);
    for (auto const row : *rows) tables[row.text("name")] = row.text("first");
  }

  void refused(postgres::Database& role, std::string const& sql, std::string const& who) {
    auto const outcome = loop.run(role.query(sql));
    EXPECT_FALSE(outcome) << who << ": " << sql;
    if (!outcome) {
      EXPECT_EQ(outcome.error().code, Code::kForbidden) << who << ": " << sql << ": " << outcome.error();
    }
  }

  void try_tables(postgres::Database& role, std::string const& who, std::string Forbidden::* member) {
    for (auto const& [table, first] : tables) {
      auto const known = kForbidden.find(table);
      ASSERT_NE(known, kForbidden.end()) << "say in this table what each role may not do with " << table;
      for (auto const what : known->second.*member) {
        if (what == 'S') refused(role, "select * from " + table, who);
        if (what == 'I') refused(role, "insert into " + table + " default values", who);
        if (what == 'U') refused(role, "update " + table + " set " + first + " = null", who);
        if (what == 'D') refused(role, "delete from " + table, who);
      }
      refused(role, "truncate " + table + " cascade", who);
      refused(role, "drop table " + table + " cascade", who);
      refused(role, "alter table " + table + " disable trigger all", who);
    }
  }

  /// What belongs to whoever owns the database or the machine under it.
  void try_powers(postgres::Database& role, std::string const& who) {
    for (auto const* const sql : {
             "create table mine (a int)",
             "create schema mine",
             "create function mine() returns int language sql as 'select 1'",
             "create function mine() returns int language plpgsql security definer as 'begin return 1; end'",
             "create trigger mine before insert on audit for each row execute function notify_session()",
             "create rule mine as on insert to audit do instead nothing",
             "create view mine as select 1",
             "create role mine superuser",
             "create database mine",
             "alter role postgres password 'x'",
             "set role postgres",
             "set session authorization postgres",
             "alter system set log_statement = 'all'",
             "copy (select 1) to program 'true'",
             "copy (select 1) to '/tmp/mine'",
             "select pg_read_file('/etc/passwd')",
             "select pg_ls_dir('.')",
             "select lo_import('/etc/passwd')",
             "select lo_export(1, '/tmp/mine')",
             "select pg_reload_conf()",
             "select * from pg_authid",
             "select revoke_administration(gen_random_uuid())",
             "update pg_class set relname = 'x'",
         }) {
      refused(role, sql, who);
    }
  }

  oriel::testing::Loop loop;
  TestDatabase test;
  std::unique_ptr<postgres::Database> owner = test.open(loop.executor());
  std::map<std::string, std::string> tables;
};

TEST_F(Roles, TheApisDoesOnlyItsOwnWork) {
  auto const api = test.open(loop.executor(), "oriel_api");
  try_tables(*api, "oriel_api", &Forbidden::api);
  try_powers(*api, "oriel_api");
  EXPECT_TRUE(loop.run(api->query("select password_hash from users")));
  refused(*api, "update agents set public_key = '\\x00'", "oriel_api");
  refused(*api, "update agents set certificate_pem = ''", "oriel_api");
}

TEST_F(Roles, TheManagersDoesOnlyItsOwnWork) {
  auto const manager = test.open(loop.executor(), "oriel_manager");
  try_tables(*manager, "oriel_manager", &Forbidden::manager);
  try_powers(*manager, "oriel_manager");
  EXPECT_TRUE(loop.run(manager->query("select id, username from users")));
  refused(*manager, "select password_hash from users", "oriel_manager");
}

TEST_F(Roles, AnEndedSignInIsWrittenDownWhateverEndsIt) {
  auto const count = [this] {
    return loop.run(owner->query("select count(*) from revocations"))->front().integer("count");
  };
  auto const sign_in = [this] {
    EXPECT_TRUE(loop.run(owner->query(
        "insert into sign_ins (token_hash, user_id, expires_at) select sha256(convert_to(random()::text, "
        "'UTF8')), id, now() + interval '1 hour' from users where username = 'user@oriel.local'")));
  };
  auto const api = test.open(loop.executor(), "oriel_api");
  std::int64_t expected = 0;
  for (auto const* const sql : {"delete from sign_ins", "update users set disabled = true",
                                "update users set disabled = false, locked = true",
                                "delete from user_groups where user_id in (select id from users where "
                                "username = 'user@oriel.local'); "
                                "delete from users where username = 'user@oriel.local'"}) {
    sign_in();
    EXPECT_TRUE(loop.run(api->script(sql))) << sql;
    EXPECT_EQ(count(), expected += 2) << sql;
    EXPECT_TRUE(loop.run(owner->query("update users set disabled = false, locked = false")));
  }
}

}  // namespace
}  // namespace oriel::store
