#pragma once

#include <initializer_list>
#include <optional>
#include <set>
#include <span>
#include <string>
#include <string_view>
#include <utility>
#include <vector>

#include "libs/base/id.h"

/// Who may do what: one function for HTTP, streams, lists and background work. Pure.
namespace oriel::domain {

/// Permissions carry the numbers and names of the compatible public API, because keys and groups carry them
/// by number.
enum class Permission : int {
  kUser = 100,
  kGlobalAdmin = 200,
  kUsersView = 300,
  kUsersModify = 301,
  kUsersCreate = 302,
  kUsersDelete = 303,
  kUsersModifyAdmin = 351,
  kUsersAuthSession = 352,
  kGroupsView = 400,
  kGroupsModify = 401,
  kGroupsCreate = 402,
  kGroupsDelete = 403,
  kAgentsView = 500,
  kAgentsModify = 501,
  kAgentsCreate = 502,
  kAgentsDelete = 503,
  kSessionsView = 800,
  kSessionsModify = 801,
  kSessionsDelete = 803,
  kImagesView = 900,
  kImagesModify = 901,
  kImagesCreate = 902,
  kImagesDelete = 903,
  kSystemView = 1600,
  kZonesView = 1900,
  kZonesModify = 1901,
  kZonesCreate = 1902,
  kZonesDelete = 1903,
};

struct PermissionName {
  int number;
  std::string_view name;  ///< as pages show it: `Users Auth Session`
};
/// Every number of the compatible API, in ascending order; most of them guard what this release does not have
/// yet.
[[nodiscard]] std::span<PermissionName const> all_permissions();
/// nullopt for a number outside the list.
[[nodiscard]] std::optional<std::string_view> permission_name(int number);

class PermissionSet {
 public:
  PermissionSet() = default;
  PermissionSet(std::initializer_list<Permission> permissions);
  explicit PermissionSet(std::vector<int> const& numbers) : numbers_(numbers.begin(), numbers.end()) {}

  void add(int number) { numbers_.insert(number); }
  /// Global admin holds every permission.
  [[nodiscard]] bool has(Permission permission) const;
  [[nodiscard]] bool is_administrator() const {
    return numbers_.contains(static_cast<int>(Permission::kGlobalAdmin));
  }
  [[nodiscard]] std::vector<int> numbers() const { return {numbers_.begin(), numbers_.end()}; }

 private:
  std::set<int> numbers_;
};

/// Who asks.
struct Subject {
  enum class Kind { kAnonymous, kUser, kApiKey, kAgent };

  Kind kind = Kind::kAnonymous;
  UserId user{};       ///< kUser
  ApiKeyId api_key{};  ///< kApiKey
  AgentId agent{};     ///< kAgent
  PermissionSet permissions{};
  bool read_only = false;                    ///< kApiKey: beats every permission
  std::optional<SessionId> bound_session{};  ///< a connect link's sign-in: this session and nothing else
  bool must_change_password = false;         ///< kUser: before anything else

  [[nodiscard]] bool is_administrator() const {
    return kind == Kind::kUser && permissions.is_administrator();
  }
};

/// Everything that can be asked for. Each route declares exactly one.
enum class Action {
  kReadPublic,  ///< pages, files, the API's description, liveness
  kSignIn,      ///< sign-in, exchange of a connect link
  kSignOut,
  kReadOwnProfile,
  kListWorkspaces,
  kReadWorkspace,  ///< object: the workspace (granted or not)
  kListOwnSessions,
  kStartSession,  ///< object: the workspace
  kReadSession,   ///< object: the session
  kEndSession,
  kKeepSessionAlive,
  kConnectStream,       ///< object: the session; to give it input, and its clipboard
  kViewStream,          ///< object: the session; its picture alone
  kAcknowledgeMessage,  ///< object: the session; an administrator's message to its owner
  kSubscribeOwnEvents,
  kSubscribeAllEvents,
  kListAllSessions,
  kReadAnySession,  ///< with what only administrators see
  kMessageSession,
  kEndAnySession,  ///< one or many, with a reason
  kWatchSession,   ///< keeps an own view of somebody else's session open, or ends it
  kListServers,
  kChangeServer,  ///< drain, enable, labels, overrides
  kRemoveServer,
  kReadServerLog,
  kListAllWorkspaces,
  kAuthorizeForProxy,  ///< the proxy's sub-request; decides by itself with kConnectStream
  kListOwnDevices,
  kEndOwnDevices,  ///< one's own sign-ins, on this or another device
  kChangeOwnPassword,
  kListUsers,  ///< and the groups that they can be in
  kReadUser,   ///< with the user's devices
  // About a user; object: whether the user is, or becomes, an administrator.
  kCreateUser,
  kEditUser,
  kDisableUser,
  kEnableUser,
  kUnlockUser,
  kResetPassword,
  kDeleteUser,
  kEndUserDevices,
  kReadAudit,
  kExportAudit,
  kReadDiagnostics,
  // The compatible public API, by its own permissions.
  kPublicReadUsers,
  kPublicReadImages,
  kPublicReadZones,
  kPublicReadSessions,
  kPublicUseSession,  ///< request, status, keepalive, destroy in the name of a user
};

[[nodiscard]] std::span<Action const> all_actions();
/// `read_session`, `public_use_session` …: for logs, audit and the authorization matrix.
[[nodiscard]] std::string_view text(Action action);
/// Nothing changes by it: allowed for read-only keys, needs no Origin.
[[nodiscard]] bool only_reads(Action action);
/// Decided only with the object at hand: whoever handles it asks can() with it.
[[nodiscard]] bool needs_object(Action action);
[[nodiscard]] std::optional<Action> parse_action(std::string_view text);
/// What the action is called in the audit: `user.create`. Empty: nobody asks later who did it. Where it is
/// not empty, whoever carries the action out records it in the same transaction, and the API's guard records
/// when it was refused or failed.
[[nodiscard]] std::string_view audit_name(Action action);

/// What the action is about; unset members do not matter to the action.
struct Object {
  std::optional<SessionId> session{};
  std::optional<UserId> owner{};  ///< of the session
  bool granted = false;           ///< the workspace is enabled and granted to the subject
  bool administrator = false;     ///< the user is an administrator, or would become one
};

enum class Verdict {
  kAllowed,
  kAbsent,     ///< answer as if it did not exist: it is somebody else's
  kForbidden,  ///< the kind of subject may not do this at all (an anonymous one is asked to sign in)
};
[[nodiscard]] std::string_view text(Verdict verdict);

[[nodiscard]] Verdict can(Subject const& subject, Action action, Object const& object = {});

}  // namespace oriel::domain
