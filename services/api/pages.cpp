#include "services/api/pages.h"

#include <array>

#include "libs/base/log.h"
#include "libs/base/text.h"
#include "libs/store/sessions.h"
#include "services/api/respond.h"

namespace oriel::api {
namespace {

std::string html_text(std::string_view text) {
  std::string safe;
  for (auto const c : to_utf8(text, 300)) {
    switch (c) {
      case '<':
        safe += "&lt;";
        break;
      case '>':
        safe += "&gt;";
        break;
      case '&':
        safe += "&amp;";
        break;
      case '"':
        safe += "&quot;";
        break;
      case '\'':
        safe += "&#39;";
        break;
      default:
        safe += c;
    }
  }
  return safe;
}

/// Paths that the portal draws; anything else of a page's shape is its "not found".
bool is_portal(std::string_view path) {
  return path == "/" || path == "/sign-in" || path == "/admin" || path.starts_with("/admin/");
}

bool is_service(std::string_view path) {
  for (auto const prefix : {"/api/", "/internal/", "/assets/", "/client/", "/agent/"}) {
    if (path.starts_with(prefix)) return true;
  }
  return false;
}

}  // namespace

Pages::Pages(postgres::Database& database, Access& access, Addresses const& addresses, WebFiles const& files)
    : database_(database), access_(access), addresses_(addresses), files_(files) {}

void Pages::declare(Routes& router) {
  router.declare({"GET", "/sessions/{id}", "read_public"}, answering(this, &Pages::session_page));
  router.set_fallback(answering(this, &Pages::file_or_portal));
}

std::optional<http::Response> Pages::refuse_address(http::Request const& request) const {
  auto const host = request.headers.get("host").value_or("");
  if (addresses_.has_host(host)) return std::nullopt;
  std::string known;
  for (auto const& origin : addresses_.origins())
    known += "<li><a href=\"" + html_text(origin) + "/\">" + html_text(origin) + "</a></li>";
  auto const forwarded = request.headers.get("x-forwarded-host").value_or("(none)");
  auto body =
      std::string(
          "<!doctype html><html lang=\"en\"><meta charset=\"utf-8\"><meta name=\"viewport\" "
          "content=\"width=device-width\"><title>Unknown address · Oriel</title>"
          "<h1>This address is not one of this installation's</h1><p>The browser asked for <code>https://") +
      html_text(host) +
      "</code>. Signing in works only under an address that the installation knows:</p><ul>" + known +
      "</ul><p>To use this address, the operator runs <code>oriel up --public-url https://" +
      html_text(host) +
      "</code>. If a proxy stands in front, it must pass the <code>Host</code> header on and be named with "
      "<code>--trusted-proxy</code>.</p><dl><dt>Host, as the last proxy passed it on</dt><dd><code>" +
      html_text(host) + "</code></dd><dt>X-Forwarded-Host</dt><dd><code>" + html_text(forwarded) +
      "</code></dd></dl></html>";
  return http::text_response(std::move(body), 421, "text/html; charset=utf-8");
}

Async<Result<http::Response>> Pages::session_page(http::Request request) {
  if (auto refused = refuse_address(request)) co_return std::move(*refused);
  auto protocol = files_.newest_client();
  // Which version a session needs is told only to those who may see it; to others the page says that there is
  // no such session.
  auto const id = SessionId::parse(request.parameter("id"));
  if (id) {
    auto person = co_await access_.find_person(request, store::SignInUse::kLook);
    if (person && *person) {
      auto session = co_await store::find_session(database_, *id);
      if (session && *session) {
        domain::Object object;
        object.session = (*session)->id;
        object.owner = (*session)->user;
        auto const verdict = domain::can(Access::subject_of(**person), domain::Action::kReadSession, object);
        if (verdict == domain::Verdict::kAllowed) protocol = (*session)->client_protocol;
      }
    }
  }
  auto page = files_.answer(request, "/client/" + std::to_string(protocol) + "/session.html");
  if (!page && protocol != files_.newest_client()) {
    log::warning("the client of an old session is no longer here", {{"protocol", protocol}});
    page = files_.answer(request, "/client/" + std::to_string(files_.newest_client()) + "/session.html");
  }
  if (!page) co_return fail(Code::kUnavailable, "The web app's files are not installed.");
  // The portal fetches the page before it goes there (web/apps/portal/src/state/launch.ts); the page itself
  // holds nothing of the session.
  page->headers.set("Cache-Control", "private, max-age=10");
  co_return std::move(*page);
}

Async<Result<http::Response>> Pages::file_or_portal(http::Request request) {
  if (is_public_api(request.path)) co_return public_failure("There is no such operation.", 404);
  if (request.method != "GET" && request.method != "HEAD")
    co_return fail(Code::kNotFound, "There is nothing at this address.");
  if (auto file = files_.answer(request, request.path)) {
    if (request.path.ends_with(".html")) {
      // Pages are reached by their addresses, not by their files.
      co_return fail(Code::kNotFound, "There is nothing at this address.");
    }
    co_return std::move(*file);
  }
  if (is_service(request.path)) co_return fail(Code::kNotFound, "There is nothing at this address.");
  if (auto refused = refuse_address(request)) co_return std::move(*refused);
  auto page = files_.answer(request, "/index.html");
  if (!page) co_return fail(Code::kUnavailable, "The web app's files are not installed.");
  if (!is_portal(request.path) && page->status == 200) page->status = 404;
  co_return std::move(*page);
}

}  // namespace oriel::api
