#include "libs/domain/permissions.h"

#include <algorithm>
#include <array>

namespace oriel::domain {
namespace {

constexpr PermissionName kPermissions[] = {
    {50, "Kasm Session"},
    {60, "Agent"},
    {70, "Server Agent"},
    {80, "Guac"},
    {90, "RDP Gateway"},
    {91, "RDP Gateway Connect"},
    {92, "Network Sidecar"},
    {100, "User"},
    {200, "Global Admin"},
    {300, "Users View"},
    {301, "Users Modify"},
    {302, "Users Create"},
    {303, "Users Delete"},
    {351, "Users Modify Admin"},
    {352, "Users Auth Session"},
    {400, "Groups View"},
    {401, "Groups Modify"},
    {402, "Groups Create"},
    {403, "Groups Delete"},
    {420, "Groups View If Member"},
    {421, "Groups Modify If Member"},
    {440, "Groups View System"},
    {441, "Groups Modify System"},
    {443, "Groups Delete System"},
    {500, "Agents View"},
    {501, "Agents Modify"},
    {502, "Agents Create"},
    {503, "Agents Delete"},
    {600, "Staging View"},
    {601, "Staging Modify"},
    {602, "Staging Create"},
    {603, "Staging Delete"},
    {700, "Casting View"},
    {701, "Casting Modify"},
    {702, "Casting Create"},
    {703, "Casting Delete"},
    {800, "Sessions View"},
    {801, "Sessions Modify"},
    {803, "Sessions Delete"},
    {850, "Session Recordings View"},
    {900, "Images View"},
    {901, "Images Modify"},
    {902, "Images Create"},
    {903, "Images Delete"},
    {904, "Images Modify Resources"},
    {1000, "Devapi View"},
    {1001, "Devapi Modify"},
    {1002, "Devapi Create"},
    {1003, "Devapi Delete"},
    {1100, "Webfilters View"},
    {1101, "Webfilters Modify"},
    {1102, "Webfilters Create"},
    {1103, "Webfilters Delete"},
    {1200, "Brandings View"},
    {1201, "Brandings Modify"},
    {1202, "Brandings Create"},
    {1203, "Brandings Delete"},
    {1300, "Settings View"},
    {1301, "Settings Modify"},
    {1302, "Settings Modify Auth"},
    {1303, "Settings Modify Cast"},
    {1304, "Settings Modify Images"},
    {1305, "Settings Modify License"},
    {1306, "Settings Modify Logging"},
    {1307, "Settings Modify Manager"},
    {1308, "Settings Modify Scale"},
    {1309, "Settings Modify Subscription"},
    {1310, "Settings Modify Filter"},
    {1311, "Settings Modify Storage"},
    {1312, "Settings Modify Connections"},
    {1313, "Settings Modify Theme"},
    {1314, "Settings Modify Auth Captcha"},
    {1400, "Auth View"},
    {1401, "Auth Modify"},
    {1402, "Auth Create"},
    {1403, "Auth Delete"},
    {1500, "Licenses View"},
    {1502, "Licenses Create"},
    {1503, "Licenses Delete"},
    {1600, "System View"},
    {1604, "System Export Schema"},
    {1605, "System Import Data"},
    {1606, "System Export Data"},
    {1700, "Reports View"},
    {1800, "Managers View"},
    {1801, "Managers Modify"},
    {1802, "Managers Create"},
    {1803, "Managers Delete"},
    {1900, "Zones View"},
    {1901, "Zones Modify"},
    {1902, "Zones Create"},
    {1903, "Zones Delete"},
    {2000, "Companies View"},
    {2001, "Companies Modify"},
    {2002, "Companies Create"},
    {2003, "Companies Delete"},
    {2100, "Connection Proxy View"},
    {2101, "Connection Proxy Modify"},
    {2102, "Connection Proxy Create"},
    {2103, "Connection Proxy Delete"},
    {2200, "Physical Tokens View"},
    {2201, "Physical Tokens Modify"},
    {2202, "Physical Tokens Create"},
    {2203, "Physical Tokens Delete"},
    {2300, "Servers View"},
    {2301, "Servers Modify"},
    {2302, "Servers Create"},
    {2303, "Servers Delete"},
    {2400, "Server Pools View"},
    {2401, "Server Pools Modify"},
    {2402, "Server Pools Create"},
    {2403, "Server Pools Delete"},
    {2500, "Autoscale View"},
    {2501, "Autoscale Modify"},
    {2502, "Autoscale Create"},
    {2503, "Autoscale Delete"},
    {2600, "VM Provider View"},
    {2601, "VM Provider Modify"},
    {2602, "VM Provider Create"},
    {2603, "VM Provider Delete"},
    {2700, "Autoscale Schedule View"},
    {2701, "Autoscale Schedule Modify"},
    {2702, "Autoscale Schedule Create"},
    {2703, "Autoscale Schedule Delete"},
    {2800, "DNS Providers View"},
    {2801, "DNS Providers Modify"},
    {2802, "DNS Providers Create"},
    {2803, "DNS Providers Delete"},
    {2900, "Registries View"},
    {2901, "Registries Modify"},
    {2902, "Registries Create"},
    {2903, "Registries Delete"},
    {3000, "Storage Providers View"},
    {3001, "Storage Providers Modify"},
    {3002, "Storage Providers Create"},
    {3003, "Storage Providers Delete"},
    {4000, "Egress Providers View"},
    {4001, "Egress Providers Modify"},
    {4002, "Egress Providers Create"},
    {4003, "Egress Providers Delete"},
    {4100, "Egress Gateways View"},
    {4101, "Egress Gateways Modify"},
    {4102, "Egress Gateways Create"},
    {4103, "Egress Gateways Delete"},
    {4200, "Egress Credentials View"},
    {4201, "Egress Credentials Modify"},
    {4202, "Egress Credentials Create"},
    {4203, "Egress Credentials Delete"},
    {4300, "AD User Management View"},
    {4301, "AD User Management Modify"},
    {4302, "AD User Management Create"},
    {4303, "AD User Management Delete"},
    {4400, "Banners View"},
    {4401, "Banners Modify"},
    {4402, "Banners Create"},
    {4403, "Banners Delete"},
    {4500, "Server Templates View"},
    {4501, "Server Templates Modify"},
    {4502, "Server Templates Create"},
    {4503, "Server Templates Delete"},
    {4600, "Labels View"},
};

using enum Action;

struct ActionRow {
  Action action;
  std::string_view text;
  bool only_reads;
};

constexpr ActionRow kActions[] = {
    {kReadPublic, "read_public", true},
    {kSignIn, "sign_in", false},
    {kSignOut, "sign_out", false},
    {kReadOwnProfile, "read_own_profile", true},
    {kListWorkspaces, "list_workspaces", true},
    {kReadWorkspace, "read_workspace", true},
    {kListOwnSessions, "list_own_sessions", true},
    {kStartSession, "start_session", false},
    {kReadSession, "read_session", true},
    {kEndSession, "end_session", false},
    {kKeepSessionAlive, "keep_session_alive", false},
    {kConnectStream, "connect_stream", true},
    {kViewStream, "view_stream", true},
    {kAcknowledgeMessage, "acknowledge_message", false},
    {kSubscribeOwnEvents, "subscribe_own_events", true},
    {kSubscribeAllEvents, "subscribe_all_events", true},
    {kListAllSessions, "list_all_sessions", true},
    {kReadAnySession, "read_any_session", true},
    {kMessageSession, "message_session", false},
    {kEndAnySession, "end_any_session", false},
    {kWatchSession, "watch_session", false},
    {kListServers, "list_servers", true},
    {kChangeServer, "change_server", false},
    {kRemoveServer, "remove_server", false},
    {kReadServerLog, "read_server_log", true},
    {kListAllWorkspaces, "list_all_workspaces", true},
    {kAuthorizeForProxy, "authorize_for_proxy", true},
    {kListOwnDevices, "list_own_devices", true},
    {kEndOwnDevices, "end_own_devices", false},
    {kChangeOwnPassword, "change_own_password", false},
    {kListUsers, "list_users", true},
    {kReadUser, "read_user", true},
    {kCreateUser, "create_user", false},
    {kEditUser, "edit_user", false},
    {kDisableUser, "disable_user", false},
    {kEnableUser, "enable_user", false},
    {kUnlockUser, "unlock_user", false},
    {kResetPassword, "reset_password", false},
    {kDeleteUser, "delete_user", false},
    {kEndUserDevices, "end_user_devices", false},
    {kReadAudit, "read_audit", true},
    {kExportAudit, "export_audit", true},
    {kReadDiagnostics, "read_diagnostics", true},
    {kPublicReadUsers, "public_read_users", true},
    {kPublicReadImages, "public_read_images", true},
    {kPublicReadZones, "public_read_zones", true},
    {kPublicReadSessions, "public_read_sessions", true},
    {kPublicUseSession, "public_use_session", false},
};

constexpr auto kAllActions = [] {
  std::array<Action, std::size(kActions)> actions{};
  for (std::size_t i = 0; i < actions.size(); ++i) actions[i] = kActions[i].action;
  return actions;
}();

Verdict if_allowed(bool allowed) { return allowed ? Verdict::kAllowed : Verdict::kForbidden; }

/// What the compatible API's permissions say of users: each act has its own, and administrators are touched
/// only by those who may modify administrators.
Verdict can_administer(PermissionSet const& permissions, Action action, Object const& object) {
  auto const allowed = [&permissions, &object](Permission permission) {
    return if_allowed(permissions.has(permission) &&
                      (!object.administrator || permissions.has(Permission::kUsersModifyAdmin)));
  };
  switch (action) {
    case kListUsers:
    case kReadUser:
      return if_allowed(permissions.has(Permission::kUsersView));
    case kCreateUser:
      return allowed(Permission::kUsersCreate);
    case kEditUser:
    case kDisableUser:
    case kEnableUser:
    case kUnlockUser:
    case kResetPassword:
    case kEndUserDevices:
      return allowed(Permission::kUsersModify);
    case kDeleteUser:
      return allowed(Permission::kUsersDelete);
    case kReadAudit:
    case kExportAudit:
    case kReadDiagnostics:
      return if_allowed(permissions.has(Permission::kSystemView));
    default:
      return Verdict::kForbidden;
  }
}

/// What a signed-in person may do.
Verdict can_user(Subject const& user, Action action, Object const& object) {
  auto const administrator = user.is_administrator();
  auto const owns = object.owner && *object.owner == user.user;
  if (user.bound_session) {
    // Somebody opened a link to one session: that session, their own name, and nothing beside it.
    switch (action) {
      case kReadOwnProfile:
      case kSignOut:
      case kSubscribeOwnEvents:
      case kListOwnSessions:
        return Verdict::kAllowed;
      case kReadWorkspace:
        return object.granted ? Verdict::kAllowed : Verdict::kAbsent;  // its icon, beside the session
      case kReadSession:
      case kEndSession:
      case kKeepSessionAlive:
      case kConnectStream:
      case kViewStream:
      case kAcknowledgeMessage:
        return owns && object.session == user.bound_session ? Verdict::kAllowed : Verdict::kAbsent;
      default:
        return Verdict::kForbidden;
    }
  }
  if (user.must_change_password) {
    return if_allowed(action == kSignOut || action == kReadOwnProfile || action == kChangeOwnPassword);
  }
  switch (action) {
    case kListOwnDevices:
    case kEndOwnDevices:
    case kChangeOwnPassword:
    case kSignOut:
    case kReadOwnProfile:
    case kListWorkspaces:
    case kListOwnSessions:
    case kSubscribeOwnEvents:
      return Verdict::kAllowed;
    case kReadWorkspace:
      return object.granted || administrator ? Verdict::kAllowed : Verdict::kAbsent;
    case kStartSession:
      if (!user.permissions.has(Permission::kUser)) return Verdict::kForbidden;
      return object.granted ? Verdict::kAllowed : Verdict::kAbsent;
    case kReadSession:
    case kEndSession:
    case kViewStream:
      return owns || administrator ? Verdict::kAllowed : Verdict::kAbsent;
    case kKeepSessionAlive:
    case kConnectStream:
    case kAcknowledgeMessage:
      return owns ? Verdict::kAllowed : Verdict::kAbsent;
    case kSubscribeAllEvents:
    case kListAllSessions:
    case kReadAnySession:
    case kMessageSession:
    case kEndAnySession:
    case kWatchSession:
    case kListServers:
    case kChangeServer:
    case kRemoveServer:
    case kReadServerLog:
    case kListAllWorkspaces:
      return if_allowed(administrator);
    default:
      return can_administer(user.permissions, action, object);
  }
}

/// What a key of the public API may do: its own permissions, whatever the person is who made it.
Verdict can_api_key(Subject const& key, Action action) {
  if (key.read_only && !only_reads(action)) return Verdict::kForbidden;
  auto const& permissions = key.permissions;
  switch (action) {
    case kPublicReadUsers:
      return if_allowed(permissions.has(Permission::kUsersView));
    case kPublicReadImages:
      return if_allowed(permissions.has(Permission::kImagesView));
    case kPublicReadZones:
      return if_allowed(permissions.has(Permission::kZonesView));
    case kPublicReadSessions:
      return if_allowed(permissions.has(Permission::kSessionsView));
    case kPublicUseSession:
      return if_allowed(permissions.has(Permission::kUser) && permissions.has(Permission::kUsersAuthSession));
    default:
      return Verdict::kForbidden;
  }
}

}  // namespace

std::span<PermissionName const> all_permissions() { return kPermissions; }

std::optional<std::string_view> permission_name(int number) {
  auto const* const found = std::ranges::lower_bound(kPermissions, number, {}, &PermissionName::number);
  if (found == std::end(kPermissions) || found->number != number) return std::nullopt;
  return found->name;
}

PermissionSet::PermissionSet(std::initializer_list<Permission> permissions) {
  for (auto const permission : permissions) numbers_.insert(static_cast<int>(permission));
}

bool PermissionSet::has(Permission permission) const {
  return numbers_.contains(static_cast<int>(permission)) || is_administrator();
}

std::span<Action const> all_actions() { return kAllActions; }

std::string_view text(Action action) { return kActions[static_cast<std::size_t>(action)].text; }

bool only_reads(Action action) { return kActions[static_cast<std::size_t>(action)].only_reads; }

bool needs_object(Action action) {
  switch (action) {
    case kReadWorkspace:
    case kStartSession:
    case kReadSession:
    case kEndSession:
    case kKeepSessionAlive:
    case kConnectStream:
    case kViewStream:
    case kAcknowledgeMessage:
      return true;
    default:
      return false;
  }
}

std::optional<Action> parse_action(std::string_view text) {
  for (auto const& row : kActions) {
    if (row.text == text) return row.action;
  }
  return std::nullopt;
}

std::string_view audit_name(Action action) {
  switch (action) {
    case kSignIn:
      return "sign_in";
    case kSignOut:
      return "sign_out";
    case kStartSession:
      return "session.request";
    case kEndSession:
    case kEndAnySession:
      return "session.end";
    case kMessageSession:
      return "session.message";
    case kAcknowledgeMessage:
      return "session.message_read";
    case kWatchSession:
      return "session.view";
    case kChangeServer:
      return "agent.change";
    case kRemoveServer:
      return "agent.remove";
    case kPublicUseSession:
      return "session.use";
    case kEndOwnDevices:
    case kEndUserDevices:
      return "user.end_devices";
    case kChangeOwnPassword:
      return "user.change_password";
    case kCreateUser:
      return "user.create";
    case kEditUser:
      return "user.edit";
    case kDisableUser:
      return "user.disable";
    case kEnableUser:
      return "user.enable";
    case kUnlockUser:
      return "user.unlock";
    case kResetPassword:
      return "user.reset_password";
    case kDeleteUser:
      return "user.delete";
    case kExportAudit:
      return "audit.export";
    default:
      return {};
  }
}

std::string_view text(Verdict verdict) {
  switch (verdict) {
    case Verdict::kAllowed:
      return "allowed";
    case Verdict::kAbsent:
      return "absent";
    case Verdict::kForbidden:
      return "forbidden";
  }
  return "forbidden";
}

Verdict can(Subject const& subject, Action action, Object const& object) {
  // What asks for no subject at all: pages, the sign-in itself, and the proxy's question, which then asks for
  // a stream.
  if (action == kReadPublic || action == kSignIn || action == kAuthorizeForProxy) return Verdict::kAllowed;
  switch (subject.kind) {
    case Subject::Kind::kAnonymous:
      return Verdict::kForbidden;
    case Subject::Kind::kUser:
      return can_user(subject, action, object);
    case Subject::Kind::kApiKey:
      return can_api_key(subject, action);
    case Subject::Kind::kAgent:
      return Verdict::kForbidden;  // agents speak to the Manager alone
  }
  return Verdict::kForbidden;
}

}  // namespace oriel::domain
