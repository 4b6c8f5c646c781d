#include "libs/store/audit_log.h"

#include <gtest/gtest.h>

#include "libs/store/audit.h"
#include "libs/store/testing/database.h"
#include "libs/testing/loop.h"

namespace oriel::store {
namespace {

using testing::TestDatabase;

class AuditLog : public ::testing::Test {
 protected:
  AuditLog() {
    owner = test.open(loop.executor());
    api = test.open(loop.executor(), "oriel_api");
    basics = *loop.run(testing::fill_basics(*owner));
  }
  /// 100,000 lines over 100 days: one in a hundred refused, by a thousand actors.
  void fill() {
    ASSERT_TRUE(loop.run(owner->query(
        "insert into audit (at, actor_kind, actor_id, action, object_kind, object_id, address, result, "
        "reason) "
        "select timestamptz '2026-01-01' + n * interval '86.4 seconds', 'user', "
        "('00000000-0000-0000-0000-' || lpad((n % 1000)::text, 12, '0'))::uuid, "
        "case when n % 7 = 0 then 'user.edit' else 'sign_in' end, 'user', 'object-' || n % 5000, "
        "'192.0.2.' || n % 250, case when n % 100 = 0 then 'refused' else 'done' end, "
        "case when n % 100 = 0 then 'wrong_password' else '' end from generate_series(1, 100000) n")));
    ASSERT_TRUE(loop.run(owner->query("analyze audit")));
  }
  std::size_t found(AuditFilter filter) {
    std::size_t rows = 0;
    filter.limit = 1000;
    for (;;) {
      auto page = loop.run(list_audit(*api, filter));
      EXPECT_TRUE(page) << page.error();
      rows += page->rows.size();
      if (!page->next_cursor) return rows;
      filter.cursor = *page->next_cursor;
    }
  }
  oriel::testing::Loop loop;
  TestDatabase test;
  std::unique_ptr<postgres::Database> owner;
  std::unique_ptr<postgres::Database> api;
  testing::Basics basics;
};

TEST_F(AuditLog, NamesWhoDidWhatToWhom) {
  AuditEntry entry{{"user", basics.administrator.text(), "192.0.2.1", "abc"},
                   "user.edit",
                   "user",
                   basics.user.text(),
                   {{"changed", {"names"}}}};
  ASSERT_TRUE(loop.run(record_audit(*api, entry)));
  entry.result = "refused";
  entry.reason = "forbidden";
  ASSERT_TRUE(loop.run(record_audit(*api, entry)));
  auto const page = *loop.run(list_audit(*api, {}));
  ASSERT_EQ(page.rows.size(), 2U);
  EXPECT_FALSE(page.next_cursor);
  auto const& row = page.rows[1];
  EXPECT_EQ(row.actor_id, basics.administrator.text());
  EXPECT_EQ(row.actor_name, "admin@oriel.local");
  EXPECT_EQ(row.object_name, "user@oriel.local");
  EXPECT_EQ(row.request_id, "abc");
  EXPECT_EQ(row.result, "done");
  EXPECT_EQ(json::text(row.detail), R"({"changed":["names"]})");
  EXPECT_EQ(page.rows[0].reason, "forbidden");
  EXPECT_FALSE(loop.run(list_audit(*api, {.cursor = "nonsense"})));
}

TEST_F(AuditLog, AHundredThousandLinesPageByPage) {
  fill();
  AuditFilter filter;
  filter.limit = 1000;
  std::int64_t last = 100'001;
  std::size_t rows = 0;
  for (;;) {
    auto page = *loop.run(list_audit(*api, filter));
    for (auto const& row : page.rows) {
      ASSERT_EQ(row.id, last - 1);
      last = row.id;
    }
    rows += page.rows.size();
    // What happens meanwhile is newer than what is read: no line moves.
    ASSERT_TRUE(loop.run(record_audit(*api, {{}, "session.view", "session", "x", {}})));
    if (!page.next_cursor) break;
    filter.cursor = *page.next_cursor;
  }
  EXPECT_EQ(rows, 100'000U);

  EXPECT_EQ(found({.actor = "00000000000000000000000000000042"}), 100U);
  EXPECT_EQ(found({.action = "user.edit"}), 14'285U);
  EXPECT_EQ(found({.action = "user."}), 14'285U);
  EXPECT_EQ(found({.object = "object-17"}), 20U);
  EXPECT_EQ(found({.result = "refused"}), 1000U);
  EXPECT_EQ(found({.result = "unsuccessful"}), 1000U);
  EXPECT_EQ(found({.text = "WRONG_pass"}), 1000U);
  EXPECT_EQ(found({.text = "wrong%pass"}), 0U);
  EXPECT_EQ(found({.from = *parse_rfc3339("2026-01-11T00:00:00Z"),
                   .until = *parse_rfc3339("2026-01-12T00:00:00Z")}),
            1000U);
}

TEST_F(AuditLog, EveryFilterHasItsIndex) {
  fill();
  auto const plan = [this](std::string const& condition) {
    auto const rows = loop.run(owner->query("explain select * from audit where " + condition +
                                            " order by at desc, id desc limit 51"));
    EXPECT_TRUE(rows) << rows.error();
    std::string text;
    for (auto const row : *rows) text += row.text("QUERY PLAN") + "\n";
    return text;
  };
  for (auto const& [condition, index] :
       {std::pair("true", "audit_by_time"),
        std::pair("at >= '2026-02-01' and at < '2026-02-02'", "audit_by_time"),
        std::pair("(at, id) < (timestamptz '2026-02-01', 5::bigint)", "audit_by_time"),
        std::pair("actor_id = '00000000-0000-0000-0000-000000000042'", "audit_by_actor"),
        std::pair("object_id = 'object-17'", "audit_by_object"),
        std::pair("action = 'never'", "audit_by_action"),
        std::pair("result = 'refused'", "audit_by_result")}) {
    auto const text = plan(condition);
    EXPECT_NE(text.find(index), std::string::npos) << condition << "\n" << text;
    EXPECT_EQ(text.find("Seq Scan"), std::string::npos) << condition << "\n" << text;
  }
}

}  // namespace
}  // namespace oriel::store
