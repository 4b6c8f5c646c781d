#include "libs/crypto/crypto.h"

#include <algorithm>
#include <vector>

#include <sodium.h>

#include "libs/base/assert.h"
#include "libs/base/limits.h"

namespace oriel::crypto {

namespace {

// argon2id, t=2, m=19 MiB: OWASP's minimum, about 20 ms.
constexpr unsigned long long kOperations = 2;
constexpr std::size_t kMemory = 19ULL * 1024 * 1024;

/// sodium_init() picks the fastest code for this CPU; later calls are cheap.
void ready() {
  static bool const initialised = [] {
    ORIEL_ASSERT(sodium_init() >= 0);
    return true;
  }();
  (void)initialised;
}

std::string_view constexpr kPrefix =
    "x1:";  // The format of encrypt(), so that a later one can be told apart.

}  // namespace

Key::~Key() { sodium_memzero(bytes_.data(), bytes_.size()); }

Key Key::random() {
  Key key;
  fill_random(key.bytes_);
  return key;
}

Result<Key> Key::from_bytes(std::span<std::uint8_t const> bytes) {
  if (bytes.size() != 32)
    return fail(Code::kInvalid, "a key has 32 bytes, this has " + std::to_string(bytes.size()));
  Key key;
  std::ranges::copy(bytes, key.bytes_.begin());
  return key;
}

Result<Key> Key::from_hex(std::string_view text) {
  auto bytes = oriel::from_hex(trim(text));
  if (!bytes) return fail(Code::kInvalid, "a key is 64 hex digits");
  auto key = from_bytes(*bytes);
  sodium_memzero(bytes->data(), bytes->size());
  return key;
}

std::string Key::hex() const { return oriel::hex(bytes_); }

Key Key::derive(std::string_view purpose) const {
  ready();
  Key derived;
  auto const text = "oriel-key:" + std::string(purpose);
  crypto_generichash(derived.bytes_.data(), derived.bytes_.size(),
                     reinterpret_cast<unsigned char const*>(text.data()), text.size(), bytes_.data(),
                     bytes_.size());
  return derived;
}

Result<std::string> hash_password(std::string_view password) {
  ready();
  if (password.size() > limits::kPasswordBytes)
    return fail(Code::kTooLarge, "the password is longer than 1024 bytes");
  char hash[crypto_pwhash_STRBYTES];
  if (crypto_pwhash_str_alg(hash, password.data(), password.size(), kOperations, kMemory,
                            crypto_pwhash_ALG_ARGON2ID13) != 0) {
    return fail(Code::kUnavailable, "not enough memory to hash a password");
  }
  return std::string(hash);
}

bool verify_password(std::string_view password, std::string_view hash) {
  ready();
  if (password.size() > limits::kPasswordBytes || hash.size() >= crypto_pwhash_STRBYTES) return false;
  return crypto_pwhash_str_verify(std::string(hash).c_str(), password.data(), password.size()) == 0;
}

bool needs_rehash(std::string_view hash) {
  ready();
  return crypto_pwhash_str_needs_rehash(std::string(hash).c_str(), kOperations, kMemory) != 0;
}

bool verify_nothing(std::string_view password) {
  static std::string const hash = hash_password("nobody has this password").value();
  (void)verify_password(password, hash);
  return false;
}

std::string keyed_hash(Key const& key, std::string_view text) {
  ready();
  std::array<unsigned char, 32> hash{};
  crypto_generichash(hash.data(), hash.size(), reinterpret_cast<unsigned char const*>(text.data()),
                     text.size(), key.bytes().data(), key.bytes().size());
  return hex(hash);
}

std::array<std::uint8_t, 32> sha256(std::span<std::uint8_t const> bytes) {
  std::array<std::uint8_t, 32> hash{};
  crypto_hash_sha256(hash.data(), bytes.data(), bytes.size());
  return hash;
}

std::string sha256_hex(std::string_view text) { return hex(sha256(as_bytes(text))); }

std::string encrypt(Key const& key, std::string_view plain, std::string_view context) {
  ready();
  Bytes cipher(crypto_aead_xchacha20poly1305_ietf_NPUBBYTES + plain.size() +
               crypto_aead_xchacha20poly1305_ietf_ABYTES);
  fill_random(std::span(cipher).first(crypto_aead_xchacha20poly1305_ietf_NPUBBYTES));
  unsigned long long size = 0;
  crypto_aead_xchacha20poly1305_ietf_encrypt(cipher.data() + crypto_aead_xchacha20poly1305_ietf_NPUBBYTES,
                                             &size, reinterpret_cast<unsigned char const*>(plain.data()),
                                             plain.size(),
                                             reinterpret_cast<unsigned char const*>(context.data()),
                                             context.size(), nullptr, cipher.data(), key.bytes().data());
  return std::string(kPrefix) + base64(cipher);
}

Result<std::string> decrypt(Key const& key, std::string_view cipher, std::string_view context) {
  ready();
  auto const refuse = [] {
    return fail(Code::kInvalid, "a stored secret cannot be read with this installation's key");
  };
  if (!cipher.starts_with(kPrefix)) return refuse();
  auto const bytes = from_base64(cipher.substr(kPrefix.size()));
  constexpr std::size_t kOverhead =
      crypto_aead_xchacha20poly1305_ietf_NPUBBYTES + crypto_aead_xchacha20poly1305_ietf_ABYTES;
  if (!bytes || bytes->size() < kOverhead) return refuse();
  std::string plain(bytes->size() - kOverhead, '\0');
  unsigned long long size = 0;
  auto const* const body = bytes->data() + crypto_aead_xchacha20poly1305_ietf_NPUBBYTES;
  if (crypto_aead_xchacha20poly1305_ietf_decrypt(reinterpret_cast<unsigned char*>(plain.data()), &size,
                                                 nullptr, body,
                                                 bytes->size() - crypto_aead_xchacha20poly1305_ietf_NPUBBYTES,
                                                 reinterpret_cast<unsigned char const*>(context.data()),
                                                 context.size(), bytes->data(), key.bytes().data()) != 0) {
    return refuse();
  }
  return plain;
}

SigningKey SigningKey::from_seed(std::array<std::uint8_t, 32> const& seed) {
  ready();
  SigningKey key;
  key.seed = seed;
  std::array<unsigned char, crypto_sign_SECRETKEYBYTES> secret{};
  crypto_sign_seed_keypair(key.public_key.data(), secret.data(), seed.data());
  sodium_memzero(secret.data(), secret.size());
  return key;
}

SigningKey SigningKey::random() {
  std::array<std::uint8_t, 32> seed{};
  fill_random(seed);
  return from_seed(seed);
}

Signature sign(SigningKey const& key, std::span<std::uint8_t const> message) {
  ready();
  std::array<unsigned char, crypto_sign_PUBLICKEYBYTES> public_key{};
  std::array<unsigned char, crypto_sign_SECRETKEYBYTES> secret{};
  crypto_sign_seed_keypair(public_key.data(), secret.data(), key.seed.data());
  Signature signature{};
  crypto_sign_detached(signature.data(), nullptr, message.data(), message.size(), secret.data());
  sodium_memzero(secret.data(), secret.size());
  return signature;
}

bool verify(std::array<std::uint8_t, 32> const& public_key, std::span<std::uint8_t const> message,
            std::span<std::uint8_t const> signature) {
  ready();
  if (signature.size() != crypto_sign_BYTES) return false;
  return crypto_sign_verify_detached(signature.data(), message.data(), message.size(), public_key.data()) ==
         0;
}

}  // namespace oriel::crypto
