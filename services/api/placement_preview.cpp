#include "services/api/placement_preview.h"

#include "libs/store/agents.h"
#include "libs/store/settings.h"

namespace oriel::api {

Async<Result<PlacementPreview>> PlacementPreview::read(postgres::Database& database) {
  auto agents = co_await store::list_agents(database);
  if (!agents) co_return agents.error();
  auto policy = co_await store::find_placement_policy(database);
  if (!policy) co_return policy.error();
  PlacementPreview preview;
  preview.servers_.reserve(agents->size());
  for (auto const& agent : *agents) preview.servers_.push_back(store::capacity_of(agent));
  preview.policy_ = *policy;
  co_return preview;
}

domain::PlacementDecision PlacementPreview::of(store::Image const& image) const {
  domain::PlacementRequest request;
  request.cores = image.cores;
  request.memory_bytes = image.memory_bytes;
  request.image_reference = image.reference;
  request.image_id = image.docker_id;
  request.zone = image.zone;
  return domain::place(request, servers_, policy_);
}

}  // namespace oriel::api
