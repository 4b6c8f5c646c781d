#include <gtest/gtest.h>

#include "libs/base/limits.h"
#include "libs/base/text.h"
#include "libs/store/agent_log.h"
#include "libs/store/agents.h"
#include "services/api/server_log_routes.h"
#include "services/api/testing/running_api.h"

namespace oriel::api {
namespace {

using testing::body_of;
using testing::RunningApi;
using testing::Who;

class Administering : public ::testing::Test {
 protected:
  Administering() : user(api.sign_in("user@oriel.local")), admin(api.sign_in("admin@oriel.local")) {
    session = api.launch(user).id;
    api.make_running(session);
    server = api.loop.run(store::list_agents(*api.owner))->at(0).id;
  }
  json::Value session_as(Who const& who) {
    return body_of(api.get("/api/v1/sessions/" + session.text(), who));
  }
  http::Response patch(json::Value const& body) {
    return api.send("PATCH", "/api/v1/admin/servers/" + server.text(), admin, json::text(body));
  }
  json::Value results_of(http::Response const& response) {
    EXPECT_EQ(response.status, 200) << response.body;
    return body_of(response).at("results");
  }
  RunningApi api;
  Who user, admin;
  SessionId session{};
  AgentId server{};
};

std::string word(json::Value const& value) { return std::string(std::string_view(value.as_string())); }

TEST_F(Administering, DiagnosticsWarnOfAServerWhoseClockIsWrong) {
  auto const an_hour_late = SystemClock().now() - std::chrono::hours(1);
  ASSERT_TRUE(api.loop.run(store::check_in(*api.owner, server, {{"hostname", "alpha"}}, an_hour_late)));
  auto const body = body_of(api.get("/api/v1/admin/diagnostics", admin));
  EXPECT_LT(body.at("servers").at(0).at("clock_difference_ms").as_int64(), -3'590'000);
  bool warned = false;
  for (auto const& check : body.at("checks").as_array()) {
    warned = warned || (word(check.at("check")) == "clock" && word(check.at("state")) == "warning" &&
                        word(check.at("message")).starts_with("alpha and the database: 36"));
  }
  EXPECT_TRUE(warned) << json::text(body.at("checks"));
}

TEST_F(Administering, AMessageReachesTheOwnerAndIsAcknowledgedOnce) {
  auto const absent = SessionId::random().text();
  auto const sent = results_of(
      api.post("/api/v1/admin/sessions/message", admin,
               {{"sessions", {session.text(), absent}}, {"text", "  <b>Back up</b> at noon\nplease  "}}));
  EXPECT_TRUE(sent.at(0).at("ok").as_bool());
  EXPECT_FALSE(sent.at(1).at("ok").as_bool());
  auto const shown = session_as(user);
  auto const& message = shown.at("messages").at(0);
  EXPECT_EQ(word(message.at("text")), "<b>Back up</b> at noon\nplease");
  EXPECT_EQ(word(message.at("from")), "First Administrator");
  auto const read = "/api/v1/sessions/" + session.text() + "/messages/" + word(message.at("id")) + "/read";
  EXPECT_EQ(api.send("POST", read, admin).status, 404) << "it is not the administrator's to read";
  EXPECT_EQ(api.send("POST", read, api.sign_in("other@oriel.local")).status, 404);
  EXPECT_EQ(api.send("POST", read, user).status, 204);
  EXPECT_TRUE(session_as(user).at("messages").as_array().empty());
  auto const details = body_of(api.get("/api/v1/admin/sessions/" + session.text(), admin));
  EXPECT_TRUE(details.at("sent_messages").at(0).at("read_at").is_string());
  EXPECT_EQ(word(details.at("container_id")), "c1");
  EXPECT_EQ(details.at("attempt").as_int64(), 1);

  for (auto const& text : {std::string("   "), std::string(limits::kMessageCharacters + 1, 'x')}) {
    EXPECT_EQ(
        api.post("/api/v1/admin/sessions/message", admin, {{"sessions", {session.text()}}, {"text", text}})
            .status,
        400);
  }
  EXPECT_EQ(
      api.post("/api/v1/admin/sessions/message", admin, {{"sessions", json::Array()}, {"text", "x"}}).status,
      400);
}

TEST_F(Administering, ManyEndWithOneReasonThatTheUserReads) {
  auto const second = api.launch(user).id;
  auto const outcome =
      results_of(api.post("/api/v1/admin/sessions/end", admin,
                          {{"sessions", {session.text(), second.text(), SessionId::random().text()}},
                           {"reason", "The host is replaced"}}));
  EXPECT_TRUE(outcome.at(0).at("ok").as_bool());
  EXPECT_TRUE(outcome.at(1).at("ok").as_bool());
  EXPECT_FALSE(outcome.at(2).at("ok").as_bool());
  auto const ended = session_as(user);
  EXPECT_EQ(word(ended.at("desired")), "ended");
  EXPECT_EQ(word(ended.at("reason_code")), "ended_by_administrator");
  EXPECT_EQ(word(ended.at("reason")), "An administrator ended it: The host is replaced");
  EXPECT_EQ(api.count("select count(*) from audit where action = 'session.end'"), 2);
  EXPECT_EQ(
      api.post("/api/v1/admin/sessions/end", admin,
               {{"sessions", {session.text()}}, {"reason", std::string(limits::kEndReasonBytes + 1, 'x')}})
          .status,
      400);
}

TEST_F(Administering, AViewIsViewOnlyAndTheOwnerSeesIt) {
  std::string const viewer(32, 'b');
  auto const authorize = [&](std::string const& route) {
    auto who = admin;
    who.headers["X-Original-URI"] = "/sessions/" + session.text() + "/" + route + "?viewer=" + viewer;
    who.headers["X-Original-Method"] = "GET";
    return api.get("/internal/authorize", who);
  };
  EXPECT_EQ(authorize("input").status, 403);
  EXPECT_EQ(authorize("clipboard").status, 403);
  EXPECT_TRUE(session_as(user).at("watchers").as_array().empty());
  auto const allowed = authorize("display");
  ASSERT_EQ(allowed.status, 200);
  EXPECT_EQ(allowed.headers.get("x-oriel-role"), "view");
  EXPECT_EQ(allowed.headers.get("x-oriel-permissions").value_or(""), "");
  EXPECT_EQ(authorize("input").status, 403) << "nor with an open view";
  auto const shown = session_as(user);
  EXPECT_EQ(word(shown.at("watchers").at(0).at("name")), "First Administrator");
  EXPECT_EQ(word(shown.at("role")), "owner");
  EXPECT_EQ(word(session_as(admin).at("role")), "view");

  auto const watch = "/api/v1/admin/sessions/" + session.text() + "/watch";
  EXPECT_EQ(api.post(watch, admin, {{"viewer", viewer}, {"ended", false}}).status, 204);
  EXPECT_EQ(api.post(watch, admin, {{"viewer", std::string(32, 'c')}, {"ended", false}}).status, 404);
  EXPECT_EQ(api.post(watch, admin, {{"viewer", "x"}, {"ended", false}}).status, 400);
  EXPECT_EQ(api.post(watch, admin, {{"viewer", viewer}, {"ended", true}}).status, 204);
  EXPECT_TRUE(session_as(user).at("watchers").as_array().empty());
  EXPECT_EQ(api.count("select count(*) from audit where action in ('session.view', 'session.view_end') and "
                      "result = 'done'"),
            2);
}

TEST_F(Administering, AServerIsDrainedLabelledAndItsWordsAreChecked) {
  auto const drained = body_of(patch({{"draining", true}, {"labels", {{"rack", "b12"}}}}));
  EXPECT_EQ(word(drained.at("state")), "draining");
  EXPECT_TRUE(drained.at("state_since").is_string());
  EXPECT_EQ(word(drained.at("labels").at("rack")), "b12");
  auto const workspaces = body_of(api.get("/api/v1/workspaces", user));
  EXPECT_NE(word(workspaces.at("workspaces").at(0).at("reason")).find("is draining"), std::string::npos);
  EXPECT_EQ(word(body_of(patch({{"enabled", false}})).at("state")), "disabled");
  EXPECT_EQ(word(body_of(patch({{"enabled", true}, {"draining", false}})).at("state")), "online");

  auto const refused =
      patch({{"labels", {{"Rack", "x"}}}, {"cores_override", -1}, {"memory_override_bytes", -5}});
  EXPECT_EQ(refused.status, 400);
  EXPECT_EQ(body_of(refused).at("error").at("fields").as_array().size(), 3U) << refused.body;
  EXPECT_EQ(patch({{"hostname", "x"}}).status, 400);
  EXPECT_EQ(api.send("PATCH", "/api/v1/admin/servers/" + AgentId::random().text(), admin, "{}").status, 404);
  EXPECT_EQ(api.send("PATCH", "/api/v1/admin/servers/nothing", admin, "{}").status, 404);
}

TEST_F(Administering, OnlyASilentServerIsRemoved) {
  auto const target = "/api/v1/admin/servers/" + server.text();
  auto const refused = api.send("DELETE", target, admin);
  EXPECT_EQ(refused.status, 409);
  EXPECT_NE(refused.body.find("Drain it"), std::string::npos);
  api.execute("update agents set state = 'unreachable'");
  EXPECT_EQ(api.send("DELETE", target, admin).status, 204);
  EXPECT_EQ(api.send("DELETE", target, admin).status, 404);
  EXPECT_TRUE(body_of(api.get("/api/v1/admin/servers", admin)).at("servers").as_array().empty());
}

TEST_F(Administering, TheListIsFilteredOrderedAndCounted) {
  auto const get = [this](std::string const& query) {
    return api.get("/api/v1/admin/sessions" + query, admin);
  };
  auto const all = body_of(get("?user=user@oriel.local&server=alpha&order=-cpu"));
  EXPECT_EQ(all.at("total").as_int64(), 1);
  EXPECT_EQ(word(all.at("sessions").at(0).at("id")), session.text());
  EXPECT_EQ(body_of(get("?user=nobody")).at("total").as_int64(), 0);
  EXPECT_EQ(body_of(get("?state=ended,failed&order=ended")).at("total").as_int64(), 0);
  for (auto const& bad : {"?order=colour", "?state=odd", "?limit=0", "?workspace=x", "?what=1", "?cursor=x"})
    EXPECT_EQ(get(bad).status, 400) << bad;
}

TEST(LogLines, AreTextWhateverTheAgentSays) {
  auto const good = log_line_view(
      R"({"time":"2026-11-24T09:41:07.123Z","level":"warning","service":"oriel-agent","message":"<script>","session":"ab","n":5})");
  EXPECT_EQ(word(good.at("level")), "warning");
  EXPECT_EQ(word(good.at("message")), "<script>");
  EXPECT_EQ(word(good.at("fields").at("session")), "ab");
  EXPECT_EQ(word(good.at("fields").at("n")), "5");
  EXPECT_EQ(word(log_line_view("no JSON \xff").at("message")).substr(0, 7), "no JSON");
  auto const odd = log_line_view(R"({"time":"yesterday","level":"loud","message":{"a":[1]}})");
  EXPECT_TRUE(odd.at("at").is_null());
  EXPECT_EQ(word(odd.at("level")), "info");
  EXPECT_EQ(word(odd.at("message")), R"({"a":[1]})");
  EXPECT_EQ(word(log_line_view("[]").at("message")), "[]");
}

}  // namespace
}  // namespace oriel::api
