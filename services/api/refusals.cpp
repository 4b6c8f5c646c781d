#include "services/api/refusals.h"

#include "libs/base/log.h"
#include "libs/base/text.h"
#include "libs/store/audit.h"
#include "services/api/access.h"

namespace oriel::api {

Async<> Refusals::see(http::Request const& request, http::Route const& route,
                      http::Response const& response) {
  auto const status = response.status;
  auto const refused = status == 403 || status == 404;
  if (!refused && status != 409 && status < 500) co_return;
  auto const action = domain::parse_action(route.action);
  if (!action || *action == domain::Action::kSignIn) co_return;
  auto const name = std::string(domain::audit_name(*action));
  auto const& identity = identity_of(request);
  if (name.empty() || identity.subject.kind == domain::Subject::Kind::kAnonymous) co_return;

  store::AuditEntry entry;
  entry.actor = identity.actor();
  entry.action = name;
  entry.object_kind = name.substr(0, name.find('.'));
  if (auto const id = request.parameters.find("id"); id != request.parameters.end()) {
    entry.object_id = to_utf8(id->second, 64);
  }
  entry.result = refused ? "refused" : "failed";
  entry.reason = std::string(code_text(http::code_of_status(status)));
  auto recorded = co_await store::record_audit(database_, std::move(entry));
  if (!recorded) {
    log::error("a refusal is not in the audit",
               {{"action", name}, {"status", status}, {"request", request.id}, {"error", recorded.error()}});
  }
}

}  // namespace oriel::api
