#include "services/api/stream_authorization.h"

#include <gtest/gtest.h>

#include "services/api/testing/running_api.h"

namespace oriel::api {
namespace {

using testing::RunningApi;
using testing::Who;

std::string const kViewer(32, 'a');

TEST(StreamTarget, IsReadLetterByLetter) {
  auto const id = std::string(32, '1');
  auto const good =
      parse_stream_target("/sessions/" + id + "/display?viewer=" + kViewer + "&epoch=1&frame=2");
  ASSERT_TRUE(good);
  EXPECT_EQ(good->session.text(), id);
  EXPECT_EQ(good->route, "display");
  EXPECT_EQ(good->viewer, kViewer);
  for (auto const& bad : std::initializer_list<std::string>{
           "", "/", "/sessions/" + id, "/sessions/" + id + "/display",
           "/sessions/" + id + "/display?viewer=x", "/sessions/" + id + "/files?viewer=" + kViewer,
           "/sessions/" + id + "/display/?viewer=" + kViewer,
           "/sessions/" + id + "/../display?viewer=" + kViewer,
           "//sessions/" + id + "/display?viewer=" + kViewer,
           "/sessions/" + id + "%2fdisplay?viewer=" + kViewer,
           "/sessions/" + id + ";x/display?viewer=" + kViewer,
           "/Sessions/" + id + "/display?viewer=" + kViewer,
           "/sessions/" + id + "/display?viewer=" + kViewer + "&viewer=" + kViewer,
           "/sessions/11111111-1111-1111-1111-111111111111/display?viewer=" + kViewer,
           "/sessions/" + std::string(32, 'A') + "/display?viewer=" + kViewer,
           "/sessions/" + id + "/display?viewer=" + std::string(32, 'A'),
           "/sessions/" + id + "/display?Viewer=" + kViewer,
           "/sessions/" + id + "/display#?viewer=" + kViewer,
           "/sessions/" + id + "/display?viewer=" + kViewer + std::string(3000, 'x')}) {
    EXPECT_FALSE(parse_stream_target(bad)) << bad;
  }
}

class Streams : public ::testing::Test {
 protected:
  Streams() : user(api.sign_in("user@oriel.local")) { session = api.launch(user).id; }
  http::Response authorize(Who who, std::string route = "display", std::string method = "GET") {
    who.headers["X-Original-URI"] = "/sessions/" + session.text() + "/" + route + "?viewer=" + kViewer;
    who.headers["X-Original-Method"] = method;
    return api.get("/internal/authorize", who);
  }
  RunningApi api;
  Who user;
  SessionId session{};
};

TEST_F(Streams, TheOwnerOfARunningSessionGetsItsSocket) {
  EXPECT_EQ(authorize(user).status, 403) << "requested: there is no socket yet";
  api.make_running(session);
  auto const response = authorize(user);
  ASSERT_EQ(response.status, 200);
  EXPECT_EQ(response.headers.get("x-session-socket"),
            api.directory.path().string() + "/run/pub/" + session.text() + ".sock");
  EXPECT_EQ(response.headers.get("x-oriel-viewer"), kViewer);
  EXPECT_EQ(response.headers.get("x-oriel-user"), "First%20User");
  EXPECT_EQ(response.headers.get("x-oriel-role"), "owner");
  EXPECT_EQ(response.headers.get("x-oriel-permissions"), "input,clipboard-in,clipboard-out");
  auto const expires = parse_integer(*response.headers.get("x-oriel-expires"));
  ASSERT_TRUE(expires);
  EXPECT_GT(*expires, static_cast<std::int64_t>(epoch_seconds(SystemClock().now())) + 6 * 86400);
  for (auto const route : {"input", "clipboard"}) EXPECT_EQ(authorize(user, route).status, 200);
  EXPECT_EQ(authorize(user, "files").status, 403);
  EXPECT_EQ(authorize(user, "display", "POST").status, 403);
}

TEST_F(Streams, OthersDoNotAndAdministratorsOnlyLookAndLeaveATrace) {
  api.make_running(session);
  EXPECT_EQ(authorize({}).status, 401);
  EXPECT_EQ(authorize(api.sign_in("other@oriel.local")).status, 403);
  auto const admin = authorize(api.sign_in("admin@oriel.local"));
  EXPECT_EQ(admin.status, 200);
  EXPECT_EQ(admin.headers.get("x-oriel-role"), "view");
  // Each sign-in is a right of its own, and one's own session another than somebody else's.
  auto const grant = std::string(admin.headers.get("x-oriel-grant").value_or(""));
  EXPECT_EQ(grant.size(), 32U);
  EXPECT_NE(grant, authorize(user).headers.get("x-oriel-grant"));
  EXPECT_EQ(admin.headers.get("x-oriel-permissions").value_or(""), "");
  auto const expires = parse_integer(*admin.headers.get("x-oriel-expires"));
  EXPECT_LT(*expires, static_cast<std::int64_t>(epoch_seconds(SystemClock().now())) + 2 * 3600);
  auto const administrator = api.sign_in("admin@oriel.local");
  for (auto const route : {"input", "clipboard"})
    EXPECT_EQ(authorize(administrator, route).status, 403) << route;
  EXPECT_EQ(api.count("select count(*) from audit where action = 'session.view'"), 1);
  EXPECT_NE(grant, authorize(api.sign_in("admin@oriel.local")).headers.get("x-oriel-grant"));
}

TEST_F(Streams, PagesOfOtherSitesDoNot) {
  api.make_running(session);
  for (auto const& origin : {"", "null", "https://evil.example", "https://oriel.example:8443.evil.example",
                             "http://oriel.example:8443"}) {
    auto who = user;
    who.from_our_pages = false;
    if (*origin != '\0') who.headers["Origin"] = origin;
    EXPECT_EQ(authorize(who).status, 403) << origin;
  }
}

TEST_F(Streams, NorWhenItShouldEndOrTheSignInHas) {
  api.make_running(session);
  auto const path = "/api/v1/sessions/" + session.text();
  EXPECT_EQ(api.send("DELETE", path, user).status, 202);
  EXPECT_EQ(authorize(user).status, 403);
  EXPECT_EQ(api.send("POST", "/api/v1/sign-out", user).status, 204);
  EXPECT_EQ(authorize(user).status, 401);
}

}  // namespace
}  // namespace oriel::api
