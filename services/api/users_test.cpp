#include <gtest/gtest.h>

#include "services/api/testing/running_api.h"

namespace oriel::api {
namespace {

using testing::body_of;
using testing::cookie_of;
using testing::error_code;
using testing::kPassword;
using testing::RunningApi;
using testing::Who;

std::string text_at(json::Value const& value, std::string_view member) {
  return std::string(std::string_view(value.at(member).as_string()));
}

class Users : public ::testing::Test {
 protected:
  Users() { administrator = api.sign_in("admin@oriel.local"); }
  /// The faults of a refusal, `/pointer message` each.
  static std::string faults(http::Response const& response) {
    std::string text;
    auto const body = body_of(response);
    for (auto const& fault : body.at("error").at("fields").as_array())
      text += text_at(fault, "pointer") + " " + text_at(fault, "message") + "\n";
    return text;
  }
  std::string path(std::string const& id, std::string const& tail = "") {
    return "/api/v1/admin/users/" + id + tail;
  }
  http::Response act(std::string const& id, std::string const& what, json::Object body = {}) {
    return api.post(path(id, "/" + what), administrator, body);
  }
  RunningApi api;
  Who administrator;
};

TEST_F(Users, AMadePasswordIsShownOnceAndChangedBeforeAnythingElse) {
  auto const made = api.post("/api/v1/admin/users", administrator,
                             {{"username", " mara "},
                              {"first_name", "Mara"},
                              {"groups", {store::all_users_group().text()}},
                              {"must_change_password", true}});
  ASSERT_EQ(made.status, 201) << made.body;
  auto const id = text_at(body_of(made).at("user"), "id");
  auto const password = text_at(body_of(made), "password");
  EXPECT_GE(password.size(), 16U);
  EXPECT_EQ(text_at(body_of(made).at("user"), "username"), "mara");
  EXPECT_EQ(api.get(path(id), administrator).body.find(password), std::string::npos);

  auto const in = api.try_sign_in("Mara", password);
  ASSERT_EQ(in.status, 200);
  EXPECT_TRUE(body_of(in).at("must_change_password").as_bool());
  Who mara;
  mara.cookie = *cookie_of(in);
  for (auto const* target :
       {"/api/v1/workspaces", "/api/v1/sessions", "/api/v1/me/devices", "/api/v1/events"}) {
    EXPECT_EQ(api.get(target, mara).status, 403) << target;
  }
  EXPECT_EQ(
      api.post("/api/v1/sessions", mara, json::Object{{"workspace_id", api.basics.image.text()}}).status,
      403);
  EXPECT_EQ(api.get("/api/v1/me", mara).status, 200);

  auto const change = [&](std::string const& current, std::string const& next) {
    return api.post("/api/v1/me/password", mara, {{"current_password", current}, {"new_password", next}});
  };
  auto const wrong = change("not it", "a sentence of my own");
  EXPECT_EQ(wrong.status, 403);
  EXPECT_NE(faults(wrong).find("/current_password"), std::string::npos);
  EXPECT_NE(faults(change(password, "short")).find("/new_password Use at least 8"), std::string::npos);
  EXPECT_NE(faults(change(password, "Password123")).find("guessed first"), std::string::npos);
  EXPECT_NE(faults(change(password, password)).find("the password that you have"), std::string::npos);
  auto const changed = change(password, "a sentence of my own");
  ASSERT_EQ(changed.status, 204) << changed.body;
  EXPECT_EQ(api.get("/api/v1/me", mara).status, 401) << "the old cookie still opens";
  mara.cookie = *cookie_of(changed);
  EXPECT_EQ(api.get("/api/v1/workspaces", mara).status, 200);
  EXPECT_EQ(api.try_sign_in("mara", password).status, 401);
  EXPECT_EQ(api.try_sign_in("mara", "a sentence of my own").status, 200);
}

TEST_F(Users, WhatIsWrongStandsBesideItsField) {
  auto const made = [this](json::Object body) {
    return api.post("/api/v1/admin/users", administrator, body);
  };
  EXPECT_NE(faults(made({{"username", "  "}})).find("/username"), std::string::npos);
  EXPECT_NE(faults(made({{"username", "two words"}})).find("/username"), std::string::npos);
  EXPECT_NE(faults(made({{"username", std::string(200, 'a')}})).find("/username"), std::string::npos);
  auto const both = faults(made({{"username", "a:b"}, {"first_name", "x\ny"}, {"password", "short"}}));
  for (auto const* pointer : {"/username", "/first_name", "/password"})
    EXPECT_NE(both.find(pointer), std::string::npos) << both;
  auto const taken = made({{"username", "USER@oriel.local"}});
  EXPECT_EQ(taken.status, 409);
  EXPECT_NE(faults(taken).find("/username This name is taken"), std::string::npos);
  EXPECT_EQ(made({{"username", "new"}, {"groups", {GroupId::random().text()}}}).status, 400);
  EXPECT_EQ(made({{"username", "new"}, {"password", std::string(64, 'x') + " and more"}}).status, 201);
}

TEST_F(Users, TheListIsFilteredAndPaged) {
  for (int i = 0; i < 30; ++i) {
    api.execute("insert into users (id, username, username_key, disabled) values (gen_random_uuid(), 'p" +
                std::to_string(100 + i) + "', 'p" + std::to_string(100 + i) + "', " +
                (i % 3 == 0 ? "true" : "false") + ")");
  }
  auto const list = [this](std::string const& query) {
    return body_of(api.get("/api/v1/admin/users?" + query, administrator));
  };
  auto const first = list("limit=20");
  EXPECT_EQ(first.at("total").as_int64(), 33);
  EXPECT_EQ(first.at("users").as_array().size(), 20U);
  EXPECT_TRUE(first.at("previous_cursor").is_null());
  auto const second = list("limit=20&cursor=" + percent_encode(text_at(first, "next_cursor")));
  EXPECT_EQ(second.at("users").as_array().size(), 13U);
  EXPECT_TRUE(second.at("next_cursor").is_null());
  EXPECT_EQ(list("state=disabled").at("total").as_int64(), 10);
  EXPECT_EQ(list("q=P10").at("total").as_int64(), 10);
  EXPECT_EQ(list("group=" + store::administrators_group().text()).at("total").as_int64(), 1);
  for (auto const* wrong : {"limit=0", "limit=501", "state=nonsense", "group=x", "cursor=x", "unknown=1"})
    EXPECT_EQ(api.get(std::string("/api/v1/admin/users?") + wrong, administrator).status, 400) << wrong;
}

TEST_F(Users, NobodyLocksThemselvesOut) {
  auto const own = api.basics.administrator.text();
  for (auto const* what : {"disable", "password"}) {
    EXPECT_EQ(act(own, what).status, 409) << what;
  }
  EXPECT_EQ(api.send("DELETE", path(own), administrator).status, 409);
  auto const demoted = api.send("PATCH", path(own), administrator, R"({"groups":[]})");
  EXPECT_EQ(demoted.status, 409) << demoted.body;
  EXPECT_EQ(api.send("PATCH", path(own), administrator, R"({"first_name":"Ada"})").status, 200);
  EXPECT_EQ(api.get("/api/v1/admin/users", administrator).status, 200);
}

TEST_F(Users, DisablingAndResettingEndTheSignInsAtOnce) {
  auto const user = api.sign_in("user@oriel.local");
  auto const other = api.sign_in("other@oriel.local");
  auto const disabled = act(api.basics.user.text(), "disable");
  ASSERT_EQ(disabled.status, 200) << disabled.body;
  EXPECT_EQ(text_at(body_of(disabled), "state"), "disabled");
  EXPECT_EQ(api.get("/api/v1/me", user).status, 401);
  EXPECT_EQ(api.try_sign_in("user@oriel.local", kPassword).status, 401);
  EXPECT_EQ(act(api.basics.user.text(), "enable").status, 200);
  EXPECT_EQ(api.try_sign_in("user@oriel.local", kPassword).status, 200);

  auto const reset = act(api.other.text(), "password", {{"must_change_password", false}});
  ASSERT_EQ(reset.status, 200) << reset.body;
  EXPECT_EQ(api.get("/api/v1/me", other).status, 401);
  EXPECT_EQ(api.try_sign_in("other@oriel.local", kPassword).status, 401);
  EXPECT_EQ(api.try_sign_in("other@oriel.local", text_at(body_of(reset), "password")).status, 200);
  auto const given = act(api.other.text(), "password", {{"password", "given by an administrator"}});
  EXPECT_TRUE(body_of(given).at("password").is_null());
  EXPECT_NE(faults(act(api.other.text(), "password", {{"password", "12345678"}})).find("/password"),
            std::string::npos);
}

TEST_F(Users, UnlockingForgetsFailedAttempts) {
  Who guesser;
  guesser.address = "192.0.2.99";
  int status = 0;
  for (int i = 0; i < 12 && status != 429; ++i)
    status = api.try_sign_in("user@oriel.local", "wrong guess", guesser).status;
  ASSERT_EQ(status, 429);
  auto const id = api.basics.user.text();
  EXPECT_GT(body_of(api.get(path(id), administrator)).at("sign_in_paused_seconds").as_int64(), 0);
  api.execute("update users set locked = true where username = 'user@oriel.local'");
  EXPECT_EQ(act(id, "unlock").status, 200);
  EXPECT_EQ(body_of(api.get(path(id), administrator)).at("sign_in_paused_seconds").as_int64(), 0);
  EXPECT_EQ(api.try_sign_in("user@oriel.local", kPassword, {.address = "192.0.2.98"}).status, 200);
}

TEST_F(Users, DevicesAreSeenAndEnded) {
  auto const first = api.sign_in("user@oriel.local");
  auto const second = api.sign_in("user@oriel.local");
  auto const own = body_of(api.get("/api/v1/me/devices", first)).at("devices").as_array();
  ASSERT_EQ(own.size(), 2U);
  auto const seen =
      body_of(api.get(path(api.basics.user.text(), "/devices"), administrator)).at("devices").as_array();
  EXPECT_EQ(seen.size(), 2U);
  for (auto const& device : seen) EXPECT_FALSE(device.at("current").as_bool());

  std::string not_this;
  for (auto const& device : own) {
    if (!device.at("current").as_bool()) not_this = text_at(device, "id");
  }
  // Nobody ends another's device by its id.
  auto const other = api.sign_in("other@oriel.local");
  EXPECT_EQ(api.post("/api/v1/me/end-devices", other, {{"device", not_this}}).status, 404);
  EXPECT_EQ(api.get("/api/v1/me", second).status, 200);
  EXPECT_EQ(api.post("/api/v1/me/end-devices", first, {{"device", not_this}}).status, 200);
  EXPECT_EQ(api.get("/api/v1/me", second).status, 401);
  EXPECT_EQ(api.get("/api/v1/me", first).status, 200);
  EXPECT_EQ(body_of(act(api.basics.user.text(), "end-devices")).at("ended").as_int64(), 1);
  EXPECT_EQ(api.get("/api/v1/me", first).status, 401);
}

TEST_F(Users, DeletingEndsTheirSessions) {
  auto const user = api.sign_in("user@oriel.local");
  auto const session = api.launch(user);
  auto const deleted = api.send("DELETE", path(api.basics.user.text()), administrator);
  ASSERT_EQ(deleted.status, 200) << deleted.body;
  EXPECT_EQ(body_of(deleted).at("sessions").as_int64(), 1);
  EXPECT_EQ(api.get("/api/v1/me", user).status, 401);
  EXPECT_EQ(api.count("select count(*) from sessions where desired = 'ended'"), 1);
  EXPECT_EQ(api.get(path(api.basics.user.text()), administrator).status, 404);
  EXPECT_EQ(api.send("DELETE", path(api.basics.user.text()), administrator).status, 404);
}

TEST_F(Users, DiagnosticsTellWithoutASecret) {
  auto const page = api.get("/api/v1/admin/diagnostics", administrator);
  ASSERT_EQ(page.status, 200);
  auto const body = body_of(page);
  auto const text = text_at(body, "text");
  for (auto const* expected : {"database", "redis", "no server has ever checked in", "oriel doctor"})
    EXPECT_NE(text.find(expected), std::string::npos) << expected << "\n" << text;
  for (auto const& secret : {api.token_key.hex(), administrator.cookie, std::string("password")})
    EXPECT_EQ(page.body.find(secret), std::string::npos) << secret;
  EXPECT_EQ(body.at("test_build").as_bool(), false);
}

}  // namespace
}  // namespace oriel::api
