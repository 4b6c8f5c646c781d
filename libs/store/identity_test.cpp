#include <string>

#include <gtest/gtest.h>

#include "libs/async/task_group.h"
#include "libs/store/api_keys.h"
#include "libs/store/sessions.h"
#include "libs/store/settings.h"
#include "libs/store/sign_ins.h"
#include "libs/store/testing/database.h"
#include "libs/store/users.h"
#include "libs/testing/loop.h"

namespace oriel::store {
namespace {

using testing::Basics;
using testing::TestDatabase;

/// A keyed hash's shape: 64 hex digits.
std::string hash(char digit) { return std::string(64, digit); }

class Identity : public ::testing::Test {
 protected:
  Identity() {
    owner = test.open(loop.executor());
    api = test.open(loop.executor(), "oriel_api");
    basics = *loop.run(testing::fill_basics(*owner));
  }
  NewSignIn sign_in(char digit) const {
    NewSignIn result;
    result.token_hash = hash(digit);
    result.user = basics.user;
    result.address = "192.0.2.1";
    return result;
  }
  oriel::testing::Loop loop;
  TestDatabase test;
  std::unique_ptr<postgres::Database> owner;
  std::unique_ptr<postgres::Database> api;
  Basics basics;
};

TEST_F(Identity, NamesCompareWithoutCase) {
  auto const account = *loop.run(find_account_by_username(*api, " USER@Oriel.local "));
  ASSERT_TRUE(account);
  EXPECT_EQ(account->user.id, basics.user);
  EXPECT_FALSE(account->permissions.is_administrator());
  EXPECT_TRUE(account->permissions.has(domain::Permission::kUser));
  ASSERT_EQ(account->user.groups.size(), 1U);
  EXPECT_EQ(account->user.groups[0].id, all_users_group());
  EXPECT_FALSE(*loop.run(find_account_by_username(*api, "nobody")));
  EXPECT_TRUE((**loop.run(find_account(*api, basics.administrator))).permissions.is_administrator());
}

TEST_F(Identity, FirstStartIsIdempotent) {
  EXPECT_FALSE(*loop.run(ensure_user(*api, {"USER@oriel.local", "", "", "other", {}})));
  EXPECT_FALSE(*loop.run(
      ensure_group(*api, {all_users_group(), "All Users", "", 100, {domain::Permission::kGlobalAdmin}})));
  EXPECT_FALSE((**loop.run(find_account(*api, basics.user))).permissions.is_administrator());
  ASSERT_TRUE(loop.run(ensure_installation(*owner, "oriel")));
  ASSERT_TRUE(loop.run(ensure_installation(*owner, "oriel")));
  EXPECT_EQ(loop.run(ensure_installation(*owner, "other")).error().code, Code::kConflict);
}

TEST_F(Identity, ASignInEndsByTimeIdlenessSignOutAndTheUsersLock) {
  ASSERT_TRUE(loop.run(create_sign_in(*api, sign_in('a'))));
  ASSERT_TRUE(*loop.run(find_sign_in(*api, hash('a'))));
  EXPECT_FALSE(*loop.run(find_sign_in(*api, hash('b'))));

  ASSERT_TRUE(loop.run(owner->query("update users set locked = true")));
  EXPECT_FALSE(*loop.run(find_sign_in(*api, hash('a'))));
  ASSERT_TRUE(loop.run(owner->query("update users set locked = false")));
  EXPECT_FALSE(*loop.run(find_sign_in(*api, hash('a')))) << "unlocking brings no sign-in back";
  ASSERT_TRUE(loop.run(create_sign_in(*api, sign_in('a'))));
  ASSERT_TRUE(loop.run(owner->query("update users set disabled = true")));
  EXPECT_FALSE(*loop.run(find_sign_in(*api, hash('a'))));
  ASSERT_TRUE(loop.run(owner->query("update users set disabled = false")));
  ASSERT_TRUE(loop.run(create_sign_in(*api, sign_in('a'))));

  ASSERT_TRUE(loop.run(owner->query("update sign_ins set last_used_at = now() - interval '11 hours'")));
  ASSERT_TRUE(*loop.run(find_sign_in(*api, hash('a'))));
  auto const used =
      *loop.run(owner->query("select last_used_at > now() - interval '1 minute' as fresh from sign_ins"));
  EXPECT_TRUE(used.front().boolean("fresh")) << "using it keeps it";
  ASSERT_TRUE(loop.run(owner->query("update sign_ins set last_used_at = now() - interval '13 hours'")));
  EXPECT_FALSE(*loop.run(find_sign_in(*api, hash('a')))) << "idle";
  ASSERT_TRUE(loop.run(
      owner->query("update sign_ins set last_used_at = now(), expires_at = now() - interval '1 second'")));
  EXPECT_FALSE(*loop.run(find_sign_in(*api, hash('a')))) << "absolute";
  EXPECT_EQ(*loop.run(forget_expired_tokens(*api)), 1U);

  ASSERT_TRUE(loop.run(create_sign_in(*api, sign_in('c'))));
  ASSERT_TRUE(loop.run(end_sign_in(*api, hash('c'))));
  EXPECT_FALSE(*loop.run(find_sign_in(*api, hash('c'))));
}

Async<> exchange_into(postgres::Database& database, NewSignIn sign_in, int& won, int& refused) {
  auto outcome = co_await exchange_connect_token(database, hash('f'), std::move(sign_in));
  if (outcome) {
    ++won;
  } else if (outcome.error().code == Code::kUnauthenticated) {
    ++refused;
  }
}

TEST_F(Identity, OfManyExchangesOfOneLinkExactlyOneSucceeds) {
  SessionRequest request;
  request.user = basics.user;
  request.image = basics.image;
  auto const session = *loop.run(request_session(*api, request));
  ASSERT_TRUE(
      loop.run(create_connect_token(*api, {hash('f'), basics.user, session.id, std::chrono::seconds(60)})));
  int won = 0;
  int refused = 0;
  TaskGroup group(loop.executor());
  for (int i = 0; i < 200; ++i) {
    auto one = sign_in('0');
    auto const number = std::to_string(i);
    one.token_hash.replace(0, number.size(), number);
    group.spawn(exchange_into(*api, std::move(one), won, refused));
  }
  loop.run(group.wait());
  EXPECT_EQ(won, 1);
  EXPECT_EQ(refused, 199);
  auto const rows = *loop.run(owner->query("select session_id from sign_ins"));
  ASSERT_EQ(rows.size(), 1U);
  EXPECT_EQ(rows.front().id<SessionId>("session_id"), session.id);
}

TEST_F(Identity, ALinkDiesWithItsTimeItsSessionAndItsUser) {
  SessionRequest request;
  request.user = basics.user;
  request.image = basics.image;
  auto const session = *loop.run(request_session(*api, request));
  auto const refused = [&](char digit) {
    auto const outcome = loop.run(exchange_connect_token(*api, hash(digit), sign_in(digit)));
    return !outcome && outcome.error().code == Code::kUnauthenticated;
  };
  ASSERT_TRUE(
      loop.run(create_connect_token(*api, {hash('1'), basics.user, session.id, std::chrono::seconds(0)})));
  EXPECT_TRUE(refused('1'));
  ASSERT_TRUE(
      loop.run(create_connect_token(*api, {hash('2'), basics.user, session.id, std::chrono::seconds(60)})));
  ASSERT_TRUE(loop.run(owner->query("update users set disabled = true")));
  EXPECT_TRUE(refused('2'));
  ASSERT_TRUE(loop.run(owner->query("update users set disabled = false")));
  // Another user's session cannot be reached by a token of ours.
  ASSERT_TRUE(loop.run(
      create_connect_token(*api, {hash('3'), basics.administrator, session.id, std::chrono::seconds(60)})));
  EXPECT_TRUE(refused('3'));
  (void)loop.run(desire_end(*api, session.id, {}));
  EXPECT_TRUE(refused('2'));
  // An enrolment token is no connect link.
  ASSERT_TRUE(loop.run(create_enrolment_token(*api, hash('4'))));
  EXPECT_TRUE(refused('4'));
}

TEST_F(Identity, KeysHoldTheirOwnPermissions) {
  EXPECT_TRUE(*loop.run(ensure_api_key(*api, {"first", "abc", hash('9'), {900, 100}})));
  EXPECT_FALSE(*loop.run(ensure_api_key(*api, {"second", "abc", hash('8'), {200}})));
  auto const key = *loop.run(find_api_key(*api, "abc"));
  ASSERT_TRUE(key);
  EXPECT_EQ(key->secret_hash, hash('9'));
  EXPECT_EQ(key->permissions.numbers(), (std::vector{100, 900}));
  EXPECT_FALSE(key->expired);
  ASSERT_TRUE(loop.run(owner->query("update api_keys set expires_at = now() - interval '1 second'")));
  EXPECT_TRUE((*loop.run(find_api_key(*api, "abc")))->expired);
  EXPECT_FALSE(*loop.run(find_api_key(*api, "abd")));
}

TEST_F(Identity, AnonymousUsersAreNotListedUnlessAskedFor) {
  auto const anonymous = *loop.run(create_anonymous_user(*api));
  EXPECT_TRUE(anonymous.anonymous);
  EXPECT_EQ(loop.run(list_users(*api, 100, 0, false))->size(), 2U);
  EXPECT_EQ(loop.run(list_users(*api, 100, 0, true))->size(), 3U);
  EXPECT_EQ(loop.run(list_users(*api, 1, 1, false))->at(0).username, "user@oriel.local");
}

}  // namespace
}  // namespace oriel::store
