#pragma once

#include <memory>

#include "libs/async/task_group.h"
#include "libs/async/worker_pool.h"
#include "libs/http/router.h"
#include "libs/http/server.h"
#include "services/api/account_routes.h"
#include "services/api/admin_routes.h"
#include "services/api/audit_routes.h"
#include "services/api/diagnostic_routes.h"
#include "services/api/event_routes.h"
#include "services/api/options.h"
#include "services/api/pages.h"
#include "services/api/public_api.h"
#include "services/api/refusals.h"
#include "services/api/routes.h"
#include "services/api/server_administration.h"
#include "services/api/server_log_routes.h"
#include "services/api/session_administration.h"
#include "services/api/session_routes.h"
#include "services/api/sign_in_routes.h"
#include "services/api/stream_authorization.h"
#include "services/api/user_routes.h"
#include "services/api/workspace_routes.h"

namespace oriel::api {

/// Text of protocol/web-api/openapi.json, embedded when the service is built.
[[nodiscard]] std::string_view openapi_text();

/// The API service, wired: constructed with its parts in the order in which they need one another, stopped in
/// reverse.
class Api {
 public:
  Api(Executor executor, Options options, WebFiles files);
  ~Api();
  Api(Api const&) = delete;
  Api& operator=(Api const&) = delete;

  /// Listens and begins its background work. Fails when a route has no known action.
  [[nodiscard]] Result<> start();
  [[nodiscard]] Async<> stop();
  [[nodiscard]] http::Router const& router() const { return router_; }

 private:
  void declare_service_routes(Routes& routes);
  [[nodiscard]] Result<> check_actions() const;
  [[nodiscard]] Async<Result<http::Response>> live(http::Request request);
  [[nodiscard]] Async<Result<http::Response>> ready(http::Request request);
  [[nodiscard]] Async<Result<http::Response>> openapi(http::Request request);
  [[nodiscard]] Async<> forget_expired();
  [[nodiscard]] Async<> report_itself();

  Executor executor_;
  Options options_;
  WebFiles files_;
  SystemClock clock_;
  postgres::Database database_;
  redis::Redis redis_;
  WorkerPool hashing_;
  SignInThrottle throttle_;
  Access access_;
  EventHub hub_;
  Refusals refusals_;
  SignInRoutes sign_in_;
  AccountRoutes account_;
  WorkspaceRoutes workspaces_;
  SessionRoutes sessions_;
  EventRoutes events_;
  AdminRoutes administration_;
  UserRoutes users_;
  AuditRoutes audit_;
  Diagnostics diagnostics_;
  DiagnosticRoutes diagnostic_routes_;
  SessionAdministration session_administration_;
  ServerAdministration server_administration_;
  ServerLogRoutes server_logs_;
  StreamAuthorization streams_;
  PublicApi public_api_;
  Pages pages_;
  TaskGroup tasks_;
  http::Router router_;
  std::unique_ptr<http::Server> server_;
};

/// Headers that every answer carries, chosen by what it is; and its line in the access log, without queries,
/// bodies or cookies.
void finish(http::Request const& request, http::Route const* route, http::Response& response,
            std::chrono::microseconds took);

}  // namespace oriel::api
