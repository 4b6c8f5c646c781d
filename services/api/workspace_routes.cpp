#include "services/api/workspace_routes.h"

#include "libs/http/json_body.h"
#include "libs/store/images.h"
#include "services/api/placement_preview.h"
#include "services/api/respond.h"
#include "services/api/views.h"

namespace oriel::api {
namespace {

/// For a workspace that brings none: three panes, in the colour of the text around it.
constexpr std::string_view kPlainIcon =
    "<svg xmlns=\"http://www.w3.org/2000/svg\" viewBox=\"0 0 48 48\" fill=\"none\" stroke=\"#7c86b8\" "
    "stroke-width=\"2.5\" "
    "stroke-linejoin=\"round\"><path d=\"M8 14l10-5v30l-10-5zM18 9h12v30H18zM30 9l10 5v20l-10 5z\"/></svg>";

}  // namespace

WorkspaceRoutes::WorkspaceRoutes(postgres::Database& database) : database_(database) {}

void WorkspaceRoutes::declare(Routes& router) {
  router.declare({"GET", "/api/v1/workspaces", "list_workspaces"}, answering(this, &WorkspaceRoutes::list));
  router.declare({"GET", "/api/v1/workspaces/{id}/icon", "read_workspace"},
                 answering(this, &WorkspaceRoutes::icon));
}

Async<Result<http::Response>> WorkspaceRoutes::list(http::Request request) {
  auto const user = identity_of(request).subject.user;
  auto images = co_await store::list_granted_images(database_, user);
  if (!images) co_return images.error();
  auto placement = co_await PlacementPreview::read(database_);
  if (!placement) co_return placement.error();

  json::Array workspaces;
  for (auto const& image : *images) workspaces.push_back(workspace_view(image, placement->of(image)));
  co_return http::json_response(json::Object{{"workspaces", std::move(workspaces)}});
}

Async<Result<http::Response>> WorkspaceRoutes::icon(http::Request request) {
  auto const id = ImageId::parse(request.parameter("id"));
  domain::Object object;
  if (id) {
    auto granted = co_await store::is_image_granted(database_, *id, identity_of(request).subject.user);
    if (!granted) co_return granted.error();
    object.granted = *granted;
  }
  auto allowed = require(request, domain::Action::kReadWorkspace, object, "workspace");
  if (!allowed) co_return allowed.error();
  if (!id) co_return fail(Code::kNotFound, "There is no such workspace.");
  auto svg = co_await store::find_icon(database_, *id);
  if (!svg) co_return svg.error();
  // What an image brings is foreign: an icon can draw itself, and nothing else.
  auto response = http::text_response(svg->empty() ? std::string(kPlainIcon) : *svg, 200, "image/svg+xml");
  response.headers.set("Content-Security-Policy", "default-src 'none'; style-src 'unsafe-inline'; sandbox");
  response.headers.set("Cache-Control", "private, max-age=300");
  co_return response;
}

}  // namespace oriel::api
