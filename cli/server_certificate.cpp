#include "cli/server_certificate.h"

#include <memory>

#include <openssl/bio.h>
#include <openssl/ec.h>
#include <openssl/err.h>
#include <openssl/evp.h>
#include <openssl/pem.h>
#include <openssl/rand.h>
#include <openssl/x509.h>
#include <openssl/x509v3.h>

#include "libs/base/file.h"

namespace oriel::cli {
namespace {

constexpr long kDay = 24 * 60 * 60;
constexpr long kLeafSeconds = 397 * kDay;
constexpr long kAuthoritySeconds = 3650 * kDay;

template <auto Free>
struct Freed {
  template <typename T>
  void operator()(T* pointer) const {
    Free(pointer);
  }
};
using Key = std::unique_ptr<EVP_PKEY, Freed<EVP_PKEY_free>>;
using Certificate = std::unique_ptr<X509, Freed<X509_free>>;
using Bio = std::unique_ptr<BIO, Freed<BIO_free_all>>;
using Names = std::unique_ptr<GENERAL_NAMES, Freed<GENERAL_NAMES_free>>;

Error openssl_failed(std::string const& what) {
  std::array<char, 256> text{};
  ERR_error_string_n(ERR_get_error(), text.data(), text.size());
  ERR_clear_error();
  return fail(Code::kInternal, what + ": " + text.data());
}

Key new_key() { return Key(EVP_EC_gen("P-256")); }

Bio reading(std::string const& text) {
  return Bio(BIO_new_mem_buf(text.data(), static_cast<int>(text.size())));
}

std::string content_of(BIO* bio) {
  char* data = nullptr;
  auto const size = BIO_get_mem_data(bio, &data);
  return {data, static_cast<std::size_t>(size)};
}

std::string pem_of(X509* certificate) {
  Bio const bio(BIO_new(BIO_s_mem()));
  PEM_write_bio_X509(bio.get(), certificate);
  return content_of(bio.get());
}

std::string pem_of(EVP_PKEY* key) {
  Bio const bio(BIO_new(BIO_s_mem()));
  PEM_write_bio_PKCS8PrivateKey(bio.get(), key, nullptr, nullptr, 0, nullptr, nullptr);
  return content_of(bio.get());
}

Certificate read_certificate(std::string const& pem) {
  return Certificate(PEM_read_bio_X509(reading(pem).get(), nullptr, nullptr, nullptr));
}
Key read_key(std::string const& pem) {
  return Key(PEM_read_bio_PrivateKey(reading(pem).get(), nullptr, nullptr, nullptr));
}

bool add_extension(X509* certificate, X509* issuer, int kind, std::string const& value) {
  X509V3_CTX context;
  X509V3_set_ctx(&context, issuer, certificate, nullptr, nullptr, 0);
  auto* const extension = X509V3_EXT_conf_nid(nullptr, &context, kind, value.c_str());
  if (extension == nullptr) return false;
  bool const added = X509_add_ext(certificate, extension, -1) == 1;
  X509_EXTENSION_free(extension);
  return added;
}

Certificate blank(EVP_PKEY* key, std::string const& common_name, long seconds) {
  Certificate certificate(X509_new());
  X509_set_version(certificate.get(), 2);
  std::array<unsigned char, 16> serial{};
  RAND_bytes(serial.data(), static_cast<int>(serial.size()));
  serial[0] &= 0x7f;
  BIGNUM* const number = BN_bin2bn(serial.data(), static_cast<int>(serial.size()), nullptr);
  BN_to_ASN1_INTEGER(number, X509_get_serialNumber(certificate.get()));
  BN_free(number);
  X509_gmtime_adj(X509_getm_notBefore(certificate.get()), -kDay);  // clocks of browsers differ
  X509_gmtime_adj(X509_getm_notAfter(certificate.get()), seconds - kDay);
  X509_set_pubkey(certificate.get(), key);
  X509_NAME_add_entry_by_txt(X509_get_subject_name(certificate.get()), "CN", MBSTRING_UTF8,
                             reinterpret_cast<unsigned char const*>(common_name.c_str()), -1, -1, 0);
  return certificate;
}

struct Authority {
  Certificate certificate;
  Key key;
};

Result<Authority> authority_of(ServerCertificatePaths const& paths, std::string const& instance) {
  auto const certificate_pem = read_file(paths.authority_certificate);
  auto const key_pem = read_file(paths.authority_key);
  if (certificate_pem && key_pem) {
    auto const days = days_left(*certificate_pem);
    Authority found{read_certificate(*certificate_pem), read_key(*key_pem)};
    if (days && *days > 2 * 365 && found.certificate && found.key) return found;
  }
  Authority made{nullptr, new_key()};
  if (!made.key) return openssl_failed("make a key");
  made.certificate = blank(made.key.get(), "Oriel web " + instance, kAuthoritySeconds);
  auto* const certificate = made.certificate.get();
  X509_set_issuer_name(certificate, X509_get_subject_name(certificate));
  bool const good =
      add_extension(certificate, certificate, NID_basic_constraints, "critical,CA:TRUE,pathlen:0") &&
      add_extension(certificate, certificate, NID_key_usage, "critical,keyCertSign,cRLSign") &&
      add_extension(certificate, certificate, NID_subject_key_identifier, "hash") &&
      X509_sign(certificate, made.key.get(), EVP_sha256()) > 0;
  if (!good) return openssl_failed("sign the authority");
  auto const key_written = write_file(paths.authority_key, pem_of(made.key.get()), {0400, 0, 0});
  if (!key_written) return key_written.error();
  auto const written = write_file(paths.authority_certificate, pem_of(certificate), {0644, 0, 0});
  if (!written) return written.error();
  return made;
}

}  // namespace

Result<ServerLeaf> issue_server_certificate(ServerCertificatePaths const& paths, std::string const& instance,
                                            HostNames const& names) {
  auto authority = authority_of(paths, instance);
  if (!authority) return authority.error();
  auto const key = new_key();
  if (!key) return openssl_failed("make a key");
  auto const leaf = blank(key.get(), names.names.empty() ? "localhost" : names.names.back(), kLeafSeconds);
  X509_set_issuer_name(leaf.get(), X509_get_subject_name(authority->certificate.get()));
  std::string alternatives;
  for (auto const& name : names.names) alternatives += (alternatives.empty() ? "DNS:" : ",DNS:") + name;
  for (auto const& address : names.addresses)
    alternatives += (alternatives.empty() ? "IP:" : ",IP:") + address;
  auto* const issuer = authority->certificate.get();
  bool const good = add_extension(leaf.get(), issuer, NID_basic_constraints, "critical,CA:FALSE") &&
                    add_extension(leaf.get(), issuer, NID_key_usage, "critical,digitalSignature") &&
                    add_extension(leaf.get(), issuer, NID_ext_key_usage, "serverAuth") &&
                    add_extension(leaf.get(), issuer, NID_subject_key_identifier, "hash") &&
                    add_extension(leaf.get(), issuer, NID_authority_key_identifier, "keyid") &&
                    add_extension(leaf.get(), issuer, NID_subject_alt_name, alternatives) &&
                    X509_sign(leaf.get(), authority->key.get(), EVP_sha256()) > 0;
  if (!good) return openssl_failed("sign for " + alternatives);
  return ServerLeaf{pem_of(leaf.get()) + pem_of(issuer), pem_of(key.get())};
}

bool covers(std::string const& certificate_pem, HostNames const& names) {
  auto const certificate = read_certificate(certificate_pem);
  if (!certificate) return false;
  for (auto const& name : names.names) {
    if (X509_check_host(certificate.get(), name.c_str(), name.size(), 0, nullptr) != 1) return false;
  }
  for (auto const& address : names.addresses) {
    if (X509_check_ip_asc(certificate.get(), address.c_str(), 0) != 1) return false;
  }
  return true;
}

Result<long> days_left(std::string const& certificate_pem) {
  auto const certificate = read_certificate(certificate_pem);
  if (!certificate) return fail(Code::kInvalid, "not a PEM certificate");
  int days = 0;
  int seconds = 0;
  if (ASN1_TIME_diff(&days, &seconds, nullptr, X509_get0_notAfter(certificate.get())) != 1) {
    return openssl_failed("read the certificate's end");
  }
  return long{days};
}

Result<> key_fits_certificate(std::string const& certificate_pem, std::string const& key_pem) {
  auto const certificate = read_certificate(certificate_pem);
  if (!certificate) return fail(Code::kInvalid, "--cert is not a PEM certificate");
  auto const key = read_key(key_pem);
  if (!key) return fail(Code::kInvalid, "--key is not a PEM private key without a passphrase");
  if (X509_check_private_key(certificate.get(), key.get()) != 1) {
    ERR_clear_error();
    return fail(Code::kInvalid, "--key is not the key of --cert");
  }
  return {};
}

}  // namespace oriel::cli
