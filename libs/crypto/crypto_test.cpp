#include "libs/crypto/crypto.h"

#include <gtest/gtest.h>

namespace oriel::crypto {
namespace {

TEST(PasswordTest, OnlyTheSamePasswordVerifies) {
  auto const hash = hash_password("correct horse").value();
  EXPECT_TRUE(hash.starts_with("$argon2id$v=19$m=19456,t=2,p=1$")) << hash;
  EXPECT_TRUE(verify_password("correct horse", hash));
  EXPECT_FALSE(verify_password("correct horsf", hash));
  EXPECT_FALSE(verify_password("correct horse", "nonsense"));
  EXPECT_FALSE(verify_password("", hash));
  EXPECT_NE(hash_password("correct horse").value(), hash) << "a salt of its own each time";
  EXPECT_FALSE(needs_rehash(hash));
  EXPECT_TRUE(needs_rehash(
      "$argon2id$v=19$m=65536,t=3,p=1$c29tZXNhbHRzb21lc2FsdA$GpZ3sK/oH9p7VIiV56G/64Zo/8GaUw434IimaPqxwCo"));
  EXPECT_FALSE(verify_nothing("anything"));
  EXPECT_EQ(hash_password(std::string(2000, 'x')).error().code, Code::kTooLarge);
}

TEST(HashTest, Sha256IsTheStandards) {
  EXPECT_EQ(sha256_hex("abc"), "ba7816bf8f01cfea414140de5dae2223b00361a396177a9cb410ff61f20015ad");
}

TEST(HashTest, AKeyedHashDependsOnItsKey) {
  auto const key = Key::random();
  EXPECT_EQ(keyed_hash(key, "token"), keyed_hash(key, "token"));
  EXPECT_NE(keyed_hash(key, "token"), keyed_hash(Key::random(), "token"));
  EXPECT_NE(keyed_hash(key, "token"), keyed_hash(key.derive("sign-in"), "token"));
  EXPECT_EQ(key.derive("a").hex(), Key::from_hex(key.hex() + "\n").value().derive("a").hex());
  EXPECT_FALSE(Key::from_hex("abcd").has_value());
}

TEST(EncryptTest, OnlyKeyAndContextTogetherDecrypt) {
  auto const key = Key::random();
  auto const cipher = encrypt(key, "secret", "user/7");
  EXPECT_EQ(decrypt(key, cipher, "user/7").value(), "secret");
  EXPECT_FALSE(decrypt(key, cipher, "user/8").has_value());
  EXPECT_FALSE(decrypt(Key::random(), cipher, "user/7").has_value());
  EXPECT_NE(encrypt(key, "secret", "user/7"), cipher);
  EXPECT_EQ(decrypt(key, encrypt(key, ""), "").value(), "");
  for (std::size_t i = 0; i < cipher.size(); ++i) {
    auto broken = cipher;
    broken[i] = broken[i] == 'A' ? 'B' : 'A';
    EXPECT_FALSE(decrypt(key, broken, "user/7").has_value()) << i;
    EXPECT_FALSE(decrypt(key, cipher.substr(0, i), "user/7").has_value()) << i;
  }
}

TEST(SignatureTest, MatchesRfc8032AndRefusesOtherMessages) {
  std::array<std::uint8_t, 32> seed{};
  auto const bytes = from_hex("4ccd089b28ff96da9db6c346ec114e0f5b8a319f35aba624da8cf6ed4fb8a6fb").value();
  std::ranges::copy(bytes, seed.begin());
  auto const key = SigningKey::from_seed(seed);
  EXPECT_EQ(hex(key.public_key), "3d4017c3e843895a92b70aa74d1b7ebc9c982ccf2ec4968cc0cd55f12af4660c");
  auto const signature = sign(key, as_bytes("r"));
  EXPECT_EQ(hex(signature),
            "92a009a9f0d4cab8720e820b5f642540a2b27b5416503f8fb3762223ebdb69da085ac1e43e15996e458f3613d0f11d8c"
            "387b2eaeb4302aeeb00d291612bb0c00");
  EXPECT_TRUE(verify(key.public_key, as_bytes("r"), signature));
  EXPECT_FALSE(verify(key.public_key, as_bytes("s"), signature));
  EXPECT_FALSE(verify(key.public_key, as_bytes("r"), std::span(signature).first(63)));
}

}  // namespace
}  // namespace oriel::crypto
