#include <gtest/gtest.h>

#include "services/api/testing/matrix.h"

// Requests that a page of another site makes a signed-in person's browser send. The routes come from the
// authorization matrix, so that a new one is tried by itself.

namespace oriel::api {
namespace {

using testing::MatrixRow;
using testing::MatrixWorld;
using testing::Who;

/// Origins that look like ours, and those that look like none.
constexpr std::string_view kForeign[] = {"",
                                         "null",
                                         "https://evil.example",
                                         "https://oriel.example",
                                         "http://oriel.example:8443",
                                         "https://oriel.example:8443.evil.example",
                                         "https://evil-oriel.example:8443",
                                         "https://a.oriel.example:8443",
                                         "https://oriel.example:84430",
                                         "https://oriel.example:8444",
                                         "https://oriel.example:8443/",
                                         "HTTPS://ORIEL.EXAMPLE:8443",
                                         "https://oriel.example:8443, https://evil.example",
                                         "https://oriel.example:8443 https://evil.example",
                                         "https://oriel.example.:8443",
                                         "wss://oriel.example:8443",
                                         "https://user@oriel.example:8443",
                                         "https://oriel.example:8443#",
                                         "file://"};

/// Everything that a request could change. When a sign-in was used last is no change.
constexpr auto kState =
    "select md5(concat((select string_agg(s::text, '|' order by id) from sessions s), (select "
    "string_agg(concat(token_hash, user_id, expires_at), '|' order by token_hash) from sign_ins), (select "
    "string_agg(u::text, '|' order by id) from users u), (select string_agg(t::text, '|' order by "
    "token_hash) "
    "from one_time_tokens t), (select string_agg(i::text, '|' order by id) from images i), (select "
    "string_agg(k::text, '|' order by id) from api_keys k), (select string_agg(g::text, '|' order by "
    "user_id, "
    "group_id) from user_groups g), (select string_agg(t::text, '|') from settings t), (select "
    "string_agg(a::text, '|' order by id) from agents a))) as state";

class CrossSite : public ::testing::Test {
 protected:
  std::string state() {
    auto rows = world.api.loop.run(world.api.owner->query(kState));
    EXPECT_TRUE(rows);
    return std::string(rows->front().text("state"));
  }
  /// Somebody who may do what the row is about.
  Who allowed(MatrixRow const& row) {
    for (auto const& subject : {"owner", "administrator"}) {
      if (world.matrix.status(row, subject) < 300) return world.subject(subject, row);
    }
    return world.subject("owner", row);
  }
  MatrixWorld world;
};

TEST_F(CrossSite, NoRouteThatChangesSomethingListensToAnotherSitesPage) {
  int tried = 0;
  for (auto const& row : world.matrix.routes) {
    if (row.is_public() || domain::only_reads(row.action)) continue;
    ++tried;
    world.prepare();
    auto const who = allowed(row);
    auto const before = state();
    auto const refused = [&](std::map<std::string, std::string> const& headers, std::string const& what) {
      auto crossing = who;
      crossing.from_our_pages = false;
      crossing.headers = headers;
      auto const response = world.call_as(row, crossing);
      EXPECT_EQ(response.status, 403) << row.method << " " << row.path << " " << what;
      EXPECT_EQ(testing::body_of(response).at("error").at("details").at("setting").as_string(),
                "--public-url");
      EXPECT_FALSE(response.headers.get("set-cookie")) << row.path;
      EXPECT_FALSE(response.headers.get("access-control-allow-origin")) << row.path;
    };
    for (auto const origin : kForeign) {
      std::map<std::string, std::string> headers;
      if (!origin.empty()) headers["Origin"] = origin;
      refused(headers, "from " + std::string(origin));
    }
    std::string const ours(testing::kOrigin);
    for (auto const site : {"cross-site", "same-site", "none", "", "SAME-ORIGIN", "same-origin, cross-site"})
      refused({{"Origin", ours}, {"Sec-Fetch-Site", site}}, "Sec-Fetch-Site " + std::string(site));
    // What a form can send without asking first.
    for (auto const type :
         {"text/plain", "application/x-www-form-urlencoded", "multipart/form-data; boundary=x"}) {
      refused({{"Origin", "https://evil.example"}, {"Content-Type", type}}, type);
      refused({{"Content-Type", type}}, type);
    }
    EXPECT_EQ(state(), before) << row.method << " " << row.path;
  }
  EXPECT_GE(tried, 6);
}

TEST_F(CrossSite, ABodyThatAFormCouldSendIsNotRead) {
  for (auto const& row : world.matrix.routes) {
    if (row.is_public() || row.body.empty()) continue;
    world.prepare();
    auto who = allowed(row);
    auto const before = state();
    for (auto const type : {"text/plain", "text/plain; charset=application/json",
                            "application/x-www-form-urlencoded", "multipart/form-data; boundary=x"}) {
      who.headers["Content-Type"] = type;
      auto const response = world.call_as(row, who);
      EXPECT_GE(response.status, 400) << row.path << " " << type;
      EXPECT_NE(response.status, 401) << row.path << " " << type << ": the body was read";
    }
    EXPECT_EQ(state(), before) << row.path;
  }
}

TEST_F(CrossSite, NoGetChangesAnythingWhateverItSaysOfItsMethod) {
  for (auto const& row : world.matrix.routes) {
    if (row.method != "GET" || row.path == "/api/v1/events") continue;
    world.prepare();
    auto who = allowed(row);
    auto const before = state();
    for (auto const override_header : {"X-HTTP-Method-Override", "X-HTTP-Method", "X-Method-Override"}) {
      who.headers = {{override_header, "DELETE"}};
      (void)world.call_as(row, who);
    }
    who.headers.clear();
    auto with_query = row;
    with_query.query = "_method=DELETE&method=DELETE";
    (void)world.call_as(with_query, who);
    auto head = row;
    head.method = "HEAD";
    EXPECT_TRUE(world.call_as(head, who).body.empty()) << row.path;
    EXPECT_EQ(state(), before) << row.path;
  }
}

TEST_F(CrossSite, NoStreamOpensForAnotherSitesPage) {
  for (auto const& stream : world.matrix.streams) {
    if (stream.planned) continue;
    world.prepare();
    auto const owner = world.subject("owner", stream);
    EXPECT_EQ(world.authorize_as(stream, owner).status, 200) << stream.path;
    for (auto const origin : kForeign) {
      auto who = owner;
      who.from_our_pages = false;
      if (!origin.empty()) who.headers["Origin"] = origin;
      EXPECT_EQ(world.authorize_as(stream, who).status, 403) << stream.path << " from " << origin;
    }
    for (auto const site : {"cross-site", "same-site", "none"}) {
      auto who = owner;
      who.headers["Sec-Fetch-Site"] = site;
      EXPECT_EQ(world.authorize_as(stream, who).status, 403) << stream.path << " " << site;
    }
  }
}

TEST_F(CrossSite, UnknownMembersAreRefusedWhereverABodyIsRead) {
  for (auto const& row : world.matrix.routes) {
    if (row.is_public() || row.body.empty()) continue;
    auto wider = row;
    auto const only = row.body == "{}" ? "" : ",";
    wider.body.insert(1, std::string(R"("user_id":"x","is_admin":true,"agent_id":"y")") + only);
    world.prepare();
    auto const who = allowed(row);
    auto const before = state();
    auto const response = world.call_as(wider, who);
    EXPECT_EQ(response.status, 400) << row.path << response.body;
    EXPECT_GE(testing::body_of(response).at("error").at("fields").as_array().size(), 3U) << row.path;
    EXPECT_EQ(state(), before) << row.path;
  }
}

}  // namespace
}  // namespace oriel::api
