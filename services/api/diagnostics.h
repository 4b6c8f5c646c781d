#pragma once

#include <string>

#include "libs/base/json.h"
#include "libs/domain/health.h"
#include "libs/postgres/database.h"
#include "libs/redis/redis.h"
#include "services/api/options.h"
#include "services/api/web_files.h"

namespace oriel::api {

/// What the installation sees of itself: this service looks at the database, Redis, the disk and the clocks;
/// the other services' and servers' own reports are read from the database; what only the host can see is
/// what `oriel up` or `oriel doctor` last left beside our socket. No secret is near any of it.
class Diagnostics {
 public:
  Diagnostics(postgres::Database& database, redis::Redis& redis, Options const& options,
              WebFiles const& files);

  /// The whole page as protocol/web-api has it. Answers even while parts of the installation do not.
  [[nodiscard]] Async<json::Object> look();
  /// Tells the database that this process runs, for other processes' pages. Called every
  /// store::kServiceReports.
  [[nodiscard]] Async<Result<>> report();

 private:
  struct Page;
  [[nodiscard]] Async<> look_at_database(Page& page);
  [[nodiscard]] Async<> look_at_redis(Page& page);
  [[nodiscard]] Async<> look_at_services(Page& page);
  [[nodiscard]] Async<> look_at_servers(Page& page);
  void look_at_disk(Page& page) const;
  void look_at_host(Page& page) const;

  postgres::Database& database_;
  redis::Redis& redis_;
  Options const& options_;
  WebFiles const& files_;
  std::string process_;
};

/// The page as plain text, for a letter to support.
[[nodiscard]] std::string text_of_diagnostics(json::Object const& page);

}  // namespace oriel::api
