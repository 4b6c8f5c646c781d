#include "libs/domain/permissions.h"

#include <gtest/gtest.h>

namespace oriel::domain {
namespace {

UserId const kOwner = UserId::random();
UserId const kOther = UserId::random();
SessionId const kSession = SessionId::random();

Subject person(UserId id, PermissionSet permissions = {Permission::kUser}) {
  Subject subject;
  subject.kind = Subject::Kind::kUser;
  subject.user = id;
  subject.permissions = std::move(permissions);
  return subject;
}

Subject key(PermissionSet permissions) {
  Subject subject;
  subject.kind = Subject::Kind::kApiKey;
  subject.permissions = std::move(permissions);
  return subject;
}

Object own_session() {
  Object object;
  object.session = kSession;
  object.owner = kOwner;
  return object;
}

TEST(Permissions, NamesAreThoseOfTheCompatibleApi) {
  EXPECT_EQ(permission_name(352), "Users Auth Session");
  EXPECT_EQ(permission_name(200), "Global Admin");
  EXPECT_FALSE(permission_name(1));
  auto const all = all_permissions();
  for (std::size_t i = 1; i < all.size(); ++i) EXPECT_LT(all[i - 1].number, all[i].number);
}

TEST(Permissions, ActionsAreListedInOrder) {
  auto const actions = all_actions();
  for (std::size_t i = 0; i < actions.size(); ++i) EXPECT_EQ(static_cast<std::size_t>(actions[i]), i);
}

TEST(Permissions, AnonymousReachesOnlyWhatNeedsNobody) {
  for (auto const action : all_actions()) {
    auto const open =
        action == Action::kReadPublic || action == Action::kSignIn || action == Action::kAuthorizeForProxy;
    EXPECT_EQ(can({}, action, own_session()), open ? Verdict::kAllowed : Verdict::kForbidden) << text(action);
  }
}

TEST(Permissions, SomebodyElsesSessionIsAbsentSaveForAdministrators) {
  auto const administrator = person(kOther, {Permission::kGlobalAdmin});
  for (auto const action : {Action::kReadSession, Action::kEndSession, Action::kViewStream}) {
    EXPECT_EQ(can(person(kOwner), action, own_session()), Verdict::kAllowed) << text(action);
    EXPECT_EQ(can(person(kOther), action, own_session()), Verdict::kAbsent) << text(action);
    EXPECT_EQ(can(administrator, action, own_session()), Verdict::kAllowed) << text(action);
  }
  EXPECT_EQ(can(administrator, Action::kKeepSessionAlive, own_session()), Verdict::kAbsent);
  // Administrators look on; they never type into somebody else's session.
  EXPECT_EQ(can(administrator, Action::kConnectStream, own_session()), Verdict::kAbsent);
  EXPECT_EQ(can(person(kOwner), Action::kConnectStream, own_session()), Verdict::kAllowed);
  // A message is read by whom it was written to.
  EXPECT_EQ(can(administrator, Action::kAcknowledgeMessage, own_session()), Verdict::kAbsent);
  EXPECT_EQ(can(person(kOwner), Action::kAcknowledgeMessage, own_session()), Verdict::kAllowed);
  EXPECT_EQ(can(person(kOther), Action::kReadSession, {}), Verdict::kAbsent);
}

TEST(Permissions, AdministrationIsForbiddenToUsers) {
  for (auto const action :
       {Action::kSubscribeAllEvents, Action::kListAllSessions, Action::kListServers,
        Action::kListAllWorkspaces, Action::kReadAnySession, Action::kMessageSession, Action::kEndAnySession,
        Action::kWatchSession, Action::kChangeServer, Action::kRemoveServer, Action::kReadServerLog}) {
    EXPECT_EQ(can(person(kOwner), action), Verdict::kForbidden);
    EXPECT_EQ(can(person(kOwner, {Permission::kGlobalAdmin}), action), Verdict::kAllowed);
  }
}

TEST(Permissions, WhatChangesSomethingIsNamedInTheAudit) {
  for (auto const action : all_actions()) {
    // Kept alive many times an hour: that is no act of anybody.
    auto const exempt = action == Action::kKeepSessionAlive;
    if (!only_reads(action) && !exempt) EXPECT_NE(audit_name(action), "") << text(action);
  }
  EXPECT_EQ(audit_name(Action::kReadAudit), "");
  EXPECT_EQ(audit_name(Action::kExportAudit), "audit.export");
}

TEST(Permissions, UsersAreAdministeredByTheirOwnPermissions) {
  struct Case {
    Action action;
    Permission enough;
  };
  Object administrator;
  administrator.administrator = true;
  for (auto const& one : {Case{Action::kCreateUser, Permission::kUsersCreate},
                          Case{Action::kEditUser, Permission::kUsersModify},
                          Case{Action::kDisableUser, Permission::kUsersModify},
                          Case{Action::kEnableUser, Permission::kUsersModify},
                          Case{Action::kUnlockUser, Permission::kUsersModify},
                          Case{Action::kResetPassword, Permission::kUsersModify},
                          Case{Action::kEndUserDevices, Permission::kUsersModify},
                          Case{Action::kDeleteUser, Permission::kUsersDelete}}) {
    auto const helper = person(kOther, {Permission::kUser, one.enough});
    EXPECT_EQ(can(person(kOwner), one.action), Verdict::kForbidden) << text(one.action);
    EXPECT_EQ(can(person(kOwner, {Permission::kUsersView}), one.action), Verdict::kForbidden);
    EXPECT_EQ(can(helper, one.action), Verdict::kAllowed) << text(one.action);
    // Nobody becomes an administrator, or takes over one, by a smaller permission.
    EXPECT_EQ(can(helper, one.action, administrator), Verdict::kForbidden) << text(one.action);
    EXPECT_EQ(can(person(kOther, {one.enough, Permission::kUsersModifyAdmin}), one.action, administrator),
              Verdict::kAllowed);
    EXPECT_EQ(can(person(kOther, {Permission::kGlobalAdmin}), one.action, administrator), Verdict::kAllowed);
  }
}

TEST(Permissions, APasswordThatMustBeChangedComesBeforeEverythingElse) {
  auto user = person(kOwner, {Permission::kGlobalAdmin});
  user.must_change_password = true;
  for (auto const action : all_actions()) {
    if (can({}, action) == Verdict::kAllowed) continue;
    auto const first = action == Action::kSignOut || action == Action::kReadOwnProfile ||
                       action == Action::kChangeOwnPassword;
    EXPECT_EQ(can(user, action, own_session()), first ? Verdict::kAllowed : Verdict::kForbidden)
        << text(action);
  }
}

TEST(Permissions, AWorkspaceThatIsNotGrantedIsAbsent) {
  Object granted;
  granted.granted = true;
  EXPECT_EQ(can(person(kOwner), Action::kStartSession, granted), Verdict::kAllowed);
  EXPECT_EQ(can(person(kOwner), Action::kStartSession, {}), Verdict::kAbsent);
  EXPECT_EQ(can(person(kOwner, {}), Action::kStartSession, granted), Verdict::kForbidden);
}

TEST(Permissions, AConnectLinkOpensOneSessionAndNothingBeside) {
  auto guest = person(kOwner, {Permission::kGlobalAdmin});
  guest.bound_session = kSession;
  EXPECT_EQ(can(guest, Action::kConnectStream, own_session()), Verdict::kAllowed);
  Object second = own_session();
  second.session = SessionId::random();
  EXPECT_EQ(can(guest, Action::kConnectStream, second), Verdict::kAbsent);
  EXPECT_EQ(can(guest, Action::kListServers), Verdict::kForbidden);
  EXPECT_EQ(can(guest, Action::kStartSession), Verdict::kForbidden);
}

TEST(Permissions, KeysHaveOnlyWhatTheyAreGiven) {
  struct Case {
    Action action;
    PermissionSet enough;
  };
  Case const cases[] = {
      {Action::kPublicReadUsers, {Permission::kUsersView}},
      {Action::kPublicReadImages, {Permission::kImagesView}},
      {Action::kPublicReadZones, {Permission::kZonesView}},
      {Action::kPublicReadSessions, {Permission::kSessionsView}},
      {Action::kPublicUseSession, {Permission::kUser, Permission::kUsersAuthSession}},
  };
  for (auto const& one : cases) {
    EXPECT_EQ(can(key({}), one.action), Verdict::kForbidden) << text(one.action);
    EXPECT_EQ(can(key(one.enough), one.action), Verdict::kAllowed) << text(one.action);
    EXPECT_EQ(can(key({Permission::kGlobalAdmin}), one.action), Verdict::kAllowed);
    auto reading = key({Permission::kGlobalAdmin});
    reading.read_only = true;
    EXPECT_EQ(can(reading, one.action) == Verdict::kAllowed, only_reads(one.action)) << text(one.action);
  }
  EXPECT_EQ(can(key({Permission::kUser}), Action::kPublicUseSession), Verdict::kForbidden);
  EXPECT_EQ(can(key({Permission::kUsersAuthSession}), Action::kPublicUseSession), Verdict::kForbidden);
  // Keys are for programs: no page's action is open to them.
  EXPECT_EQ(can(key({Permission::kGlobalAdmin}), Action::kListWorkspaces), Verdict::kForbidden);
  EXPECT_EQ(can(key({Permission::kGlobalAdmin}), Action::kConnectStream, own_session()), Verdict::kForbidden);
  EXPECT_EQ(can(person(kOwner, {Permission::kGlobalAdmin}), Action::kPublicReadUsers), Verdict::kForbidden);
}

}  // namespace
}  // namespace oriel::domain
