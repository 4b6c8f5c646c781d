#include "services/api/admin_routes.h"

#include "libs/http/json_body.h"
#include "libs/store/images.h"
#include "services/api/placement_preview.h"
#include "services/api/respond.h"
#include "services/api/views.h"

namespace oriel::api {
AdminRoutes::AdminRoutes(postgres::Database& database) : database_(database) {}

void AdminRoutes::declare(Routes& router) {
  router.declare({"GET", "/api/v1/admin/workspaces", "list_all_workspaces"},
                 answering(this, &AdminRoutes::workspaces));
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
