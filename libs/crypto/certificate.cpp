#include "libs/crypto/certificate.h"

#include <memory>

#include <arpa/inet.h>
#include <openssl/bio.h>
#include <openssl/err.h>
#include <openssl/evp.h>
#include <openssl/pem.h>
#include <openssl/x509.h>
#include <openssl/x509v3.h>

#include "libs/base/clock.h"

namespace oriel::crypto {

namespace {

template <auto Free>
struct Release {
  template <typename T>
  void operator()(T* object) const {
    Free(object);
  }
};

using Pkey = std::unique_ptr<EVP_PKEY, Release<EVP_PKEY_free>>;
using X509Pointer = std::unique_ptr<X509, Release<X509_free>>;
using Bio = std::unique_ptr<BIO, Release<BIO_free_all>>;
using Store = std::unique_ptr<X509_STORE, Release<X509_STORE_free>>;
using StoreContext = std::unique_ptr<X509_STORE_CTX, Release<X509_STORE_CTX_free>>;
using Extension = std::unique_ptr<X509_EXTENSION, Release<X509_EXTENSION_free>>;

Error openssl_error(std::string_view doing, Code code = Code::kInternal) {
  auto const number = ERR_get_error();
  ERR_clear_error();
  char text[256] = "unknown";
  if (number != 0) ERR_error_string_n(number, text, sizeof text);
  return fail(code, std::string(doing) + ": " + text);
}

Bio bio_of(std::string_view text) { return Bio(BIO_new_mem_buf(text.data(), static_cast<int>(text.size()))); }

std::string text_of(Bio const& bio) {
  char* data = nullptr;
  auto const size = BIO_get_mem_data(bio.get(), &data);
  return std::string(data, static_cast<std::size_t>(size));
}

Pkey private_key(SigningKey const& key) {
  return Pkey(EVP_PKEY_new_raw_private_key(EVP_PKEY_ED25519, nullptr, key.seed.data(), key.seed.size()));
}

Pkey public_key(std::array<std::uint8_t, 32> const& key) {
  return Pkey(EVP_PKEY_new_raw_public_key(EVP_PKEY_ED25519, nullptr, key.data(), key.size()));
}

Result<std::array<std::uint8_t, 32>> raw_public_key(EVP_PKEY* key) {
  std::array<std::uint8_t, 32> raw{};
  std::size_t size = raw.size();
  if (key == nullptr || EVP_PKEY_get_id(key) != EVP_PKEY_ED25519 ||
      EVP_PKEY_get_raw_public_key(key, raw.data(), &size) != 1) {
    return fail(Code::kInvalid, "the key is no Ed25519 key");
  }
  return raw;
}

Result<X509Pointer> read_certificate(std::string_view pem) {
  auto const bio = bio_of(pem);
  X509Pointer certificate(PEM_read_bio_X509(bio.get(), nullptr, nullptr, nullptr));
  if (!certificate) {
    ERR_clear_error();
    return fail(Code::kInvalid, "not a certificate in PEM");
  }
  return certificate;
}

std::string write_certificate(X509* certificate) {
  Bio const bio(BIO_new(BIO_s_mem()));
  PEM_write_bio_X509(bio.get(), certificate);
  return text_of(bio);
}

std::string fingerprint(X509* certificate) {
  std::array<unsigned char, EVP_MAX_MD_SIZE> digest{};
  unsigned size = 0;
  X509_digest(certificate, EVP_sha256(), digest.data(), &size);
  return hex(std::span(digest).first(size));
}

bool add_extension(X509* certificate, X509* issuer, int kind, std::string const& value) {
  X509V3_CTX context{};
  X509V3_set_ctx(&context, issuer, certificate, nullptr, nullptr, 0);
  Extension const extension(X509V3_EXT_conf_nid(nullptr, &context, kind, value.c_str()));
  return extension && X509_add_ext(certificate, extension.get(), -1) == 1;
}

/// What a CA and a leaf have in common: version, serial, dates, subject, key.
Result<X509Pointer> start_certificate(EVP_PKEY* subject_key, std::string_view common_name,
                                      std::chrono::hours valid) {
  X509Pointer certificate(X509_new());
  X509_set_version(certificate.get(), X509_VERSION_3);
  auto serial = random_bytes(16);
  serial[0] = static_cast<std::uint8_t>((serial[0] & 0x7f) | 0x40);  // RFC 5280: positive, and of one length.
  std::unique_ptr<BIGNUM, Release<BN_free>> const number(
      BN_bin2bn(serial.data(), static_cast<int>(serial.size()), nullptr));
  BN_to_ASN1_INTEGER(number.get(), X509_get_serialNumber(certificate.get()));
  // Clocks of two hosts differ: valid since an hour ago.
  X509_gmtime_adj(X509_getm_notBefore(certificate.get()), -3600);
  auto const seconds = std::chrono::duration_cast<std::chrono::seconds>(valid).count();
  X509_time_adj_ex(X509_getm_notAfter(certificate.get()), static_cast<int>(seconds / 86400),
                   static_cast<long>(seconds % 86400), nullptr);
  if (common_name.empty() || common_name.size() > 64)
    return fail(Code::kInvalid, "a common name has 1 to 64 bytes");
  auto* const name = X509_get_subject_name(certificate.get());
  if (X509_NAME_add_entry_by_txt(name, "CN", MBSTRING_UTF8,
                                 reinterpret_cast<unsigned char const*>(common_name.data()),
                                 static_cast<int>(common_name.size()), -1, 0) != 1 ||
      X509_set_pubkey(certificate.get(), subject_key) != 1) {
    return openssl_error("make a certificate");
  }
  return certificate;
}

bool is_name(std::string_view text) {
  return !text.empty() && text.size() <= 253 &&
         text.find_first_not_of("abcdefghijklmnopqrstuvwxyzABCDEFGHIJKLMNOPQRSTUVWXYZ0123456789.-*_") ==
             std::string_view::npos;
}

bool is_address(std::string const& text) {
  unsigned char buffer[16];
  return ::inet_pton(AF_INET, text.c_str(), buffer) == 1 || ::inet_pton(AF_INET6, text.c_str(), buffer) == 1;
}

}  // namespace

std::string private_key_pem(SigningKey const& key) {
  Bio const bio(BIO_new(BIO_s_mem()));
  auto const pkey = private_key(key);
  PEM_write_bio_PKCS8PrivateKey(bio.get(), pkey.get(), nullptr, nullptr, 0, nullptr, nullptr);
  return text_of(bio);
}

std::string public_key_pem(SigningKey const& key) {
  Bio const bio(BIO_new(BIO_s_mem()));
  auto const pkey = public_key(key.public_key);
  PEM_write_bio_PUBKEY(bio.get(), pkey.get());
  return text_of(bio);
}

Result<SigningKey> read_private_key_pem(std::string_view pem) {
  auto const bio = bio_of(pem);
  Pkey const pkey(PEM_read_bio_PrivateKey(bio.get(), nullptr, nullptr, nullptr));
  std::array<std::uint8_t, 32> seed{};
  std::size_t size = seed.size();
  if (!pkey || EVP_PKEY_get_id(pkey.get()) != EVP_PKEY_ED25519 ||
      EVP_PKEY_get_raw_private_key(pkey.get(), seed.data(), &size) != 1) {
    ERR_clear_error();
    return fail(Code::kInvalid, "not an Ed25519 private key in PEM");
  }
  return SigningKey::from_seed(seed);
}

Result<std::array<std::uint8_t, 32>> read_public_key_pem(std::string_view pem) {
  auto const bio = bio_of(pem);
  Pkey const pkey(PEM_read_bio_PUBKEY(bio.get(), nullptr, nullptr, nullptr));
  ERR_clear_error();
  return raw_public_key(pkey.get());
}

Result<std::string> make_authority(SigningKey const& key, std::string_view common_name,
                                   std::chrono::hours valid) {
  auto const pkey = private_key(key);
  auto started = start_certificate(pkey.get(), common_name, valid);
  if (!started) return started.error();
  auto* const certificate = started->get();
  X509_set_issuer_name(certificate, X509_get_subject_name(certificate));
  bool const good =
      add_extension(certificate, certificate, NID_basic_constraints, "critical,CA:TRUE,pathlen:0") &&
      add_extension(certificate, certificate, NID_key_usage, "critical,keyCertSign,cRLSign") &&
      add_extension(certificate, certificate, NID_subject_key_identifier, "hash") &&
      X509_sign(certificate, pkey.get(), nullptr) > 0;
  if (!good) return openssl_error("make a certificate authority");
  return write_certificate(certificate);
}

Result<std::string> issue_certificate(SigningKey const& authority_key, std::string_view authority_pem,
                                      LeafRequest const& request) {
  auto authority = read_certificate(authority_pem);
  if (!authority) return authority.error();
  auto const signer = private_key(authority_key);
  if (X509_check_private_key(authority->get(), signer.get()) != 1) {
    ERR_clear_error();
    return fail(Code::kInvalid, "the authority's key and certificate do not belong together");
  }
  auto const subject = public_key(request.public_key);
  auto started = start_certificate(subject.get(), request.common_name, request.valid);
  if (!started) return started.error();
  auto* const certificate = started->get();
  X509_set_issuer_name(certificate, X509_get_subject_name(authority->get()));

  std::string names;
  for (auto const& name : request.dns_names) {
    if (!is_name(name)) return fail(Code::kInvalid, "not a host name: " + name);
    names += (names.empty() ? "DNS:" : ",DNS:") + name;
  }
  for (auto const& address : request.addresses) {
    if (!is_address(address)) return fail(Code::kInvalid, "not an address: " + address);
    names += (names.empty() ? "IP:" : ",IP:") + address;
  }
  std::string usages;
  if (request.server) usages = "serverAuth";
  if (request.client) usages += usages.empty() ? "clientAuth" : ",clientAuth";
  bool const good =
      add_extension(certificate, authority->get(), NID_basic_constraints, "critical,CA:FALSE") &&
      add_extension(certificate, authority->get(), NID_key_usage, "critical,digitalSignature") &&
      (usages.empty() || add_extension(certificate, authority->get(), NID_ext_key_usage, usages)) &&
      (names.empty() || add_extension(certificate, authority->get(), NID_subject_alt_name, names)) &&
      add_extension(certificate, authority->get(), NID_subject_key_identifier, "hash") &&
      add_extension(certificate, authority->get(), NID_authority_key_identifier, "keyid") &&
      X509_sign(certificate, signer.get(), nullptr) > 0;
  if (!good) return openssl_error("issue a certificate");
  return write_certificate(certificate);
}

Result<Certificate> verify_certificate(std::string_view certificate_pem, std::string_view authority_pem) {
  auto certificate = read_certificate(certificate_pem);
  if (!certificate) return certificate.error();
  auto authority = read_certificate(authority_pem);
  if (!authority) return authority.error();
  Store const store(X509_STORE_new());
  X509_STORE_add_cert(store.get(), authority->get());
  StoreContext const context(X509_STORE_CTX_new());
  if (X509_STORE_CTX_init(context.get(), store.get(), certificate->get(), nullptr) != 1) {
    return openssl_error("check a certificate");
  }
  if (X509_verify_cert(context.get()) != 1) {
    auto const* const why = X509_verify_cert_error_string(X509_STORE_CTX_get_error(context.get()));
    ERR_clear_error();
    return fail(Code::kUnauthenticated, std::string("the certificate is not accepted: ") + why);
  }
  if (X509_check_ca(certificate->get()) != 0) {
    return fail(Code::kUnauthenticated, "the certificate is not accepted: it is an authority's own");
  }
  Certificate read;
  char name[256] = "";
  X509_NAME_get_text_by_NID(X509_get_subject_name(certificate->get()), NID_commonName, name, sizeof name);
  read.common_name = name;
  auto key = raw_public_key(X509_get0_pubkey(certificate->get()));
  if (!key) return key.error();
  read.public_key = *key;
  std::unique_ptr<BIGNUM, Release<BN_free>> const serial(
      ASN1_INTEGER_to_BN(X509_get0_serialNumber(certificate->get()), nullptr));
  Bytes serial_bytes(static_cast<std::size_t>(BN_num_bytes(serial.get())));
  BN_bn2bin(serial.get(), serial_bytes.data());
  read.serial_hex = hex(serial_bytes);
  read.sha256_hex = fingerprint(certificate->get());
  std::tm end{};
  ASN1_TIME_to_tm(X509_get0_notAfter(certificate->get()), &end);
  read.not_after_rfc3339 = rfc3339(WallTime(std::chrono::seconds(::timegm(&end))));
  return read;
}

Result<std::string> certificate_fingerprint(std::string_view certificate_pem) {
  auto certificate = read_certificate(certificate_pem);
  if (!certificate) return certificate.error();
  return fingerprint(certificate->get());
}

}  // namespace oriel::crypto
