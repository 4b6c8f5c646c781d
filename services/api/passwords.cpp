#include "services/api/passwords.h"

#include "libs/crypto/crypto.h"

namespace oriel::api {

Async<Result<std::string>> Passwords::hash(std::string password) {
  std::function<Result<std::string>()> work = [&password] { return crypto::hash_password(password); };
  auto hash = co_await pool_.run(std::move(work));
  co_return hash;
}

Async<Result<bool>> Passwords::verify(std::optional<std::string> hash, std::string password) {
  std::function<bool()> work = [&hash, &password] {
    return hash ? crypto::verify_password(password, *hash) : crypto::verify_nothing(password);
  };
  auto verified = co_await pool_.run(std::move(work));
  co_return verified;
}

}  // namespace oriel::api
