#pragma once

#include "libs/async/async.h"
#include "libs/http/router.h"
#include "libs/postgres/database.h"

namespace oriel::api {

/// Writes down what somebody known asked for and did not get, for every route whose action has a name in the
/// audit: `refused` (403, 404), `failed` (409, 5xx). What succeeds is recorded by the store, in the
/// transaction that does it; a sign-in records its failures itself, because it knows why. A request that
/// cannot be read, or of somebody unknown, is no act of anybody: it is in the log.
class Refusals {
 public:
  explicit Refusals(postgres::Database& database) : database_(database) {}
  [[nodiscard]] Async<> see(http::Request const& request, http::Route const& route,
                            http::Response const& response);

 private:
  postgres::Database& database_;
};

}  // namespace oriel::api
