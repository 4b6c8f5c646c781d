#include <algorithm>

#include <gtest/gtest.h>

#include "libs/async/task_group.h"
#include "services/api/testing/matrix.h"

// What proves who somebody is: cookies, links, keys, and how fast they may be guessed.

namespace oriel::api {
namespace {

using testing::comparable;
using testing::kPassword;
using testing::MatrixWorld;
using testing::RunningApi;
using testing::Who;

/// The headers that every answer carries, and what no cookie lacks.
void look_at_headers(http::Response const& response, std::string const& where) {
  auto const is = [&](std::string_view name) { return std::string(response.headers.get(name).value_or("")); };
  EXPECT_EQ(is("x-content-type-options"), "nosniff") << where;
  EXPECT_EQ(is("referrer-policy"), "same-origin") << where;
  EXPECT_EQ(is("cross-origin-opener-policy"), "same-origin") << where;
  EXPECT_EQ(is("cross-origin-resource-policy"), "same-origin") << where;
  auto const policy = is("content-security-policy");
  EXPECT_NE(policy.find("default-src 'none'"), std::string::npos) << where << policy;
  for (auto const loose : {"'unsafe-eval'", "'unsafe-inline' ", "script-src 'unsafe", "*", "http:"})
    EXPECT_EQ(policy.find(loose), std::string::npos) << where << policy;
  EXPECT_TRUE(policy.find("frame-ancestors 'none'") != std::string::npos ||
              policy.find("sandbox") != std::string::npos)
      << where << policy;
  EXPECT_FALSE(response.headers.get("access-control-allow-origin")) << where;
  EXPECT_FALSE(response.headers.get("server")) << where;
  EXPECT_FALSE(response.headers.get("x-powered-by")) << where;
  for (auto const& [name, value] : response.headers.all()) {
    if (!equal_ignoring_case(name, "set-cookie")) continue;
    EXPECT_TRUE(value.starts_with("__Host-")) << where << value;
    for (auto const attribute : {"; Path=/", "; HttpOnly", "; Secure", "; SameSite=Strict"})
      EXPECT_NE(value.find(attribute), std::string::npos) << where << value;
    EXPECT_EQ(lower_ascii(value).find("domain"), std::string::npos) << where << value;
  }
}

TEST(BrowserSession, EveryAnswerKeepsBrowsersFromHarm) {
  MatrixWorld world;
  int cookies = 0;
  for (auto const& row : world.matrix.routes) {
    if (row.goes_on()) continue;
    for (auto const& subject : {"anonymous", "owner", "other", "administrator", "link", "key"}) {
      auto const response = world.call(row, subject);
      auto const where = row.method + " " + row.path + " as " + subject + ": ";
      look_at_headers(response, where);
      if (response.headers.get("set-cookie")) ++cookies;
      auto const is_json = response.headers.get("content-type").value_or("").starts_with("application/json");
      if (is_json && row.path.starts_with("/api/") && row.path != "/api/v1/openapi.json") {
        EXPECT_EQ(response.headers.get("cache-control"), "no-store") << where;
      }
    }
  }
  EXPECT_GT(cookies, 0);
  for (auto const& path : {"/", "/admin/servers", "/nowhere", "/api/v1/nowhere", "/assets/portal-AAAA.js",
                           "/api/public/nothing", "/%zz", "/a/../b"})
    look_at_headers(world.api.get(path), path);
  look_at_headers(world.api.try_sign_in("user@oriel.local", kPassword), "sign-in ");
  look_at_headers(world.api.try_sign_in("user@oriel.local", "wrong"), "wrong sign-in ");
}

class SignedIn : public ::testing::Test {
 protected:
  /// A link's token to a running session of the user.
  std::string link_token(SessionId session) {
    auto const status = testing::body_of(api.call("get_kasm_status", "key", {{"kasm_id", session.text()}}));
    auto const url = std::string(std::string_view(status.at("kasm_url").as_string()));
    return url.substr(url.rfind('/') + 1);
  }
  SessionId running_session() {
    auto const user = api.sign_in("user@oriel.local");
    auto const session = api.launch(user).id;
    api.make_running(session);
    api.make_key("key", {200});
    return session;
  }
  http::Response exchange(std::string const& token) {
    return api.post("/api/v1/exchange", {}, json::Object{{"token", token}});
  }
  RunningApi api;
};

TEST_F(SignedIn, ACookieThatSomebodyElsePlantedNeverBecomesGood) {
  Who planted;
  planted.cookie = random_token();
  EXPECT_EQ(api.get("/api/v1/me", planted).status, 401);
  auto const response = api.try_sign_in("user@oriel.local", kPassword, planted);
  ASSERT_EQ(response.status, 200);
  Who victim;
  victim.cookie = *testing::cookie_of(response);
  EXPECT_NE(victim.cookie, planted.cookie);
  EXPECT_EQ(api.get("/api/v1/me", planted).status, 401) << "the planted one is worth nothing afterwards";
  EXPECT_EQ(api.get("/api/v1/me", victim).status, 200);

  // The attacker's own, good one: it does not follow the victim, and it is over.
  auto const attacker = api.sign_in("other@oriel.local");
  auto const again = api.try_sign_in("user@oriel.local", kPassword, attacker);
  ASSERT_EQ(again.status, 200);
  EXPECT_NE(*testing::cookie_of(again), attacker.cookie);
  EXPECT_EQ(api.get("/api/v1/me", attacker).status, 401);

  // The same by a link.
  auto const session = running_session();
  auto const exchanged = api.post("/api/v1/exchange", planted, json::Object{{"token", link_token(session)}});
  ASSERT_EQ(exchanged.status, 200);
  EXPECT_NE(*testing::cookie_of(exchanged), planted.cookie);
  EXPECT_EQ(api.get("/api/v1/me", planted).status, 401);
}

TEST_F(SignedIn, OfManyUsesOfALinkAtOnceOneSucceeds) {
  auto const session = running_session();
  auto const token = link_token(session);
  int good = 0;
  int refused = 0;
  auto const use = [](RunningApi& at, std::string given, int& yes, int& no) -> Async<> {
    http::ClientRequest request;
    request.method = "POST";
    request.target = "/api/v1/exchange";
    request.headers = {{"Content-Type", "application/json"},
                       {"Origin", std::string(testing::kOrigin)},
                       {"X-Real-IP", "192.0.2.77"}};
    request.body = json::text(json::Object{{"token", given}});
    auto const response = co_await at.client->send(std::move(request));
    if (response && response->status == 200) ++yes;
    if (response && response->status == 401) ++no;
  };
  TaskGroup group(api.loop.executor());
  for (int i = 0; i < 60; ++i) group.spawn(use(api, token, good, refused));
  api.loop.run(group.wait());
  EXPECT_EQ(good, 1);
  EXPECT_EQ(refused, 59);
  EXPECT_EQ(api.count("select count(*) from sign_ins where session_id is not null"), 1);
}

TEST_F(SignedIn, ALinkThatIsOverReadsLikeOneThatNeverWas) {
  auto const session = running_session();
  auto const never = comparable(exchange(random_token()));
  auto const used = link_token(session);
  EXPECT_EQ(exchange(used).status, 200);
  EXPECT_EQ(comparable(exchange(used)), never);

  auto const expired = link_token(session);
  EXPECT_EQ(
      api.count("select count(*) from one_time_tokens where expires_at > now() + interval '61 seconds'"), 0)
      << "a link lives a minute at most";
  api.execute("update one_time_tokens set expires_at = now() - interval '1 second' where used_at is null");
  EXPECT_EQ(comparable(exchange(expired)), never);

  // For another purpose.
  auto const enrolment = random_token();
  ASSERT_TRUE(
      api.loop.run(store::create_enrolment_token(*api.owner, crypto::keyed_hash(api.token_key, enrolment))));
  EXPECT_EQ(comparable(exchange(enrolment)), never);
  EXPECT_EQ(api.count("select count(*) from one_time_tokens where purpose = 'enrol' and used_at is null"), 1);

  auto const of_disabled = link_token(session);
  api.execute("update users set disabled = true where username = 'user@oriel.local'");
  EXPECT_EQ(comparable(exchange(of_disabled)), never);
  api.execute("update users set disabled = false");

  auto const of_ended = link_token(session);
  api.execute("update sessions set state = 'ended', ended_at = now()");
  EXPECT_EQ(comparable(exchange(of_ended)), never);
}

class Guesses : public ::testing::Test {
 protected:
  Guesses() { api.start_second(); }
  int guess(int source, std::string const& name, bool at_second = false) {
    Who who;
    who.address = "198.51.100." + std::to_string(source);
    auto const body = json::text(json::Object{{"username", name}, {"password", "wrong"}});
    return api.send("POST", "/api/v1/sign-in", who, body, at_second).status;
  }
  RunningApi api;
};

TEST_F(Guesses, FromEverywhereAtOneAccountAreSlowedForAllInstancesTogether) {
  int looked_at = 0;
  for (int i = 0; i < 40; ++i) looked_at += guess(i + 1, "user@oriel.local", i % 2 == 1) == 401 ? 1 : 0;
  EXPECT_LE(looked_at, 8) << "five are free, then each waits twice as long";
  EXPECT_EQ(guess(200, "other@oriel.local"), 401) << "others are not slowed";
}

TEST_F(Guesses, FromOnePlaceAtManyAccountsAreSlowedForAllInstancesTogether) {
  int looked_at = 0;
  for (int i = 0; i < 60; ++i) looked_at += guess(1, "name" + std::to_string(i), i % 2 == 1) == 401 ? 1 : 0;
  EXPECT_LE(looked_at, 34);
  EXPECT_EQ(guess(2, "name0"), 401);
}

TEST_F(Guesses, WithoutRedisEachInstanceSlowsThemByItself) {
  api.redis.crash();
  api.loop.run_for(std::chrono::milliseconds(50));
  int looked_at = 0;
  for (int i = 0; i < 40; ++i) looked_at += guess(i + 1, "user@oriel.local", i % 2 == 1) == 401 ? 1 : 0;
  EXPECT_LE(looked_at, 16);
  EXPECT_GE(looked_at, 10);
}

TEST_F(Guesses, NobodyCanKeepTheLastAdministratorOutOfTheirOwnBrowser) {
  Who at_home;
  at_home.address = "192.0.2.10";
  ASSERT_EQ(api.try_sign_in("admin@oriel.local", kPassword, at_home).status, 200);
  // An attack that never ends, from everywhere: whoever is new waits, but never longer than five minutes.
  int longest = 0;
  for (int round = 0; round < 12; ++round) {
    for (int i = 0; i < 3; ++i) (void)guess(i + 1, "admin@oriel.local");
    Who elsewhere;
    elsewhere.address = "192.0.2.99";
    auto const response = api.try_sign_in("admin@oriel.local", kPassword, elsewhere);
    if (auto const wait = response.headers.get("retry-after"))
      longest = std::max(longest, static_cast<int>(*parse_integer(*wait)));
    api.lift_blocks();  // as if the wait were over
  }
  EXPECT_LE(longest, 300);
  for (int i = 0; i < 3; ++i) (void)guess(i + 1, "admin@oriel.local");
  EXPECT_EQ(api.try_sign_in("admin@oriel.local", kPassword, at_home).status, 200)
      << "from where they signed in before, somebody else's guesses do not count";
  // That place is no free pass either.
  int looked_at = 0;
  for (int i = 0; i < 12; ++i)
    looked_at += api.try_sign_in("admin@oriel.local", "wrong", at_home).status == 401 ? 1 : 0;
  EXPECT_LE(looked_at, 6);
}

TEST_F(Guesses, AtAKeyAreSlowedAndItsOwnerIsNot) {
  api.make_key("busy", {200});
  int slowed = 0;
  for (int i = 0; i < 30; ++i) {
    Who program;
    program.address = "203.0.113." + std::to_string(i + 1);
    auto const body = json::text(json::Object{{"api_key", "busy"}, {"api_key_secret", "guess"}});
    slowed += api.send("POST", "/api/public/get_zones", program, body, i % 2 == 1).status == 429 ? 1 : 0;
  }
  EXPECT_GE(slowed, 20);
  EXPECT_EQ(api.call("get_zones", "busy").status, 200);
}

}  // namespace
}  // namespace oriel::api
