#include "libs/http/router.h"

#include <stdexcept>

#include <gtest/gtest.h>

#include "libs/async/sleep.h"
#include "libs/testing/loop.h"

namespace oriel::http {
namespace {

using namespace std::chrono_literals;

Async<Response> say(std::string text) { co_return text_response(std::move(text)); }

class RouterTest : public ::testing::Test {
 protected:
  void declare(std::string method, std::string path, std::string action = "public") {
    auto name = method + " " + path;
    router.declare(std::move(method), std::move(path), std::move(action), [name](Request request) {
      std::string text = name;
      for (auto const& [key, value] : request.parameters) text += " " + key + "=" + value;
      return say(text);
    });
  }
  Response ask(std::string method, std::string path) {
    Request request;
    request.method = std::move(method);
    request.path = std::move(path);
    return loop.run(router.handle(std::move(request)));
  }

  testing::Loop loop;
  Router router;
};

TEST_F(RouterTest, LiteralsWinOverParametersAndParametersOverTheRest) {
  declare("GET", "/a/{rest...}");
  declare("GET", "/a/{id}");
  declare("GET", "/a/mine");
  declare("GET", "/a/{id}/log");
  EXPECT_EQ(ask("GET", "/a/mine").body, "GET /a/mine");
  EXPECT_EQ(ask("GET", "/a/7").body, "GET /a/{id} id=7");
  EXPECT_EQ(ask("GET", "/a/7/log").body, "GET /a/{id}/log id=7");
  EXPECT_EQ(ask("GET", "/a/7/x/y").body, "GET /a/{rest...} rest=7/x/y");
  EXPECT_EQ(ask("HEAD", "/a/mine").body, "GET /a/mine");
}

TEST_F(RouterTest, UnknownPathsAndMethodsAreProblems) {
  declare("GET", "/a/{id}");
  declare("DELETE", "/a/{id}");
  EXPECT_EQ(ask("GET", "/b").status, 404);
  EXPECT_EQ(ask("GET", "/a/").status, 404) << "an empty parameter is no parameter";
  auto const refused = ask("POST", "/a/1");
  EXPECT_EQ(refused.status, 405);
  EXPECT_EQ(refused.headers.get("allow"), "DELETE, GET, HEAD");
}

TEST_F(RouterTest, ARouteWithoutAnActionDoesNotStart) {
  declare("GET", "/a", "");
  EXPECT_NE(router.check().error().message.find("GET /a declares no action"), std::string::npos);
}

TEST_F(RouterTest, DoubleRoutesAndMissingGuardsDoNotStart) {
  declare("GET", "/a/{id}");
  EXPECT_TRUE(router.check().has_value());
  declare("GET", "/a/{other}", "session.read");
  auto const message = router.check().error().message;
  EXPECT_NE(message.find("declared twice"), std::string::npos);
  EXPECT_NE(message.find("no guard"), std::string::npos);
}

Async<std::optional<Response>> refuse_writes(Request& request, Route const& route) {
  request.subject = std::string("alice");
  if (route.action == "write") co_return problem(fail(Code::kForbidden, "read only"));
  co_return std::nullopt;
}

Async<Response> greet(Request request) {
  co_return text_response(std::any_cast<std::string>(request.subject) + " " + request.action);
}

TEST_F(RouterTest, TheGuardDecidesByActionAndSetsTheSubject) {
  router.set_guard(refuse_writes);
  router.declare("GET", "/a", "read", greet);
  router.declare("POST", "/a", "write", greet);
  EXPECT_EQ(ask("GET", "/a").body, "alice read");
  EXPECT_EQ(ask("POST", "/a").status, 403);
}

Async<Response> hang(Request) {
  co_await sleep_for(1h);
  co_return Response();
}

Async<Response> break_down(Request) {
  throw std::runtime_error("secret detail");
  co_return Response();
}

TEST_F(RouterTest, ASlowHandlerEndsAtItsDeadlineAndABrokenOneIs500) {
  router.declare("GET", "/slow", "public", RouteLimits{.deadline = 10ms}, hang);
  router.declare("GET", "/broken", "public", break_down);
  EXPECT_EQ(ask("GET", "/slow").status, 504);
  auto const broken = ask("GET", "/broken");
  EXPECT_EQ(broken.status, 500);
  EXPECT_EQ(broken.body.find("secret"), std::string::npos);
}

TEST_F(RouterTest, TheFinisherSeesEveryAnswer) {
  declare("GET", "/a");
  int seen = 0;
  router.set_finisher([&](Request const&, Route const* route, Response& response, std::chrono::microseconds) {
    ++seen;
    response.headers.set("X-Known", route != nullptr ? "yes" : "no");
  });
  EXPECT_EQ(ask("GET", "/a").headers.get("x-known"), "yes");
  EXPECT_EQ(ask("GET", "/b").headers.get("x-known"), "no");
  EXPECT_EQ(seen, 2);
}

TEST_F(RouterTest, TheFallbackAnswersWhatNoRouteTakes) {
  declare("GET", "/a");
  router.set_fallback([](Request request) { return say("page for " + request.path); });
  EXPECT_EQ(ask("GET", "/sessions/1").body, "page for /sessions/1");
  EXPECT_EQ(ask("POST", "/a").status, 405);
}

}  // namespace
}  // namespace oriel::http
