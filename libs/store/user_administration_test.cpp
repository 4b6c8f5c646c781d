#include "libs/store/user_administration.h"

#include <set>

#include <gtest/gtest.h>

#include "libs/async/task_group.h"
#include "libs/store/devices.h"
#include "libs/store/sessions.h"
#include "libs/store/sign_ins.h"
#include "libs/store/testing/database.h"
#include "libs/store/user_list.h"
#include "libs/testing/loop.h"

namespace oriel::store {
namespace {

using testing::Basics;
using testing::TestDatabase;

class UserAdministration : public ::testing::Test {
 protected:
  UserAdministration() {
    owner = test.open(loop.executor());
    api = test.open(loop.executor(), "oriel_api");
    basics = *loop.run(testing::fill_basics(*owner));
    // Only who has a password can sign in.
    execute("update users set password_hash = 'hash of the first'");
    actor = {"user", basics.administrator.text(), "192.0.2.7", "0123456789abcdef0123456789abcdef"};
  }
  void execute(std::string sql) { ASSERT_TRUE(loop.run(owner->query(std::move(sql)))); }
  std::int64_t count(std::string sql) {
    return loop.run(owner->query(std::move(sql)))->front().integer("count");
  }
  UserId made(std::string name, std::vector<GroupId> groups = {all_users_group()}) {
    UserToCreate user;
    user.username = std::move(name);
    user.groups = std::move(groups);
    user.password_hash = "hash";
    return *loop.run(create_user(*api, std::move(user), actor));
  }
  Result<> sign_in(UserId user, char digit, std::optional<std::string> password = {}) {
    NewSignIn sign_in;
    sign_in.token_hash = std::string(64, digit);
    sign_in.user = user;
    sign_in.address = "192.0.2.9";
    sign_in.user_agent = "Browser";
    sign_in.password_hash = std::move(password);
    return loop.run(create_sign_in(*api, std::move(sign_in)));
  }
  bool signed_in(char digit) { return loop.run(find_sign_in(*api, std::string(64, digit)))->has_value(); }

  oriel::testing::Loop loop;
  TestDatabase test;
  std::unique_ptr<postgres::Database> owner;
  std::unique_ptr<postgres::Database> api;
  Basics basics;
  Actor actor;
};

TEST_F(UserAdministration, MakesAUserOnce) {
  auto const id = made("Mara@Example.org");
  auto const account = *loop.run(find_account_by_username(*api, "mara@example.org"));
  ASSERT_TRUE(account);
  EXPECT_EQ(account->user.id, id);
  EXPECT_TRUE(account->permissions.has(domain::Permission::kUser));
  UserToCreate again;
  again.username = "MARA@example.org";
  auto const taken = loop.run(create_user(*api, again, actor));
  ASSERT_FALSE(taken);
  EXPECT_EQ(taken.error().code, Code::kConflict);
  ASSERT_EQ(taken.error().fields.size(), 1U);
  EXPECT_EQ(taken.error().fields[0].pointer, "/username");
  again.username = "other name";
  again.groups = {GroupId::random()};
  auto const unknown = loop.run(create_user(*api, again, actor));
  ASSERT_FALSE(unknown);
  EXPECT_EQ(unknown.error().code, Code::kInvalid);
  EXPECT_FALSE(*loop.run(find_account_by_username(*api, "other name"))) << "half a user stayed";
  EXPECT_EQ(count("select count(*) from audit where action = 'user.create'"), 1);
  EXPECT_EQ(count("select count(*) from audit where action = 'user.create' and result = 'done' and address = "
                  "'192.0.2.7' and request_id = '0123456789abcdef0123456789abcdef'"),
            1);
}

TEST_F(UserAdministration, DisablingEndsEverySignInAndThoseJustBeingMade) {
  auto const id = made("mara");
  ASSERT_TRUE(sign_in(id, 'a'));
  ASSERT_TRUE(sign_in(id, 'b'));
  ASSERT_TRUE(sign_in(basics.user, 'c'));
  ASSERT_TRUE(loop.run(create_connect_token(*api, {std::string(64, 'd'), id, SessionId::random()})));
  ASSERT_TRUE(loop.run(disable_user(*api, id, actor)));
  EXPECT_EQ(count("select count(*) from sign_ins where user_id = '" + id.dashed() + "'"), 0);
  EXPECT_EQ(count("select count(*) from one_time_tokens"), 0);
  EXPECT_FALSE(signed_in('a'));
  EXPECT_TRUE(signed_in('c')) << "somebody else's sign-in ended";
  // The password was verified before; the sign-in comes after.
  auto const late = sign_in(id, 'e');
  ASSERT_FALSE(late);
  EXPECT_EQ(late.error().code, Code::kUnauthenticated);
  ASSERT_TRUE(loop.run(enable_user(*api, id, actor)));
  EXPECT_TRUE(sign_in(id, 'e'));
  for (auto const* action : {"user.disable", "user.enable"}) {
    EXPECT_EQ(count("select count(*) from audit where action = '" + std::string(action) + "'"), 1) << action;
  }
}

TEST_F(UserAdministration, AResetEndsEverySignInAndAsksForAnotherPassword) {
  auto const id = made("mara");
  ASSERT_TRUE(sign_in(id, 'a', "hash"));
  ASSERT_TRUE(loop.run(reset_password(*api, id, {"new hash", true}, actor)));
  EXPECT_FALSE(signed_in('a'));
  EXPECT_FALSE(sign_in(id, 'b', "hash")) << "the old password was verified a moment too early";
  EXPECT_TRUE(sign_in(id, 'b', "new hash"));
  auto const account = *loop.run(find_account_by_username(*api, "mara"));
  EXPECT_EQ(account->password_hash, "new hash");
  EXPECT_TRUE(account->user.must_change_password);

  NewSignIn replacement;
  replacement.token_hash = std::string(64, 'c');
  replacement.user = id;
  ASSERT_TRUE(loop.run(change_own_password(*api, id, "own hash", replacement, actor)));
  EXPECT_FALSE(signed_in('b'));
  EXPECT_TRUE(signed_in('c'));
  EXPECT_FALSE((*loop.run(find_account_by_username(*api, "mara")))->user.must_change_password);
  EXPECT_EQ(count("select count(*) from audit where detail::text like '%hash%'"), 0);
}

TEST_F(UserAdministration, TheLastAdministratorStays) {
  auto const refused = [](Result<> const& outcome) {
    EXPECT_FALSE(outcome);
    if (!outcome) EXPECT_EQ(outcome.error().code, Code::kConflict) << outcome.error();
  };
  refused(loop.run(disable_user(*api, basics.administrator, actor)));
  refused(loop.run(edit_user(*api, basics.administrator, {.groups = {{all_users_group()}}}, actor)));
  auto const deleted = loop.run(delete_user(*api, basics.administrator, actor));
  ASSERT_FALSE(deleted);
  EXPECT_EQ(deleted.error().code, Code::kConflict);
  EXPECT_TRUE((*loop.run(find_account(*api, basics.administrator)))->permissions.is_administrator());

  auto const second = made("second", {administrators_group()});
  // One who is disabled does not count.
  ASSERT_TRUE(loop.run(disable_user(*api, second, actor)));
  refused(loop.run(disable_user(*api, basics.administrator, actor)));
  ASSERT_TRUE(loop.run(enable_user(*api, second, actor)));
  EXPECT_TRUE(loop.run(disable_user(*api, basics.administrator, actor)));
}

Async<> demote(postgres::Database& database, UserId user, Actor actor, int& done) {
  UserChanges changes;
  changes.groups.emplace();
  auto outcome = co_await edit_user(database, user, std::move(changes), std::move(actor));
  if (outcome) ++done;
}

TEST_F(UserAdministration, TwoAdministratorsWhoDemoteEachOtherAtOnceLeaveOne) {
  for (int round = 0; round < 8; ++round) {
    auto const second = made("second" + std::to_string(round), {administrators_group()});
    int done = 0;
    TaskGroup group(loop.executor());
    group.spawn(demote(*api, basics.administrator, actor, done));
    group.spawn(demote(*api, second, actor, done));
    loop.run(group.wait());
    EXPECT_EQ(done, 1);
    EXPECT_EQ(
        count("select count(*) from user_groups where group_id = '" + administrators_group().dashed() + "'"),
        1);
    execute("delete from user_groups where group_id = '" + administrators_group().dashed() + "'");
    execute("insert into user_groups values ('" + basics.administrator.dashed() + "', '" +
            administrators_group().dashed() + "') on conflict do nothing");
  }
}

TEST_F(UserAdministration, DeletingTakesEverythingPersonalAndFreesTheName) {
  UserToCreate person;
  person.username = "mara.lindqvist";
  person.first_name = "Mara";
  person.last_name = "Lindqvist";
  person.groups = {all_users_group()};
  person.password_hash = "secret hash";
  auto const id = *loop.run(create_user(*api, std::move(person), actor));
  ASSERT_TRUE(sign_in(id, 'a'));
  SessionRequest request;
  request.user = id;
  request.image = basics.image;
  auto const session = loop.run(request_session(*api, std::move(request)));
  ASSERT_TRUE(session) << session.error();

  auto const ending = loop.run(delete_user(*api, id, actor));
  ASSERT_TRUE(ending) << ending.error();
  EXPECT_EQ(*ending, std::vector<SessionId>{session->id});
  EXPECT_EQ((*loop.run(find_session(*api, session->id)))->desired, domain::DesiredState::kEnded);
  EXPECT_FALSE(signed_in('a'));
  EXPECT_FALSE(*loop.run(find_account(*api, id)));
  EXPECT_FALSE(*loop.run(find_listed_user(*api, id)));
  EXPECT_EQ(
      count("select count(*) from users u where u::text ilike '%mara%' or u::text ilike '%lindqvist%' or "
            "u::text like '%secret%'"),
      0);
  EXPECT_EQ(loop.run(disable_user(*api, id, actor)).error().code, Code::kNotFound);

  EXPECT_NE(made("mara.lindqvist"), id);
  // The row goes when the last session of its history is gone.
  EXPECT_EQ(*loop.run(forget_deleted_users(*api)), 0U);
  execute("delete from sessions");
  EXPECT_EQ(*loop.run(forget_deleted_users(*api)), 1U);
}

TEST_F(UserAdministration, DevicesAreEndedOneByOneOrAllButOne) {
  for (char const digit : {'a', 'b', 'c'}) ASSERT_TRUE(sign_in(basics.user, digit));
  ASSERT_TRUE(sign_in(basics.administrator, 'd'));
  auto devices = *loop.run(list_devices(*api, basics.user, std::string(64, 'b')));
  ASSERT_EQ(devices.size(), 3U);
  EXPECT_EQ(std::ranges::count_if(devices, &Device::current), 1);
  EXPECT_EQ(devices[0].user_agent, "Browser");
  auto const theirs = *loop.run(list_devices(*api, basics.administrator, ""));

  DevicesToEnd one;
  one.user = basics.user;
  one.device = theirs[0].id;
  auto const foreign = loop.run(end_devices(*api, one, actor));
  ASSERT_FALSE(foreign) << "another user's device was ended";
  EXPECT_EQ(foreign.error().code, Code::kNotFound);
  EXPECT_TRUE(signed_in('d'));

  one.device = std::ranges::find_if(devices, [](auto const& device) { return !device.current; })->id;
  EXPECT_EQ(*loop.run(end_devices(*api, one, actor)), 1);
  one.device.reset();
  one.kept_token_hash = std::string(64, 'b');
  EXPECT_EQ(*loop.run(end_devices(*api, one, actor)), 1);
  EXPECT_TRUE(signed_in('b'));
  EXPECT_EQ(loop.run(list_devices(*api, basics.user, ""))->size(), 1U);
  EXPECT_EQ(count("select count(*) from audit where action = 'user.end_devices'"), 2);
}

TEST_F(UserAdministration, TenThousandUsersPageByPage) {
  execute(
      "insert into users (id, username, username_key, first_name, last_name, disabled, locked) "
      "select gen_random_uuid(), 'user' || lpad(n::text, 5, '0'), 'user' || lpad(n::text, 5, '0'), "
      "case when n % 100 = 0 then 'Ünal' else 'Person' end, 'Number ' || n, n % 10 = 0, n % 25 = 0 "
      "from generate_series(1, 10000) n");
  UserFilter filter;
  filter.limit = 500;
  std::set<std::string> seen;
  std::string last;
  int pages = 0;
  for (;;) {
    auto page = *loop.run(list_user_page(*api, filter));
    for (auto const& user : page.users) {
      EXPECT_TRUE(seen.insert(user.user.username).second) << user.user.username << " came twice";
      EXPECT_LT(last, username_key(user.user.username));
      last = username_key(user.user.username);
    }
    ++pages;
    // Somebody is made before and somebody deleted behind the place; neither moves anybody.
    made("aaaa" + std::to_string(pages));
    if (!page.next_cursor) break;
    filter.cursor = *page.next_cursor;
  }
  EXPECT_EQ(pages, 21);
  EXPECT_EQ(
      std::ranges::count_if(
          seen, [](auto const& name) { return name.starts_with("user0") || name.starts_with("user1"); }),
      10000);

  // Back by one page is the page before.
  auto const here = *loop.run(list_user_page(*api, filter));
  filter.cursor = *here.previous_cursor;
  auto const before = *loop.run(list_user_page(*api, filter));
  ASSERT_EQ(before.users.size(), 500U);
  EXPECT_LT(username_key(before.users.back().user.username), username_key(here.users.front().user.username));
  EXPECT_EQ(before.next_cursor, ">" + username_key(before.users.back().user.username));

  auto const total = [this](UserFilter asked) {
    return loop.run(list_user_page(*api, std::move(asked)))->total;
  };
  EXPECT_EQ(total({.text = "USER0123"}), 10);
  EXPECT_EQ(total({.text = "number 777"}), 11);  // 777, 7770 … 7779
  EXPECT_EQ(total({.text = "100%"}), 0);
  EXPECT_EQ(total({.state = UserState::kDisabled}), 1000);
  EXPECT_EQ(total({.state = UserState::kLocked}), 400);
  EXPECT_EQ(total({.text = "user", .group = administrators_group()}), 0);
  EXPECT_EQ(total({.group = administrators_group()}), 1);
  auto const wrong = loop.run(list_user_page(*api, {.cursor = "x"}));
  ASSERT_FALSE(wrong);
  EXPECT_EQ(wrong.error().code, Code::kInvalid);
}

}  // namespace
}  // namespace oriel::store
