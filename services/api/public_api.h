#pragma once

#include "libs/store/sessions.h"
#include "services/api/access.h"
#include "services/api/routes.h"
#include "services/api/web_files.h"

namespace oriel::api {

/// The compatible public API: `POST /api/public/<operation>`. Answers 200 with `error_message` where that API
/// does; unknown members of requests are ignored. protocol/public-api describes it.
class PublicApi {
 public:
  PublicApi(postgres::Database& database, Access& access, WebFiles const& files);
  void declare(Routes& router);

 private:
  using Operation = Async<Result<json::Object>> (PublicApi::*)(http::Request request, json::Object body);
  [[nodiscard]] http::Handler operation(Operation method);
  [[nodiscard]] static Async<http::Response> answer(PublicApi* self, Operation method, http::Request request);

  [[nodiscard]] Async<Result<json::Object>> get_users(http::Request request, json::Object body);
  [[nodiscard]] Async<Result<json::Object>> get_images(http::Request request, json::Object body);
  [[nodiscard]] Async<Result<json::Object>> get_zones(http::Request request, json::Object body);
  [[nodiscard]] Async<Result<json::Object>> get_kasms(http::Request request, json::Object body);
  [[nodiscard]] Async<Result<json::Object>> request_kasm(http::Request request, json::Object body);
  [[nodiscard]] Async<Result<json::Object>> get_kasm_status(http::Request request, json::Object body);
  [[nodiscard]] Async<Result<json::Object>> keepalive(http::Request request, json::Object body);
  [[nodiscard]] Async<Result<json::Object>> destroy_kasm(http::Request request, json::Object body);

  /// The session of `kasm_id`, of `user_id` where that is given.
  [[nodiscard]] Async<Result<store::Session>> find_kasm(json::Object const& body);
  /// A single-use token of 60 s that opens the session in a browser.
  [[nodiscard]] Async<Result<std::string>> make_connect_token(UserId user, SessionId session);
  /// Waits until the session is placed or refused, at most a few seconds: that API's clients want to be told
  /// at once.
  [[nodiscard]] Async<Result<store::Session>> wait_for_placement(SessionId session);

  postgres::Database& database_;
  Access& access_;
  WebFiles const& files_;
};

}  // namespace oriel::api
