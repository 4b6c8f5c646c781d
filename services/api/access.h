#pragma once

#include <optional>
#include <string>

#include "libs/async/async.h"
#include "libs/base/clock.h"
#include "libs/crypto/crypto.h"
#include "libs/domain/permissions.h"
#include "libs/http/router.h"
#include "libs/postgres/database.h"
#include "libs/store/audit.h"
#include "libs/store/sign_ins.h"
#include "services/api/addresses.h"
#include "services/api/sign_in_throttle.h"

namespace oriel::api {

/// Name of the cookie; `__Host-` makes browsers refuse it without Secure, with a Domain or with another Path.
inline constexpr std::string_view kCookie = "__Host-oriel";

/// Who asks, as the guard found out. Handlers read it with identity_of().
struct Identity {
  domain::Subject subject{};
  std::optional<store::SignIn> sign_in{};  ///< of a person
  std::string address{};                   ///< the client's, as our proxy saw it
  std::string request_id{};

  [[nodiscard]] store::Actor actor() const;
};
[[nodiscard]] Identity const& identity_of(http::Request const& request);

/// The client's address: nginx overwrites X-Real-IP, and nobody but nginx reaches our socket.
[[nodiscard]] std::string client_address(http::Request const& request);

/// Decides before every handler: finds out who asks, refuses requests of other sites, and asks domain::can().
/// Actions about an object are decided by their handlers with require().
class Access {
 public:
  Access(postgres::Database& database, crypto::Key token_key, Addresses const& addresses,
         SignInThrottle& throttle);

  [[nodiscard]] Async<std::optional<http::Response>> guard(http::Request& request, http::Route const& route);

  /// The person behind the cookie; empty for anybody else.
  [[nodiscard]] Async<Result<std::optional<store::SignIn>>> find_person(http::Request const& request,
                                                                        store::SignInUse use);
  [[nodiscard]] static domain::Subject subject_of(store::SignIn const& sign_in);

  /// How a token is stored.
  [[nodiscard]] std::string token_hash(std::string_view token) const;
  /// 403 `forbidden`, naming what each hop saw and the setting that would allow it.
  [[nodiscard]] http::Response refuse_origin(http::Request const& request) const;
  [[nodiscard]] bool comes_from_our_pages(http::Request const& request) const;

 private:
  [[nodiscard]] Async<std::optional<http::Response>> guard_public_api(http::Request& request,
                                                                      domain::Action action);
  [[nodiscard]] Async<std::optional<http::Response>> guard_person(http::Request& request,
                                                                  domain::Action action);

  postgres::Database& database_;
  crypto::Key token_key_;
  Addresses const& addresses_;
  SignInThrottle& throttle_;
};

/// domain::can() as a Result: kNotFound for what is absent or somebody else's, alike to the letter.
[[nodiscard]] Result<> require(http::Request const& request, domain::Action action,
                               domain::Object const& object, std::string_view what);

/// True when the path is one of the compatible API's, which has manners of its own.
[[nodiscard]] bool is_public_api(std::string_view path);
/// `{"error_message":"…"}` as that API's clients read it.
[[nodiscard]] http::Response public_failure(std::string_view message, int status);

}  // namespace oriel::api
