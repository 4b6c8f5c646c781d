#include "libs/domain/password_policy.h"

#include <gtest/gtest.h>

#include "libs/base/limits.h"

namespace oriel::domain {
namespace {

TEST(PasswordPolicy, AsksForLengthAndNothingElse) {
  EXPECT_TRUE(password_fault("", "mara"));
  EXPECT_TRUE(password_fault("seven77", "mara"));
  EXPECT_FALSE(password_fault("eight 88", "mara"));
  EXPECT_FALSE(password_fault("nur kleine worte", "mara"));
  EXPECT_FALSE(password_fault("  spaces at both ends  ", "mara"));
  EXPECT_FALSE(password_fault(std::string(64, 'x') + "y", "mara"));
  EXPECT_FALSE(password_fault(std::string(limits::kPasswordBytes - 1, 'x') + "y", "mara"));
  EXPECT_TRUE(password_fault(std::string(limits::kPasswordBytes, 'x') + "y", "mara"));
}

TEST(PasswordPolicy, CountsCharactersNotBytes) {
  EXPECT_TRUE(password_fault("ünöäßéà", "mara"));    // 7 characters, 14 bytes
  EXPECT_FALSE(password_fault("ünöäßéàè", "mara"));  // 8
  EXPECT_TRUE(password_fault("密码密码", "mara"));   // 4 characters, 12 bytes
  EXPECT_FALSE(password_fault("🗝🗝🔒🔒🗝🔒🗝🔑", "mara"));
}

TEST(PasswordPolicy, RefusesWhatIsGuessedFirst) {
  for (auto const* password : {"password", "Password1", "PASSWORD123", "12345678", "1q2w3e4r", "qwertyuiop",
                               "changeme", "iloveyou", "zzzzzzzz", "aaaaaaaaaaaa", "Winter2026"}) {
    EXPECT_TRUE(password_fault(password, "mara")) << password;
  }
}

TEST(PasswordPolicy, RefusesTheUsersOwnName) {
  EXPECT_TRUE(password_fault("Mara.Lindqvist", "mara.lindqvist"));
  EXPECT_TRUE(password_fault("mara.lindqvist", "Mara.Lindqvist@example.org"));
  EXPECT_FALSE(password_fault("mara.lindqvist at sea", "mara.lindqvist"));
}

}  // namespace
}  // namespace oriel::domain
