#pragma once

#include <array>
#include <cstdint>
#include <span>
#include <string>
#include <string_view>

#include "libs/base/result.h"
#include "libs/base/text.h"

/// Cryptography by libsodium and OpenSSL; every function may be called from any thread.
namespace oriel::crypto {

/// 32 secret bytes, wiped when they die.
class Key {
 public:
  Key() = default;
  ~Key();
  Key(Key const&) = default;
  Key& operator=(Key const&) = default;

  [[nodiscard]] static Key random();
  /// Exactly 32 bytes, else kInvalid.
  [[nodiscard]] static Result<Key> from_bytes(std::span<std::uint8_t const> bytes);
  /// Reads 64 hex digits (and white space after them) from a file, as `./up` writes the installation's key.
  [[nodiscard]] static Result<Key> from_hex(std::string_view text);
  [[nodiscard]] std::string hex() const;
  /// A key for one purpose, so that one file serves several: BLAKE2b(key, purpose).
  [[nodiscard]] Key derive(std::string_view purpose) const;

  [[nodiscard]] std::span<std::uint8_t const, 32> bytes() const { return bytes_; }

 private:
  std::array<std::uint8_t, 32> bytes_{};
};

/// argon2id, t=2, m=19 MiB, as a PHC string. About 20 ms of CPU: run it in a WorkerPool.
[[nodiscard]] Result<std::string> hash_password(std::string_view password);
/// True when it is that password. Also about 20 ms. A hash that cannot be read is false.
[[nodiscard]] bool verify_password(std::string_view password, std::string_view hash);
/// True when the hash has other parameters than hash_password() uses today: store a new one after signing in.
[[nodiscard]] bool needs_rehash(std::string_view hash);
/// Takes as long as verify_password and is always false: for users that do not exist.
bool verify_nothing(std::string_view password);

/// BLAKE2b-256 with a key, as hex: how tokens are stored.
[[nodiscard]] std::string keyed_hash(Key const& key, std::string_view text);
/// SHA-256, as hex.
[[nodiscard]] std::string sha256_hex(std::string_view text);
[[nodiscard]] std::array<std::uint8_t, 32> sha256(std::span<std::uint8_t const> bytes);

/// XChaCha20-Poly1305, nonce first, as base64 after a mark of the format. `context` is bound to it and must
/// be given again.
[[nodiscard]] std::string encrypt(Key const& key, std::string_view plain, std::string_view context = {});
/// kInvalid when the text, the key or the context is another.
[[nodiscard]] Result<std::string> decrypt(Key const& key, std::string_view cipher,
                                          std::string_view context = {});

/// Ed25519 (RFC 8032).
struct SigningKey {
  std::array<std::uint8_t, 32> seed{};
  std::array<std::uint8_t, 32> public_key{};
  [[nodiscard]] static SigningKey random();
  [[nodiscard]] static SigningKey from_seed(std::array<std::uint8_t, 32> const& seed);
};
using Signature = std::array<std::uint8_t, 64>;
[[nodiscard]] Signature sign(SigningKey const& key, std::span<std::uint8_t const> message);
[[nodiscard]] bool verify(std::array<std::uint8_t, 32> const& public_key,
                          std::span<std::uint8_t const> message, std::span<std::uint8_t const> signature);

}  // namespace oriel::crypto
