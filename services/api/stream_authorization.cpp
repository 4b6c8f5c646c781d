#include "services/api/stream_authorization.h"

#include "libs/async/failpoint.h"
#include "libs/base/log.h"
#include "libs/base/text.h"
#include "libs/store/session_notices.h"
#include "libs/store/sessions.h"
#include "services/api/respond.h"
#include "services/api/views.h"

namespace oriel::api {
namespace {

/// The proxy looks at the status alone.
http::Response refusal(int status) { return http::text_response("", status); }

constexpr std::string_view kAllPermissions = "input,clipboard-in,clipboard-out";

}  // namespace

StreamAuthorization::StreamAuthorization(postgres::Database& database, Access& access, std::string home)
    : database_(database), access_(access), home_(std::move(home)) {}

void StreamAuthorization::declare(Routes& router) {
  router.declare({"GET", "/internal/authorize", "authorize_for_proxy"},
                 answering(this, &StreamAuthorization::authorize));
}

Async<Result<http::Response>> StreamAuthorization::authorize(http::Request request) {
  auto const method = request.headers.get("x-original-method").value_or("");
  auto const target = parse_stream_target(request.headers.get("x-original-uri").value_or(""));
  if (method != "GET" || !target) co_return refusal(403);
  if (!access_.comes_from_our_pages(request)) {
    log::warning("a stream was refused: its page is not one of our addresses",
                 {{"origin", to_utf8(request.headers.get("origin").value_or("(none)"), 200)},
                  {"host", to_utf8(request.headers.get("host").value_or("(none)"), 200)},
                  {"setting", "--public-url"}});
    co_return refusal(403);
  }
  auto person = co_await access_.find_person(request, store::SignInUse::kUse);
  if (!person) co_return person.error();
  if (!*person) co_return refusal(401);
  auto const subject = Access::subject_of(**person);

  auto session = co_await store::find_session(database_, target->session);
  if (!session) co_return session.error();
  domain::Object object;
  if (*session) {
    object.session = (*session)->id;
    object.owner = (*session)->user;
  }
  auto const action =
      target->route == "display" ? domain::Action::kViewStream : domain::Action::kConnectStream;
  if (domain::can(subject, action, object) != domain::Verdict::kAllowed) co_return refusal(403);
  if (!*session || !domain::accepts_viewers((*session)->state) ||
      (*session)->desired == domain::DesiredState::kEnded) {
    co_return refusal(403);
  }
  ORIEL_FAILPOINT(kApiStreamAuthorized);
  auto const owner = (*session)->user == subject.user;
  auto expires = (*person)->expires_at;
  if (!owner) {
    // can() let nothing but the display pass. The owner is told before the first picture.
    store::NewWatch watch{target->session,
                          target->viewer,
                          subject.user,
                          display_name((*person)->account.user),
                          {"user", subject.user.text(), client_address(request), request.id}};
    auto opened = co_await store::open_watch(database_, std::move(watch));
    if (!opened && opened.error().code == Code::kConflict) co_return refusal(403);
    if (!opened) co_return opened.error();
    expires = std::min(expires, SystemClock().now() + limits::kWatchLongest);
  }
  auto response = http::text_response("", 200);
  auto& headers = response.headers;
  headers.set("X-Session-Socket", home_ + "/run/pub/" + target->session.text() + ".sock");
  headers.set("X-Oriel-Viewer", target->viewer);
  headers.set("X-Oriel-User", percent_encode(display_name((*person)->account.user)));
  headers.set("X-Oriel-Role", owner ? "owner" : "view");
  headers.set("X-Oriel-Grant", owner ? (*person)->owner_grant : (*person)->control_grant);
  headers.set("X-Oriel-Permissions", owner ? std::string(kAllPermissions) : std::string());
  headers.set(
      "X-Oriel-Expires",
      std::to_string(std::chrono::duration_cast<std::chrono::seconds>(expires.time_since_epoch()).count()));
  co_return response;
}

}  // namespace oriel::api
