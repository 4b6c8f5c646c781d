#include "services/api/admin_routes.h"

#include "libs/base/text.h"
#include "libs/http/json_body.h"
#include "libs/store/agents.h"
#include "libs/store/images.h"
#include "libs/store/sessions.h"
#include "libs/store/settings.h"
#include "services/api/placement_preview.h"
#include "services/api/respond.h"
#include "services/api/views.h"

namespace oriel::api {
namespace {

/// The query as a filter; unknown names and values are refused, each with its pointer.
Result<store::SessionFilter> filter_of(http::Request const& request) {
  store::SessionFilter filter;
  std::vector<FieldError> faults;
  auto const id = [&faults](std::string const& name, std::string const& value, auto& into) {
    using IdType = std::remove_cvref_t<decltype(*into)>;
    into = IdType::parse(value);
    if (!into) faults.push_back({"/" + name, "an id of 32 hex digits"});
  };
  for (auto const& [name, value] : request.query) {
    if (value.empty()) continue;
    if (name == "state") {
      for (auto const word : split(value, ',')) {
        auto const state = domain::parse_session_state(word);
        if (state) filter.states.push_back(*state);
        if (!state) faults.push_back({"/state", "not a state: " + shown_text(word, 32)});
      }
    } else if (name == "user") {
      id(name, value, filter.user);
    } else if (name == "workspace") {
      id(name, value, filter.image);
    } else if (name == "server") {
      id(name, value, filter.agent);
    } else if (name == "q") {
      filter.text = to_utf8(value, 128);
    } else if (name == "limit") {
      auto const limit = parse_integer(value);
      if (limit && *limit >= 1 && *limit <= 500)
        filter.limit = static_cast<int>(*limit);
      else
        faults.push_back({"/limit", "from 1 to 500"});
    } else if (name == "cursor") {
      filter.cursor = value;
    } else {
      faults.push_back({"/" + shown_text(name, 32), "unknown"});
    }
  }
  if (!faults.empty()) return Error{Code::kInvalid, "The filter cannot be read.", std::move(faults)};
  return filter;
}

}  // namespace

AdminRoutes::AdminRoutes(postgres::Database& database) : database_(database) {}

void AdminRoutes::declare(Routes& router) {
  router.declare({"GET", "/api/v1/admin/sessions", "list_all_sessions"},
                 answering(this, &AdminRoutes::sessions));
  router.declare({"GET", "/api/v1/admin/servers", "list_servers"}, answering(this, &AdminRoutes::servers));
  router.declare({"GET", "/api/v1/admin/workspaces", "list_all_workspaces"},
                 answering(this, &AdminRoutes::workspaces));
}

Async<Result<http::Response>> AdminRoutes::sessions(http::Request request) {
  auto filter = filter_of(request);
  if (!filter) co_return filter.error();
  auto page = co_await store::list_sessions(database_, std::move(*filter));
  if (!page) co_return page.error();
  json::Array views;
  for (auto const& session : page->sessions) views.push_back(admin_session_view(session));
  json::Value cursor(nullptr);
  if (page->next_cursor) cursor = *page->next_cursor;
  co_return http::json_response(json::Object{{"sessions", std::move(views)}, {"cursor", std::move(cursor)}});
}

Async<Result<http::Response>> AdminRoutes::servers(http::Request) {
  auto agents = co_await store::list_agents(database_);
  if (!agents) co_return agents.error();
  json::Array views;
  for (auto const& agent : *agents) views.push_back(server_view(agent));
  co_return http::json_response(json::Object{{"servers", std::move(views)}});
}

Async<Result<http::Response>> AdminRoutes::workspaces(http::Request) {
  auto images = co_await store::list_images(database_);
  if (!images) co_return images.error();
  auto placement = co_await PlacementPreview::read(database_);
  if (!placement) co_return placement.error();
  json::Array views;
  for (auto const& image : *images) views.push_back(admin_workspace_view(image, placement->of(image)));
  co_return http::json_response(json::Object{{"workspaces", std::move(views)}});
}

}  // namespace oriel::api
