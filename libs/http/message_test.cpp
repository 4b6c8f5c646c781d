#include "libs/http/message.h"

#include <gtest/gtest.h>

#include "libs/base/json.h"

namespace oriel::http {
namespace {

TEST(HeadersTest, NamesCompareWithoutCase) {
  Headers headers{{"Content-Type", "a"}, {"content-type", "b"}};
  EXPECT_EQ(headers.get("CONTENT-TYPE"), "a");
  EXPECT_EQ(headers.count("content-type"), 2u);
  headers.set("Content-type", "c");
  EXPECT_EQ(headers.count("content-type"), 1u);
  EXPECT_FALSE(headers.get("absent").has_value());
}

TEST(RequestTest, CookiesAreFoundAmongOthers) {
  Request request;
  request.headers.add("Cookie", "a=1; session=\"x=y\"; b=2");
  EXPECT_EQ(request.cookie("session"), "x=y");
  EXPECT_EQ(request.cookie("b"), "2");
  EXPECT_FALSE(request.cookie("ession").has_value());
}

TEST(ServerSentEventTest, LinesAreSplit) {
  EXPECT_EQ(server_sent_event("state", "a\nb"), "event: state\ndata: a\ndata: b\n\n");
  EXPECT_EQ(server_sent_event("", "x", "7"), "id: 7\ndata: x\n\n");
}

TEST(ProblemTest, NamesTheFieldsAndKeepsInternalsInside) {
  Error error = fail(Code::kInvalid, "/name: required");
  error.fields = {{"/name", "required"}};
  auto const response = problem(error, "00112233445566778899aabbccddeeff");
  EXPECT_EQ(response.status, 400);
  EXPECT_EQ(
      response.body,
      R"({"error":{"code":"invalid","message":"/name: required",)"
      R"("fields":[{"pointer":"/name","message":"required"}],"request_id":"00112233445566778899aabbccddeeff"}})");
  auto const internal = problem(fail(Code::kInternal, "password of the database is hunter2"));
  EXPECT_EQ(internal.status, 500);
  EXPECT_EQ(internal.body.find("hunter2"), std::string::npos);
  auto const back = error_of(response);
  EXPECT_EQ(back, error);
}

TEST(ProblemTest, EveryCodeHasAStatusOfItsKind) {
  for (auto const code :
       {Code::kInvalid, Code::kUnauthenticated, Code::kForbidden, Code::kNotFound, Code::kConflict,
        Code::kNoCapacity, Code::kRateLimited, Code::kUnavailable, Code::kTimeout, Code::kRetry,
        Code::kTooLarge, Code::kUnsupported, Code::kInternal}) {
    EXPECT_GE(status_of(code), 400);
    EXPECT_NE(status_text(status_of(code)), "Unknown");
  }
}

TEST(ErrorOfTest, ReadsDockersMessageAndPlainText) {
  Response docker{.status = 404, .body = R"({"message":"No such container: x"})"};
  EXPECT_EQ(error_of(docker).message, "No such container: x");
  EXPECT_EQ(error_of(docker).code, Code::kNotFound);
  Response plain{.status = 502, .body = "<html>"};
  EXPECT_EQ(error_of(plain).code, Code::kUnavailable);
}

TEST(ProblemTest, SaysWhenToComeBackUnlessNobodyKnows) {
  for (auto const code : {Code::kUnavailable, Code::kRetry})
    EXPECT_TRUE(problem(fail(code, "later")).headers.get("retry-after")) << code_text(code);
  EXPECT_FALSE(problem(fail(Code::kNoCapacity, "full")).headers.get("retry-after"));
  EXPECT_FALSE(problem(fail(Code::kTimeout, "nobody knows whether it happened")).headers.get("retry-after"));
  EXPECT_FALSE(problem(fail(Code::kNotFound, "nothing")).headers.get("retry-after"));
}

TEST(ErrorOfTest, TellsAPeerThatIsFullFromOneThatIsAway) {
  EXPECT_EQ(error_of(problem(fail(Code::kNoCapacity, "full"))).code, Code::kNoCapacity);
  EXPECT_EQ(error_of(problem(fail(Code::kUnavailable, "away"))).code, Code::kUnavailable);
}

TEST(CookieTest, IsStrictByDefault) {
  Response response;
  set_cookie(response, {.name = "session", .value = "abc"});
  EXPECT_EQ(response.headers.get("set-cookie"), "session=abc; Path=/; HttpOnly; Secure; SameSite=Lax");
}

}  // namespace
}  // namespace oriel::http
