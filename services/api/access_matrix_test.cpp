#include <set>

#include <gtest/gtest.h>

#include "libs/store/sign_ins.h"
#include "services/api/testing/running_api.h"

// The authorization matrix: every declared route × every kind of subject, called over HTTP. A route that is
// not in the table fails.

namespace oriel::api {
namespace {

using testing::RunningApi;
using testing::Who;

/// Expected status for each subject. `session` in a path is the owner's running session, `image` the granted
/// workspace.
struct Row {
  std::string method;
  std::string path;    // as declared
  std::string target;  // as called
  std::string body;
  int anonymous;
  int owner;
  int other;  // another user
  int link;   // the owner's connect link, bound to the session
  int administrator;
};

std::vector<Row> web_rows(std::string const& session, std::string const& image) {
  auto const launch = R"({"workspace_id":")" + image + "\"}";
  return {
      {"GET", "/live", "/live", "", 200, 200, 200, 200, 200},
      {"GET", "/ready", "/ready", "", 200, 200, 200, 200, 200},
      {"GET", "/api/v1/openapi.json", "/api/v1/openapi.json", "", 200, 200, 200, 200, 200},
      {"GET", "(any other)", "/", "", 200, 200, 200, 200, 200},
      {"GET", "/sessions/{id}", "/sessions/" + session, "", 200, 200, 200, 200, 200},
      {"POST", "/api/v1/sign-in", "/api/v1/sign-in", R"({"username":"nobody","password":"x"})", 401, 401, 401,
       401, 401},
      {"POST", "/api/v1/exchange", "/api/v1/exchange", R"({"token":"x"})", 401, 401, 401, 401, 401},
      {"GET", "/api/v1/me", "/api/v1/me", "", 401, 200, 200, 200, 200},
      {"GET", "/api/v1/workspaces", "/api/v1/workspaces", "", 401, 200, 200, 403, 200},
      {"GET", "/api/v1/workspaces/{id}/icon", "/api/v1/workspaces/" + image + "/icon", "", 401, 200, 200, 200,
       200},
      {"GET", "/api/v1/sessions", "/api/v1/sessions", "", 401, 200, 200, 200, 200},
      {"GET", "/api/v1/sessions/{id}", "/api/v1/sessions/" + session, "", 401, 200, 404, 200, 200},
      {"POST", "/api/v1/sessions/{id}/keepalive", "/api/v1/sessions/" + session + "/keepalive", "", 401, 200,
       404, 200, 404},
      {"GET", "/api/v1/admin/sessions", "/api/v1/admin/sessions", "", 401, 403, 403, 403, 200},
      {"GET", "/api/v1/admin/servers", "/api/v1/admin/servers", "", 401, 403, 403, 403, 200},
      {"GET", "/api/v1/admin/workspaces", "/api/v1/admin/workspaces", "", 401, 403, 403, 403, 200},
      {"GET", "/api/v1/events", "/api/v1/events?scope=admin", "", 401, 403, 403, 403,
       0},  // 0: a stream, tested beside
      {"POST", "/api/v1/sessions", "/api/v1/sessions", launch, 401, 201, 201, 403, 201},
      {"DELETE", "/api/v1/sessions/{id}", "/api/v1/sessions/" + session, "", 401, 202, 404, 202, 202},
      {"POST", "/api/v1/sign-out", "/api/v1/sign-out", "", 401, 204, 204, 204, 204},
  };
}

class AccessMatrix : public ::testing::Test {
 protected:
  AccessMatrix() {
    user = api.sign_in("user@oriel.local");
    session = api.launch(user).id;
    api.make_running(session);
    other = api.sign_in("other@oriel.local");
    administrator = api.sign_in("admin@oriel.local");
    link = linked();
  }
  Who linked() {
    auto const token = random_token();
    store::NewSignIn sign_in;
    sign_in.token_hash = crypto::keyed_hash(api.token_key, token);
    sign_in.user = api.basics.user;
    sign_in.bound_session = session;
    EXPECT_TRUE(api.loop.run(store::create_sign_in(*api.owner, sign_in)));
    Who who;
    who.cookie = token;
    return who;
  }
  RunningApi api;
  SessionId session{};
  Who user, other, administrator, link;
};

TEST_F(AccessMatrix, EveryRouteAndEverySubject) {
  auto const check = [this](Row const& row, std::string const& subject, Who const& who, int expected) {
    if (expected == 0) return;
    auto const response = api.send(row.method, row.target, who, row.body);
    EXPECT_EQ(response.status, expected)
        << row.method << " " << row.target << " as " << subject << ": " << response.body;
  };
  for (auto const& row : web_rows(session.text(), api.basics.image.text())) {
    check(row, "anonymous", {}, row.anonymous);
    check(row, "another user", other, row.other);
    check(row, "owner", user, row.owner);
    check(row, "link", link, row.link);
    check(row, "administrator", administrator, row.administrator);
  }
}

TEST_F(AccessMatrix, NoRouteIsMissingFromIt) {
  std::set<std::string> known;
  for (auto const& row : web_rows("", "")) known.insert(row.method + " " + row.path);
  known.erase("GET (any other)");           // the router's fallback: pages and files
  known.insert("GET /internal/authorize");  // stream_authorization_test.cpp
  for (auto const& route : api.api->router().routes()) {
    if (is_public_api(route.path)) continue;  // below
    EXPECT_TRUE(known.erase(route.method + " " + route.path))
        << route.method << " " << route.path << " is not in the matrix";
  }
  EXPECT_TRUE(known.empty()) << *known.begin() << " is in the matrix, but no route";
}

TEST_F(AccessMatrix, SomebodyElsesIsAnsweredAsIfItDidNotExist) {
  auto const absent = SessionId::random().text();
  auto const words = [](http::Response const& response) {
    return std::string(std::string_view(testing::body_of(response).at("error").at("message").as_string()));
  };
  for (auto const& [method, tail] :
       {std::pair("GET", ""), std::pair("DELETE", ""), std::pair("POST", "/keepalive")}) {
    auto const theirs = api.send(method, "/api/v1/sessions/" + session.text() + tail, other);
    auto const nothing = api.send(method, "/api/v1/sessions/" + absent + tail, other);
    EXPECT_EQ(theirs.status, nothing.status);
    EXPECT_EQ(words(theirs), words(nothing));
    EXPECT_EQ(api.send(method, std::string("/api/v1/sessions/not-an-id") + tail, other).status, 404);
  }
}

TEST_F(AccessMatrix, RequestsOfOtherSitesChangeNothing) {
  auto const body = R"({"workspace_id":")" + api.basics.image.text() + "\"}";
  auto const before = api.count("select count(*) from sessions");
  for (auto const& origin :
       {"", "null", "https://evil.example", "https://oriel.example", "http://oriel.example:8443",
        "https://oriel.example:8443.evil.example", "https://evil-oriel.example:8443",
        "https://oriel.example:84430", "https://oriel.example:8443/", "HTTPS://ORIEL.EXAMPLE:8443"}) {
    auto who = user;
    who.from_our_pages = false;
    if (*origin != '\0') who.headers["Origin"] = origin;
    auto const response = api.send("POST", "/api/v1/sessions", who, body);
    EXPECT_EQ(response.status, 403) << origin;
    EXPECT_EQ(testing::body_of(response).at("error").at("details").at("setting").as_string(), "--public-url");
    EXPECT_EQ(api.send("DELETE", "/api/v1/sessions/" + session.text(), who).status, 403) << origin;
    EXPECT_EQ(api.send("POST", "/api/v1/sign-out", who).status, 403) << origin;
    EXPECT_EQ(api.try_sign_in("user@oriel.local", testing::kPassword, who).status, 403) << origin;
  }
  auto crossing = user;
  crossing.headers["Sec-Fetch-Site"] = "cross-site";
  EXPECT_EQ(api.send("POST", "/api/v1/sessions", crossing, body).status, 403);
  EXPECT_EQ(api.count("select count(*) from sessions"), before);
  EXPECT_EQ(api.get("/api/v1/me", user).status, 200);
}

TEST_F(AccessMatrix, UnknownMembersAreRefused) {
  auto const response = api.send("POST", "/api/v1/sessions", user,
                                 R"({"workspace_id":")" + api.basics.image.text() +
                                     R"(","user_id":"x","is_admin":true,"agent_id":"y"})");
  EXPECT_EQ(response.status, 400);
  EXPECT_EQ(testing::body_of(response).at("error").at("fields").as_array().size(), 3U);
  EXPECT_EQ(api.send("POST", "/api/v1/sign-in", {}, R"({"username":"a","password":"b","administrator":true})")
                .status,
            400);
}

struct Operation {
  std::string name;
  std::vector<int> enough;
  bool writes;
};

std::vector<Operation> operations() {
  return {{"get_users", {300}, false},        {"get_images", {900}, false},
          {"get_zones", {1900}, false},       {"get_kasms", {800}, false},
          {"request_kasm", {100, 352}, true}, {"get_kasm_status", {100, 352}, true},
          {"keepalive", {100, 352}, true},    {"destroy_kasm", {100, 352}, true}};
}

TEST_F(AccessMatrix, PublicOperationsAskTheKeysOwnPermissions) {
  std::set<std::string> declared;
  for (auto const& route : api.api->router().routes()) {
    if (is_public_api(route.path)) declared.insert(route.path);
  }
  api.make_key("everything", {200});
  api.make_key("reading", {200}, true);
  api.make_key("nothing", {});
  for (auto const& operation : operations()) {
    EXPECT_TRUE(declared.erase("/api/public/" + operation.name)) << operation.name;
    EXPECT_EQ(api.call(operation.name, "").status, 401) << operation.name;
    EXPECT_EQ(api.call(operation.name, "unknown-" + operation.name).status, 401) << operation.name;
    auto const refused = api.call(operation.name, "nothing");
    EXPECT_EQ(refused.status, 403) << operation.name;
    EXPECT_EQ(refused.body, R"({"error_message":"Unauthorized"})");
    auto const name = "only-" + operation.name;
    api.make_key(name, operation.enough);
    EXPECT_EQ(api.call(operation.name, name).status, 200) << operation.name;
    EXPECT_EQ(api.call(operation.name, "everything").status, 200) << operation.name;
    EXPECT_EQ(api.call(operation.name, "reading").status, operation.writes ? 403 : 200) << operation.name;
    // A browser's cookie is no key.
    EXPECT_EQ(api.send("POST", "/api/public/" + operation.name, administrator, "{}").status, 401)
        << operation.name;
    for (auto const permission : operation.enough) {
      if (operation.enough.size() < 2) break;
      auto const half = name + "-" + std::to_string(permission);
      api.make_key(half, {permission});
      EXPECT_EQ(api.call(operation.name, half).status, 403) << half;
    }
  }
  EXPECT_TRUE(declared.empty()) << *declared.begin();
  api.execute("update api_keys set enabled = false where name = 'everything'");
  EXPECT_EQ(api.call("get_users", "everything").status, 401);
  api.execute(
      "update api_keys set enabled = true, expires_at = now() - interval '1 second' where name = "
      "'everything'");
  EXPECT_EQ(api.call("get_users", "everything").status, 401);
  // A key is no sign-in.
  Who program;
  program.headers["X-Api-Key"] = "nothing";
  EXPECT_EQ(api.get("/api/v1/me", program).status, 401);
}

TEST_F(AccessMatrix, NoAnswerHoldsASecret) {
  api.execute(
      "update images set registry_password_sealed = '\\x63616e617279'::bytea, registry_username = "
      "'canary-user'");
  auto const hash = api.loop.run(api.owner->query("select password_hash from users limit 1"))
                        ->front()
                        .text("password_hash");
  for (auto const& row : web_rows(session.text(), api.basics.image.text())) {
    if (row.administrator == 0 || row.method != "GET") continue;
    auto const body = api.send(row.method, row.target, administrator).body;
    for (auto const& secret : {hash, administrator.cookie, std::string("canary"), std::string("63616e617279"),
                               crypto::keyed_hash(api.token_key, administrator.cookie)}) {
      EXPECT_EQ(body.find(secret), std::string::npos) << row.target << " tells " << secret;
    }
  }
}

}  // namespace
}  // namespace oriel::api
