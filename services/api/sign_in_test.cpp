#include <algorithm>
#include <ctime>
#include <limits>

#include <gtest/gtest.h>

#include "services/api/testing/running_api.h"

namespace oriel::api {
namespace {

using testing::kPassword;
using testing::RunningApi;
using testing::Who;

class SignIn : public ::testing::Test {
 protected:
  RunningApi api;
};

TEST_F(SignIn, GivesAStrictCookieAndTellsWhoOneIs) {
  auto const response = api.try_sign_in("USER@oriel.local", kPassword);
  ASSERT_EQ(response.status, 200) << response.body;
  auto const cookie = *response.headers.get("set-cookie");
  for (auto const attribute :
       {"; Path=/", "; HttpOnly", "; Secure", "; SameSite=Strict", "; Max-Age=604800"}) {
    EXPECT_NE(cookie.find(attribute), std::string_view::npos) << cookie;
  }
  EXPECT_EQ(cookie.find("Domain"), std::string_view::npos);
  auto const me = testing::body_of(response);
  EXPECT_EQ(me.at("username").as_string(), "user@oriel.local");
  EXPECT_EQ(me.at("administrator").as_bool(), false);
  EXPECT_EQ(me.at("session_limit").as_int64(), 5);
  EXPECT_EQ(me.at("instance").as_string(), "test");
  Who who;
  who.cookie = *testing::cookie_of(response);
  EXPECT_EQ(testing::body_of(api.get("/api/v1/me", who)), me);
  EXPECT_EQ(api.count("select count(*) from sign_ins where encode(token_hash, 'hex') = '" + who.cookie + "'"),
            0);
  EXPECT_EQ(api.count("select count(*) from audit where action = 'sign_in'"), 1);
}

TEST_F(SignIn, EveryFailureReadsAlike) {
  api.execute("update users set locked = true where username = 'other@oriel.local'");
  api.execute("update users set disabled = true where username = 'admin@oriel.local'");
  std::string first;
  for (auto const& [name, password] :
       {std::pair("user@oriel.local", "wrong"), std::pair("nobody@oriel.local", "wrong"),
        std::pair("other@oriel.local", kPassword.data()), std::pair("admin@oriel.local", kPassword.data()),
        std::pair("user@oriel.local", ""), std::pair("", "wrong")}) {
    auto const response = api.try_sign_in(name, password);
    EXPECT_EQ(response.status, 401) << name;
    EXPECT_FALSE(response.headers.get("set-cookie"));
    auto const message =
        std::string(std::string_view(testing::body_of(response).at("error").at("message").as_string()));
    if (first.empty()) first = message;
    EXPECT_EQ(message, first);
  }
}

TEST_F(SignIn, AnUnknownNameCostsAsMuchAsAKnownOne) {
  // The API runs in this process: what it costs is processor time, which other work on the machine does not
  // change.
  auto const cost = [this](std::string const& name) {
    auto best = std::numeric_limits<std::clock_t>::max();
    for (int i = 0; i < 4; ++i) {
      Who who;
      who.address = "192.0.2." + std::to_string(i + 10);
      auto const begin = std::clock();
      EXPECT_EQ(api.try_sign_in(name, "wrong", who).status, 401);
      best = std::min(best, std::clock() - begin);
    }
    return static_cast<double>(best);
  };
  auto const known = cost("user@oriel.local");
  auto const unknown = cost("nobody@oriel.local");
  EXPECT_GT(known, 0);
  EXPECT_GT(unknown, known * 0.5);
  EXPECT_LT(unknown, known * 2);
}

TEST_F(SignIn, GuessesAreSlowedForTheAccountAndForgottenAfterASuccess) {
  Who who;
  for (int i = 0; i < 4; ++i) EXPECT_EQ(api.try_sign_in("user@oriel.local", "wrong", who).status, 401);
  EXPECT_EQ(api.try_sign_in("user@oriel.local", kPassword, who).status, 200) << "four failures are free";
  for (int i = 0; i < 6; ++i) {
    who.address = "192.0.2." + std::to_string(i + 20);  // from everywhere
    EXPECT_EQ(api.try_sign_in("user@oriel.local", "wrong", who).status, 401) << i;
  }
  auto const slowed = api.try_sign_in("User@Oriel.Local", kPassword, who);
  EXPECT_EQ(slowed.status, 429);
  EXPECT_EQ(testing::error_code(slowed), "rate_limited");
  EXPECT_EQ(slowed.headers.get("retry-after"), "2");
  EXPECT_EQ(api.try_sign_in("other@oriel.local", kPassword, who).status, 200) << "others are not";
  // A block is short and ends by itself.
  api.loop.run_for(std::chrono::milliseconds(2100));
  EXPECT_EQ(api.try_sign_in("user@oriel.local", kPassword, who).status, 200);
}

TEST_F(SignIn, GuessesAtManyAccountsFromOneAddressAreSlowed) {
  Who who;
  who.address = "198.51.100.7";
  int slowed = 0;
  for (int i = 0; i < 40; ++i) {
    auto const status = api.try_sign_in("name" + std::to_string(i), "wrong", who).status;
    if (status == 429) ++slowed;
  }
  EXPECT_GE(slowed, 5);
  who.address = "198.51.100.8";
  EXPECT_EQ(api.try_sign_in("user@oriel.local", kPassword, who).status, 200);
}

TEST_F(SignIn, WithoutRedisTheProcessCountsByItself) {
  api.redis.crash();
  api.loop.run_for(std::chrono::milliseconds(50));
  int slowed = 0;
  for (int i = 0; i < 9; ++i) {
    if (api.try_sign_in("user@oriel.local", "wrong").status == 429) ++slowed;
  }
  EXPECT_GE(slowed, 2);
  EXPECT_EQ(api.try_sign_in("other@oriel.local", kPassword).status, 200);
}

TEST_F(SignIn, ANewSignInReplacesTheOldTokenAndSignOutEndsIt) {
  auto const first = api.sign_in("user@oriel.local");
  auto const again = api.try_sign_in("user@oriel.local", kPassword, first);
  ASSERT_EQ(again.status, 200);
  EXPECT_EQ(api.get("/api/v1/me", first).status, 401) << "the token before is of no use";
  Who second;
  second.cookie = *testing::cookie_of(again);
  EXPECT_NE(second.cookie, first.cookie);
  auto const out = api.send("POST", "/api/v1/sign-out", second);
  EXPECT_EQ(out.status, 204);
  EXPECT_NE(out.headers.get("set-cookie")->find("Max-Age=0"), std::string_view::npos);
  EXPECT_EQ(api.get("/api/v1/me", second).status, 401);
}

TEST_F(SignIn, ADisabledUserIsOutAtOnce) {
  auto const who = api.sign_in("user@oriel.local");
  api.execute("update users set disabled = true");
  EXPECT_EQ(api.get("/api/v1/me", who).status, 401);
}

TEST_F(SignIn, ALinkOpensItsSessionOnce) {
  auto const user = api.sign_in("user@oriel.local");
  auto const session = api.launch(user);
  api.make_running(session.id);
  api.make_key("key", {200});
  auto const status = testing::body_of(api.call("get_kasm_status", "key", {{"kasm_id", session.id.text()}}));
  auto const url = std::string(std::string_view(status.at("kasm_url").as_string()));
  auto const token = url.substr(url.rfind('/') + 1);
  EXPECT_EQ(url, "/#/connect/kasm/" + session.id.text() + "/" + api.basics.user.text() + "/" + token);

  auto const opened = api.post("/api/v1/exchange", {}, json::Object{{"token", token}});
  ASSERT_EQ(opened.status, 200) << opened.body;
  EXPECT_EQ(testing::body_of(opened).at("session_id").as_string(), session.id.text());
  Who guest;
  guest.cookie = *testing::cookie_of(opened);
  EXPECT_EQ(api.get("/api/v1/sessions/" + session.id.text(), guest).status, 200);
  EXPECT_EQ(api.get("/api/v1/workspaces", guest).status, 403);
  auto const second = api.launch(user);
  EXPECT_EQ(api.get("/api/v1/sessions/" + second.id.text(), guest).status, 404);
  EXPECT_EQ(testing::body_of(api.get("/api/v1/sessions", guest)).at("sessions").as_array().size(), 1U);

  EXPECT_EQ(api.post("/api/v1/exchange", {}, json::Object{{"token", token}}).status, 401) << "once";
  // Somebody who is signed in as that user keeps the wider sign-in.
  auto const fresh = testing::body_of(api.call("get_kasm_status", "key", {{"kasm_id", session.id.text()}}));
  auto const fresh_url = std::string(std::string_view(fresh.at("kasm_url").as_string()));
  auto const kept =
      api.post("/api/v1/exchange", user, json::Object{{"token", fresh_url.substr(fresh_url.rfind('/') + 1)}});
  EXPECT_EQ(kept.status, 200);
  EXPECT_FALSE(testing::cookie_of(kept));
  EXPECT_EQ(api.get("/api/v1/workspaces", user).status, 200);
}

}  // namespace
}  // namespace oriel::api
