#pragma once

#include <map>
#include <memory>
#include <optional>
#include <string>

#include "libs/http/client.h"
#include "libs/store/testing/database.h"
#include "libs/testing/loop.h"
#include "libs/testing/redis_server.h"
#include "libs/testing/temporary_directory.h"
#include "services/api/api.h"

namespace oriel::api::testing {

inline constexpr std::string_view kOrigin = "https://oriel.example:8443";
inline constexpr std::string_view kHost = "oriel.example:8443";
inline constexpr std::string_view kPassword = "correct horse battery";

/// Who sends a request of a test.
struct Who {
  std::string cookie{};  ///< a token; empty: nobody
  std::string address = "192.0.2.1";
  bool from_our_pages = true;  ///< with Origin and Sec-Fetch-Site of our own pages
  std::map<std::string, std::string> headers{};
};

/// The API service as a whole on a unix socket, with PostgreSQL and Redis of its own and a small web app.
/// Users `user@oriel.local`, `other@oriel.local` (both in All Users) and `admin@oriel.local`, all with
/// kPassword.
class RunningApi {
 public:
  RunningApi();
  ~RunningApi();

  [[nodiscard]] http::Response send(std::string method, std::string target, Who const& who,
                                    std::string body = {}, bool at_second = false);
  [[nodiscard]] http::Response get(std::string target, Who const& who = {}) {
    return send("GET", std::move(target), who);
  }
  [[nodiscard]] http::Response post(std::string target, Who const& who, json::Value const& body) {
    return send("POST", std::move(target), who, json::text(body));
  }
  /// Signs in; the cookie's token.
  [[nodiscard]] Who sign_in(std::string const& username);
  [[nodiscard]] http::Response try_sign_in(std::string const& username, std::string_view password,
                                           Who const& who = {});
  /// A compatible-API call with that key.
  [[nodiscard]] http::Response call(std::string const& operation, std::string const& key,
                                    json::Object body = {});
  /// Makes a key `name` with the secret `secret-of-<name>`.
  void make_key(std::string const& name, std::vector<int> permissions, bool read_only = false);

  [[nodiscard]] store::Session launch(Who const& who);
  /// Moves it on to `running` as Manager and agent would.
  void make_running(SessionId session);
  /// A second instance beside the first, with the same database and Redis.
  void start_second();
  /// The waits of the sign-in throttle are over; what was counted stays.
  void lift_blocks();
  void execute(std::string sql);
  [[nodiscard]] std::int64_t count(std::string sql);

  oriel::testing::Loop loop;
  store::testing::TestDatabase test;
  store::testing::Basics basics;
  UserId other{};
  std::unique_ptr<postgres::Database> owner;
  oriel::testing::TemporaryDirectory directory;
  oriel::testing::RedisServer redis;
  crypto::Key token_key = crypto::Key::random();
  std::unique_ptr<Api> api;
  std::unique_ptr<http::Client> client;

 private:
  [[nodiscard]] std::unique_ptr<Api> make_instance(Endpoint const& socket);

  std::unique_ptr<Api> second_;
  std::unique_ptr<http::Client> second_client_;
};

/// The JSON body; fails the test when it is none.
[[nodiscard]] json::Value body_of(http::Response const& response);
/// The error's code in a problem of the web API.
[[nodiscard]] std::string error_code(http::Response const& response);
/// The value of the cookie that an answer sets.
[[nodiscard]] std::optional<std::string> cookie_of(http::Response const& response);

}  // namespace oriel::api::testing
