#include "services/api/respond.h"

#include <gtest/gtest.h>

#include "libs/testing/loop.h"

namespace oriel::api {
namespace {

struct SlowRoutes {
  Async<Result<http::Response>> answer(http::Request) {
    co_return fail(Code::kTimeout, "no answer within 5 s");
  }
};

TEST(Respond, AReadThatTimedOutMayBeAskedAgainAWriteMayHaveHappened) {
  oriel::testing::Loop loop;
  SlowRoutes routes;
  auto const handler = answering(&routes, &SlowRoutes::answer);
  auto const ask = [&](std::string method) {
    http::Request request;
    request.method = std::move(method);
    return loop.run(handler(std::move(request)));
  };
  for (auto const* method : {"GET", "HEAD"}) {
    EXPECT_EQ(ask(method).status, 503) << method;
    EXPECT_TRUE(ask(method).headers.get("retry-after")) << method;
  }
  for (auto const* method : {"POST", "PATCH", "DELETE"}) EXPECT_EQ(ask(method).status, 504) << method;
}

}  // namespace
}  // namespace oriel::api
