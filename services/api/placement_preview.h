#pragma once

#include <vector>

#include "libs/async/async.h"
#include "libs/base/result.h"
#include "libs/domain/placement.h"
#include "libs/postgres/database.h"
#include "libs/store/images.h"

namespace oriel::api {

/// What placement would say of workspaces now: read once for a list, asked for each of its rows. A preview:
/// only the Manager places.
class PlacementPreview {
 public:
  [[nodiscard]] static Async<Result<PlacementPreview>> read(postgres::Database& database);

  [[nodiscard]] domain::PlacementDecision of(store::Image const& image) const;

 private:
  std::vector<domain::ServerCapacity> servers_;
  domain::PlacementPolicy policy_;
};

}  // namespace oriel::api
