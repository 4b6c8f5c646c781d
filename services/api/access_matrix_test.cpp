#include <map>
#include <set>

#include <gtest/gtest.h>

#include "services/api/testing/matrix.h"

// protocol/authorization/matrix.json against the running API, cell by cell.

namespace oriel::api {
namespace {

using domain::Verdict;
using testing::comparable;
using testing::Matrix;
using testing::MatrixRow;
using testing::MatrixWorld;

std::string name_of(MatrixRow const& row) {
  return row.method + " " + row.path + (row.query.empty() ? "" : "?" + row.query);
}

std::vector<std::string> everybody(Matrix const& matrix) {
  auto names = matrix.subjects;
  names.insert(names.end(), matrix.like_anonymous.begin(), matrix.like_anonymous.end());
  return names;
}

class AccessMatrix : public ::testing::Test {
 protected:
  MatrixWorld world;
};

TEST_F(AccessMatrix, EveryRouteAnswersEverySubjectAsWritten) {
  for (auto const& row : world.matrix.routes) {
    for (auto const& subject : everybody(world.matrix)) {
      auto const expected = world.matrix.status(row, subject);
      auto const response = world.call(row, subject);
      EXPECT_EQ(response.status, expected) << name_of(row) << " as " << subject << ": " << response.body;
      if (row.is_public() && expected == 200 && !row.body.empty()) {
        EXPECT_EQ(response.body.find("error_message"), std::string::npos) << name_of(row) << response.body;
      }
      if (expected == 401 || expected == 403 || expected == 404) {
        EXPECT_FALSE(response.headers.get("set-cookie")) << name_of(row) << " as " << subject;
      }
    }
  }
}

TEST_F(AccessMatrix, EveryStreamIsOpenToThoseWrittenAlone) {
  for (auto const& stream : world.matrix.streams) {
    for (auto const& subject : everybody(world.matrix)) {
      auto const expected = stream.planned ? 403 : world.matrix.status(stream, subject);
      auto const response = world.authorize(stream, subject);
      EXPECT_EQ(response.status, expected) << stream.path << " as " << subject;
      EXPECT_EQ(response.headers.get("x-session-socket").has_value(), expected == 200) << stream.path;
    }
  }
}

TEST_F(AccessMatrix, CanDecidesTheSame) {
  // A status says how it was decided: 2xx allowed, 404 absent, 401 and 403 forbidden.
  auto rows = world.matrix.routes;
  for (auto const& stream : world.matrix.streams) {
    if (!stream.planned) rows.push_back(stream);
  }
  for (auto const& row : rows) {
    // Open to all: what the handler then finds, as a wrong password, is no matter of rights.
    bool const open = domain::can({}, row.asked) == Verdict::kAllowed;
    for (auto const& subject : everybody(world.matrix)) {
      auto const status = world.matrix.status(row, subject);
      auto const verdict = world.verdict(row, subject);
      auto const where = name_of(row) + " as " + subject + ": " + std::string(domain::text(verdict));
      if (open) {
        EXPECT_EQ(verdict, Verdict::kAllowed) << where;
      } else if (status < 400) {
        EXPECT_EQ(verdict, Verdict::kAllowed) << where;
      } else if (status == 404) {
        EXPECT_EQ(verdict, Verdict::kAbsent) << where;
      } else {
        EXPECT_NE(verdict, Verdict::kAllowed) << where;
      }
    }
  }
}

TEST_F(AccessMatrix, TheRoutersTableIsTheMatrix) {
  std::set<std::string> written;
  for (auto const& row : world.matrix.routes)
    written.insert(row.method + " " + row.path + " " + std::string(domain::text(row.action)));
  std::set<std::string> declared;
  for (auto const& route : world.api.api->router().routes())
    declared.insert(route.method + " " + route.path + " " + route.action);
  EXPECT_EQ(written, declared);
}

TEST_F(AccessMatrix, SomebodyElsesIsAnsweredAsIfItDidNotExist) {
  int compared = 0;
  auto const absent = SessionId::random().text();
  for (auto const& row : world.matrix.routes) {
    if (row.object.empty()) continue;
    for (auto const& subject : world.matrix.subjects) {
      auto const status = world.matrix.status(row, subject);
      if (status != 404 && status != 403 && status != 401) continue;
      auto const theirs = comparable(world.call(row, subject));
      EXPECT_EQ(theirs, comparable(world.call(row, subject, absent))) << name_of(row) << " as " << subject;
      if (row.body.empty()) {
        EXPECT_EQ(theirs, comparable(world.call(row, subject, "no-id"))) << name_of(row) << " as " << subject;
      }
      ++compared;
    }
  }
  for (auto const& stream : world.matrix.streams) {
    for (auto const& subject : world.matrix.subjects) {
      if (world.matrix.status(stream, subject) == 200) continue;
      EXPECT_EQ(comparable(world.authorize(stream, subject)),
                comparable(world.authorize(stream, subject, absent)))
          << stream.path << " as " << subject;
      ++compared;
    }
  }
  EXPECT_GT(compared, 40);
}

TEST_F(AccessMatrix, AKeyNeedsEachOfItsPermissions) {
  for (auto const& row : world.matrix.routes) {
    auto const needed = world.matrix.permissions_for(row.asked);
    if (needed.size() < 2) continue;
    for (auto const permission : needed) {
      auto const half = row.path + std::to_string(permission);
      world.api.make_key(half, {permission});
      auto const refused = world.api.call(row.path.substr(std::string("/api/public/").size()), half);
      EXPECT_EQ(refused.status, 403) << half;
      EXPECT_EQ(refused.body, R"({"error_message":"Unauthorized"})");
    }
  }
}

TEST_F(AccessMatrix, NoAnswerHoldsASecret) {
  auto& api = world.api;
  api.execute(
      "update images set registry_password_sealed = '\\x63616e617279'::bytea, registry_username = "
      "'registry-user'");
  auto const hash = api.loop.run(api.owner->query("select password_hash from users limit 1"))
                        ->front()
                        .text("password_hash");
  for (auto const& row : world.matrix.routes) {
    if (row.goes_on()) continue;
    for (auto const& subject : {"anonymous", "owner", "administrator", "link", "key"}) {
      auto const body = world.call(row, subject).body;
      auto const hashes = api.loop.run(
          api.owner->query("select encode(token_hash, 'hex') as hash from sign_ins union all select "
                           "encode(secret_hash, 'hex') from api_keys"));
      ASSERT_TRUE(hashes);
      std::vector<std::string> secrets{hash, "canary", "63616e617279", "secret-of-"};
      for (auto const& one : *hashes) secrets.push_back(one.text("hash"));
      for (auto const& secret : secrets) {
        EXPECT_EQ(body.find(secret), std::string::npos)
            << name_of(row) << " tells " << subject << " " << secret;
      }
    }
  }
}

}  // namespace
}  // namespace oriel::api
