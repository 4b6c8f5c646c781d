#include "libs/store/audit.h"

#include <gtest/gtest.h>

#include "libs/base/text.h"
#include "services/api/audit_export.h"
#include "services/api/testing/matrix.h"

namespace oriel::api {
namespace {

using testing::body_of;
using testing::MatrixWorld;
using testing::RunningApi;
using testing::Who;

// Every route of the authorization matrix whose action has a name in the audit, as every subject.
TEST(Audit, EachCellOfTheMatrixLeavesExactlyOneEntryOrNone) {
  MatrixWorld world;
  int done = 0;
  int refused = 0;
  for (auto const& row : world.matrix.routes) {
    // Streams that are let go after their first bytes.
    if (row.path == "/api/v1/events" || row.path == "/api/v1/admin/servers/{id}/log") continue;
    auto const name = std::string(domain::audit_name(row.asked));
    // A look at or a keeping of a session by a program is not an act; its start and end are. Of a view the
    // beginning is one, not what keeps it; what is changed in a server is one each, and nothing is changed
    // here.
    auto const acts = row.is_public()
                          ? row.path.ends_with("/request_kasm") || row.path.ends_with("/destroy_kasm")
                          : !row.path.ends_with("/watch") && row.asked != domain::Action::kChangeServer;
    for (auto const& subject : world.matrix.subjects) {
      auto const response = world.call(row, subject);
      auto const request = std::string(response.headers.get("x-request-id").value_or(""));
      ASSERT_EQ(request.size(), 32U);
      auto const entries = [&world, &request](std::string const& condition) {
        return world.api.count("select count(*) from audit where request_id = '" + request + "' and " +
                               condition);
      };
      auto const where = row.method + " " + row.path + " as " + subject + ": " +
                         std::to_string(response.status) + " " + response.body.substr(0, 300);
      if (name.empty()) {
        EXPECT_EQ(entries("true"), 0) << where;
      } else if (response.status < 300) {
        auto const expected = row.path.ends_with("/destroy_kasm")   ? "session.end"
                              : row.path.ends_with("/request_kasm") ? "session.request"
                                                                    : name;
        EXPECT_EQ(entries("action = '" + std::string(expected) + "' and result = 'done'"), acts ? 1 : 0)
            << where;
        EXPECT_EQ(entries("result <> 'done'"), 0) << where;
        if (acts) ++done;
      } else if (response.status == 403 || response.status == 404) {
        EXPECT_EQ(entries("true"), 1) << where;
        EXPECT_EQ(entries("action = '" + name +
                          "' and result = 'refused' and actor_id is not null and reason <> ''"),
                  1)
            << where;
        ++refused;
      } else {
        // Nobody known: only a sign-in tells who was tried.
        EXPECT_EQ(entries("true"), row.path == "/api/v1/sign-in" ? 1 : 0) << where;
      }
    }
  }
  EXPECT_GT(done, 20);
  EXPECT_GT(refused, 40);
}

class AuditPages : public ::testing::Test {
 protected:
  AuditPages() { administrator = api.sign_in("admin@oriel.local"); }
  json::Array entries(std::string const& query) {
    return body_of(api.get("/api/v1/admin/audit?" + query, administrator)).at("entries").as_array();
  }
  RunningApi api;
  Who administrator;
};

TEST_F(AuditPages, ASignInIsWrittenWithItsReason) {
  api.execute("update users set locked = true where username = 'other@oriel.local'");
  struct Case {
    std::string name;
    std::string password;
    std::string reason;
  };
  for (auto const& one : {Case{"user@oriel.local", "wrong guess", "wrong_password"},
                          Case{"nobody@oriel.local", "secret typed in the wrong field", "unknown_user"},
                          Case{"other@oriel.local", std::string(testing::kPassword), "locked"}}) {
    EXPECT_EQ(api.try_sign_in(one.name, one.password, {.address = "192.0.2.55"}).status, 401);
    auto const found = entries("action=sign_in&result=refused&q=" + one.reason);
    ASSERT_EQ(found.size(), 1U) << one.reason;
    EXPECT_EQ(found[0].at("address").as_string(), "192.0.2.55");
  }
  // Neither what was typed as a password nor a name that nobody has.
  EXPECT_EQ(api.count("select count(*) from audit where audit::text like '%guess%' or audit::text like "
                      "'%secret%' or audit::text like '%nobody@%'"),
            0);
}

TEST_F(AuditPages, FiltersAreReadAndWrongOnesRefused) {
  (void)api.sign_in("user@oriel.local");
  EXPECT_EQ(entries("actor=" + api.basics.user.text()).size(), 1U);
  EXPECT_EQ(entries("actor=" + api.basics.user.text() + "&until=2020-01-01T00:00:00Z").size(), 0U);
  EXPECT_EQ(entries("limit=1").size(), 1U);
  for (auto const* wrong : {"from=yesterday", "actor=x", "result=maybe", "limit=0", "cursor=1", "what=x"})
    EXPECT_EQ(api.get(std::string("/api/v1/admin/audit?") + wrong, administrator).status, 400) << wrong;
  EXPECT_EQ(api.get("/api/v1/admin/audit/export?format=xml", administrator).status, 400);
}

TEST_F(AuditPages, TheExportIsWholeChainedAndWrittenDown) {
  for (int i = 0; i < 1200; ++i) {
    api.execute(
        "insert into audit (actor_kind, action, object_kind, object_id) values ('setup', 'test.line', "
        "'test', 'n" +
        std::to_string(i) + "')");
  }
  auto const file = api.get("/api/v1/admin/audit/export?format=jsonl&action=test.line", administrator);
  ASSERT_EQ(file.status, 200);
  EXPECT_NE(file.headers.get("content-disposition")->find("oriel-audit.jsonl"), std::string_view::npos);
  auto const lines = split(std::string_view(file.body).substr(0, file.body.size() - 1), '\n');
  ASSERT_EQ(lines.size(), 1200U);
  std::string chain;
  for (auto const line : lines) {
    auto entry = json::parse(line)->as_object();
    auto const told = std::string(std::string_view(entry.at("chain").as_string()));
    entry.erase("chain");
    chain = crypto::sha256_hex(chain + json::text(entry));
    ASSERT_EQ(told, chain);
  }
  EXPECT_EQ(
      api.count("select count(*) from audit where action = 'audit.export' and detail->>'format' = 'jsonl'"),
      1);

  auto const table = api.get("/api/v1/admin/audit/export?action=test.line", administrator);
  EXPECT_EQ(split(table.body, '\n').size(), 1202U);  // a head, and nothing after the last
  EXPECT_TRUE(table.body.starts_with("id,at,actor_kind"));
}

TEST(AuditExport, NoCellIsAFormula) {
  EXPECT_EQ(csv_cell("plain"), "plain");
  EXPECT_EQ(csv_cell("=1+2"), "'=1+2");
  EXPECT_EQ(csv_cell("@SUM(A1)"), "'@SUM(A1)");
  EXPECT_EQ(csv_cell("-2"), "'-2");
  EXPECT_EQ(csv_cell("+2"), "'+2");
  EXPECT_EQ(csv_cell("\tx"), "'\tx");
  EXPECT_EQ(csv_cell("a,b"), "\"a,b\"");
  EXPECT_EQ(csv_cell("=\"x\",1"), "\"'=\"\"x\"\",1\"");
  EXPECT_EQ(csv_cell("two\nlines"), "\"two\nlines\"");
  EXPECT_EQ(csv_cell(""), "");
}

}  // namespace
}  // namespace oriel::api
