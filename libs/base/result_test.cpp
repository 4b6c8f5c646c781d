#include "libs/base/result.h"

#include <cerrno>
#include <sstream>
#include <stdexcept>

#include <gtest/gtest.h>

#include "libs/base/scope_exit.h"

namespace oriel {
namespace {

Result<int> half_of(int n) {
  if (n % 2 != 0) return fail(Code::kInvalid, "odd");
  return n / 2;
}

TEST(ResultTest, ContextIsAddedOutward) {
  auto const result = half_of(3);
  ASSERT_FALSE(result.has_value());
  auto const error = result.error().within("halve 3").within("share the cake");
  EXPECT_EQ(error.message, "share the cake: halve 3: odd");
  EXPECT_EQ(error.code, Code::kInvalid);
  std::ostringstream text;
  text << error;
  EXPECT_EQ(text.str(), "invalid: share the cake: halve 3: odd");
}

TEST(ResultTest, ReadingTheValueOfAFailureIsABug) {
  try {
    (void)half_of(3).value();
    FAIL();
  } catch (std::logic_error const& error) {
    EXPECT_NE(std::string(error.what()).find("odd"), std::string::npos);
  }
  EXPECT_EQ(half_of(4).value(), 2);
}

TEST(ResultTest, ErrnoSaysWhatCanBeDone) {
  EXPECT_EQ(fail_errno("open /x", ENOENT).code, Code::kNotFound);
  EXPECT_EQ(fail_errno("open /x", ENOENT).message, "open /x: No such file or directory");
  EXPECT_EQ(fail_errno("connect", ECONNREFUSED).code, Code::kUnavailable);
  EXPECT_EQ(fail_errno("open", EACCES).code, Code::kForbidden);
  EXPECT_EQ(fail_errno("write", ENOSPC).code, Code::kNoCapacity);
  EXPECT_EQ(fail_errno("x", EIO).code, Code::kInternal);
}

TEST(ScopeExitTest, RunsUnlessDismissed) {
  int runs = 0;
  {
    ScopeExit const action([&] { ++runs; });
  }
  {
    ScopeExit action([&] { ++runs; });
    action.dismiss();
  }
  EXPECT_EQ(runs, 1);
}

}  // namespace
}  // namespace oriel
