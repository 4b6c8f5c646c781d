#pragma once

#include "services/api/access.h"
#include "services/api/routes.h"
#include "services/api/web_files.h"

namespace oriel::api {

/// Everything that is no API: the portal's pages, the session page of the version that the session's row
/// pins, and files.
class Pages {
 public:
  Pages(postgres::Database& database, Access& access, Addresses const& addresses, WebFiles const& files);
  void declare(Routes& router);

 private:
  [[nodiscard]] Async<Result<http::Response>> session_page(http::Request request);
  [[nodiscard]] Async<Result<http::Response>> file_or_portal(http::Request request);
  /// A page that says which address was used, which are known, and how to add it; empty when the address is
  /// one of ours.
  [[nodiscard]] std::optional<http::Response> refuse_address(http::Request const& request) const;

  postgres::Database& database_;
  Access& access_;
  Addresses const& addresses_;
  WebFiles const& files_;
};

}  // namespace oriel::api
