#include <gtest/gtest.h>

#include "libs/async/sleep.h"
#include "services/api/testing/running_api.h"

namespace oriel::api {
namespace {

using testing::body_of;
using testing::RunningApi;
using testing::Who;

std::string text(json::Value const& value) { return std::string(std::string_view(value.as_string())); }

/// Places and runs what is requested, as the Manager and an agent do, until it is cancelled.
Async<> serve_requests(postgres::Database& database) {
  for (;;) {
    auto requested = co_await store::list_requested_sessions(database);
    if (requested) {
      for (auto const id : *requested) {
        auto placed = co_await store::place_session(database, id);
        if (!placed || !*placed || (*placed)->session.state != domain::SessionState::kPlaced) continue;
        store::SessionPatch patch;
        patch.state = domain::SessionState::kRunning;
        patch.container_id = "c1";
        auto running = co_await store::advance_session(database, id, (*placed)->session.generation,
                                                       domain::Cause::kAgent, std::move(patch));
        (void)running;
      }
    }
    co_await sleep_for(std::chrono::milliseconds(10));
  }
}

class CompatibleApi : public ::testing::Test {
 protected:
  CompatibleApi() { api.make_key("key", {200}); }
  ~CompatibleApi() override { api.loop.run(manager.stop()); }
  void with_server() {
    (void)*api.loop.run(
        store::testing::add_agent(*api.owner, api.basics, "alpha", 8, std::int64_t{64} << 30));
  }
  json::Object call(std::string const& operation, json::Object body = {}) {
    auto const response = api.call(operation, "key", std::move(body));
    EXPECT_EQ(response.status, 200) << response.body;
    EXPECT_EQ(response.headers.get("content-type"), "application/json");
    return body_of(response).as_object();
  }
  json::Object request(json::Object more = {}) {
    more["user_id"] = api.basics.user.dashed();
    more["image_id"] = api.basics.image.dashed();
    return call("request_kasm", std::move(more));
  }
  RunningApi api;
  TaskGroup manager{api.loop.executor()};
};

TEST_F(CompatibleApi, ASessionFromRequestToDestruction) {
  with_server();
  manager.spawn(serve_requests(*api.owner));
  auto const requested = request({{"enable_sharing", true},
                                  {"environment", {{"MY_VAR", "value"}, {"COUNT", 3}}},
                                  {"client_language", "de-DE"},
                                  {"client_timezone", "Europe/Berlin"},
                                  {"kasm_url", "https://example.com"},
                                  {"persistent", true},
                                  {"unknown", {1, 2}}});
  ASSERT_FALSE(requested.contains("error_message")) << json::text(requested);
  auto const id = text(requested.at("kasm_id"));
  EXPECT_EQ(id.size(), 32U);
  EXPECT_EQ(text(requested.at("username")), "user@oriel.local");
  EXPECT_EQ(text(requested.at("status")), "starting");
  EXPECT_EQ(text(requested.at("user_id")), api.basics.user.text());
  EXPECT_EQ(text(requested.at("share_id")).size(), 8U);
  EXPECT_EQ(text(requested.at("kasm_url")), "/#/connect/kasm/" + id + "/" + api.basics.user.text() + "/" +
                                                text(requested.at("session_token")));
  auto const row = **api.loop.run(store::find_session(*api.owner, *SessionId::parse(id)));
  EXPECT_EQ(row.environment.at("COUNT"), "3");
  EXPECT_EQ(row.locale, "de_DE.UTF-8");
  EXPECT_EQ(row.timezone, "Europe/Berlin");
  EXPECT_EQ(row.open_url, "https://example.com");

  json::Object status;
  for (int i = 0; i < 50; ++i) {
    status = call("get_kasm_status",
                  {{"kasm_id", id}, {"user_id", api.basics.user.text()}, {"skip_agent_check", true}});
    if (status.contains("kasm")) break;
    api.loop.run_for(std::chrono::milliseconds(20));
  }
  ASSERT_TRUE(status.contains("kasm")) << json::text(status);
  EXPECT_FALSE(status.contains("error_message"));
  auto const& kasm = status.at("kasm").as_object();
  EXPECT_EQ(text(kasm.at("operational_status")), "running");
  EXPECT_TRUE(kasm.at("cores").is_double());
  EXPECT_TRUE(kasm.at("memory").is_int64());
  EXPECT_TRUE(kasm.at("port").is_int64());
  EXPECT_EQ(kasm.at("port").as_int64(), 8443);
  EXPECT_TRUE(kasm.at("client_settings").at("idle_disconnect").is_double());
  EXPECT_EQ(text(kasm.at("port_map").at("vnc").at("path")),
            "desktop/" + SessionId::parse(id)->dashed() + "/vnc");
  EXPECT_NE(text(status.at("kasm_url")), text(requested.at("kasm_url")))
      << "each answer has a link of its own";

  auto const all = call("get_kasms").at("kasms").as_array();
  ASSERT_EQ(all.size(), 1U);
  EXPECT_EQ(text(all[0].at("kasm_id")), id);
  EXPECT_EQ(text(all[0].at("created_date")).size(), 19U);
  EXPECT_EQ(text(all[0].at("user").at("username")), "user@oriel.local");
  EXPECT_EQ(text(all[0].at("server").at("zone_name")), "default");

  EXPECT_EQ(json::text(call("keepalive", {{"kasm_id", id}})), R"({"usage_reached":false})");
  auto const destroyed =
      api.call("destroy_kasm", "key",
               {{"kasm_id", SessionId::parse(id)->dashed()}, {"user_id", api.basics.user.text()}});
  EXPECT_EQ(destroyed.body, "{}");
  auto const ending = call("get_kasm_status", {{"kasm_id", id}});
  EXPECT_EQ(text(ending.at("error_message")), "This session is currently deleting.");
}

TEST_F(CompatibleApi, WhileNothingPlacesItTheStatusSaysRequested) {
  auto const requested = request();
  auto const status = call("get_kasm_status", {{"kasm_id", text(requested.at("kasm_id"))}});
  EXPECT_EQ(text(status.at("error_message")), "This session is currently requested.");
  EXPECT_EQ(text(status.at("operational_status")), "requested");
  EXPECT_TRUE(status.at("operational_progress").is_int64());
  EXPECT_FALSE(status.contains("kasm"));
}

TEST_F(CompatibleApi, RefusalsAre200WithWords) {
  manager.spawn(serve_requests(*api.owner));
  auto const refused = request();
  EXPECT_TRUE(text(refused.at("error_message")).starts_with("No resources are available"));
  EXPECT_FALSE(refused.contains("user_id"));
  EXPECT_EQ(text(call("request_kasm", {{"user_id", api.basics.user.text()}}).at("error_message")),
            "No Default Image Found");
  EXPECT_EQ(
      text(call("request_kasm", {{"user_id", api.basics.user.text()}, {"image_id", ImageId::random().text()}})
               .at("error_message")),
      "Image Not Authorized");
  EXPECT_TRUE(call("request_kasm", {{"user_id", "x"}, {"image_id", api.basics.image.text()}})
                  .contains("error_message"));
  EXPECT_TRUE(
      call("request_kasm", {{"user_id", UserId::random().text()}, {"image_id", api.basics.image.text()}})
          .contains("error_message"));
  EXPECT_TRUE(request({{"kasm_url", "javascript:alert(1)"}}).contains("error_message"));
  EXPECT_TRUE(request({{"environment", {{"LD_PRELOAD", "/x"}}}}).contains("error_message"));
  for (auto const operation : {"get_kasm_status", "keepalive", "destroy_kasm"}) {
    EXPECT_TRUE(call(operation, {{"kasm_id", SessionId::random().text()}}).contains("error_message"))
        << operation;
    EXPECT_TRUE(call(operation, {{"kasm_id", "x'; drop"}}).contains("error_message")) << operation;
    EXPECT_TRUE(call(operation).contains("error_message")) << operation;
  }
}

TEST_F(CompatibleApi, ASessionOfAnotherUserIsNotFound) {
  with_server();
  manager.spawn(serve_requests(*api.owner));
  auto const id = text(request().at("kasm_id"));
  for (auto const operation : {"get_kasm_status", "keepalive", "destroy_kasm"}) {
    EXPECT_TRUE(call(operation, {{"kasm_id", id}, {"user_id", api.other.text()}}).contains("error_message"))
        << operation;
  }
}

TEST_F(CompatibleApi, WithoutAUserASessionIsAnonymous) {
  with_server();
  manager.spawn(serve_requests(*api.owner));
  auto const requested = call("request_kasm", {{"image_id", api.basics.image.text()}});
  ASSERT_FALSE(requested.contains("error_message")) << json::text(requested);
  EXPECT_TRUE(text(requested.at("username")).starts_with("anonymous-"));
  EXPECT_EQ(api.count("select count(*) from users where anonymous"), 1);
}

TEST_F(CompatibleApi, Lists) {
  auto const users = call("get_users").at("users").as_array();
  ASSERT_EQ(users.size(), 3U);
  EXPECT_EQ(text(users[0].at("username")), "admin@oriel.local");
  EXPECT_EQ(text(users[2].at("groups").as_array()[0].at("group_id")), "68d557ac4cac42cca9f31c7c853de0f3");
  EXPECT_EQ(text(users[0].at("created")).size(), 19U);
  EXPECT_FALSE(users[0].as_object().contains("password_hash"));
  EXPECT_EQ(call("get_users", {{"page", 1}, {"page_size", 2}}).at("users").as_array().size(), 1U);

  auto const images = call("get_images").at("images").as_array();
  ASSERT_EQ(images.size(), 1U);
  EXPECT_EQ(text(images[0].at("image_id")), api.basics.image.text());
  EXPECT_EQ(text(images[0].at("friendly_name")), "Firefox");
  EXPECT_TRUE(images[0].at("cores").is_double());
  EXPECT_TRUE(images[0].at("memory").is_int64());
  EXPECT_TRUE(images[0].at("run_config").is_object());
  EXPECT_TRUE(images[0].at("categories").is_array());
  EXPECT_FALSE(images[0].at("available").as_bool());
  with_server();
  EXPECT_TRUE(call("get_images").at("images").as_array()[0].at("available").as_bool());

  auto const zones = call("get_zones", {{"brief", true}}).at("zones").as_array();
  ASSERT_EQ(zones.size(), 1U);
  EXPECT_EQ(text(zones[0].at("zone_name")), "default");
}

TEST_F(CompatibleApi, BodiesThatAreNoObjectsAreRefused) {
  Who program;
  program.from_our_pages = false;
  EXPECT_EQ(api.send("POST", "/api/public/get_users", program, "[1]").status, 400);
  EXPECT_EQ(api.send("POST", "/api/public/get_users", program, "{").status, 400);
  EXPECT_EQ(api.send("POST", "/api/public/get_users", program, "").status, 401);
  EXPECT_EQ(api.send("GET", "/api/public/get_users", program).status, 405);
  EXPECT_EQ(api.send("POST", "/api/public/no_such_operation", program, "{}").status, 404);
}

TEST_F(CompatibleApi, GuessingKeysIsSlowed) {
  int slowed = 0;
  for (int i = 0; i < 10; ++i) {
    Who program;
    program.from_our_pages = false;
    auto const response =
        api.send("POST", "/api/public/get_users", program, R"({"api_key":"key","api_key_secret":"guess"})");
    if (response.status == 429) ++slowed;
  }
  EXPECT_GE(slowed, 3);
  EXPECT_EQ(api.call("get_users", "key").status, 200) << "the good secret is never slowed";
}

}  // namespace
}  // namespace oriel::api
