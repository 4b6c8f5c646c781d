#pragma once

#include <string>
#include <vector>

#include <boost/describe/class.hpp>

#include "cli/installation.h"
#include "libs/base/result.h"

namespace oriel::cli {

/// Makes what is absent, each readable by its service alone: passwords of database roles and Redis, the token
/// and seal keys, Redis's user list. What exists is never changed, and never leaves this function.
[[nodiscard]] Result<> make_secrets(Installation const& installation);

struct Login {
  static constexpr bool kAbsentKeepsDefault = true;
  std::string username{}, password{};
};
BOOST_DESCRIBE_STRUCT(Login, (), (username, password))

struct ApiKey {
  static constexpr bool kAbsentKeepsDefault = true;
  std::string key{}, secret{};
};
BOOST_DESCRIBE_STRUCT(ApiKey, (), (key, secret))

/// `$HOME_DIR/credentials.json`, root's alone: where to go, and the first users and API key.
struct Credentials {
  static constexpr bool kAbsentKeepsDefault = true;
  std::string url{};
  std::vector<std::string> addresses{};
  Login admin{}, user{};
  ApiKey api_key{};
};
BOOST_DESCRIBE_STRUCT(Credentials, (), (url, addresses, admin, user, api_key))

/// Makes random passwords once; afterwards only the addresses follow the configuration. oriel-setup makes the
/// users of it.
[[nodiscard]] Result<Credentials> make_credentials(Installation const& installation);

/// The installation's CA (Ed25519), which signs agents. Made once.
[[nodiscard]] Result<> make_authority(Installation const& installation);

/// What browsers see: the given certificate and key, else an own authority (P-256, `tls/authority.crt`, which
/// users may trust) and a leaf for the host's names and addresses, made again when they change or 30 days
/// before its end. True: it changed.
[[nodiscard]] Result<bool> make_server_certificate(Installation const& installation,
                                                   std::string const& certificate_file,
                                                   std::string const& key_file);

/// Days until the server's certificate ends; negative when it has.
[[nodiscard]] Result<long> certificate_days_left(Installation const& installation);

}  // namespace oriel::cli
