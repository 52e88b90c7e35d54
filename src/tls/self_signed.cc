// SPDX-License-Identifier: Apache-2.0

#include "tls/self_signed.h"

#include <array>
#include <cerrno>
#include <memory>

#include <fcntl.h>
#include <openssl/evp.h>
#include <openssl/pem.h>
#include <openssl/rand.h>
#include <openssl/x509v3.h>
#include <sys/stat.h>
#include <unistd.h>

#include "base/address.h"
#include "base/fd.h"
#include "tls/openssl.h"

namespace nearcast::tls {
namespace {

using base::Result;

constexpr long kLifetime = 10L * 366 * 24 * 3600;
constexpr long kClockSkew = 24L * 3600;  // Clocks of clients that are behind ours.
constexpr size_t kSerialSize = 16;

using Key = std::unique_ptr<EVP_PKEY, base::FreeWith<EVP_PKEY_free>>;
using Memory = std::unique_ptr<BIO, base::FreeWith<BIO_free_all>>;
using Extension = std::unique_ptr<X509_EXTENSION, base::FreeWith<X509_EXTENSION_free>>;
using Number = std::unique_ptr<BIGNUM, base::FreeWith<BN_free>>;

bool add_extension(X509* certificate, int kind, const std::string& value) {
    X509V3_CTX context;
    X509V3_set_ctx_nodb(&context);
    X509V3_set_ctx(&context, certificate, certificate, nullptr, nullptr, 0);
    const Extension extension(X509V3_EXT_conf_nid(nullptr, &context, kind, value.c_str()));
    return extension && X509_add_ext(certificate, extension.get(), -1) == 1;
}

std::string alternative_names(const std::vector<std::string>& names) {
    std::string text;
    for (const std::string& name : names) {
        if (!text.empty()) text += ',';
        text += (base::parse_ip_address(name) ? "IP:" : "DNS:") + name;
    }
    return text;
}

bool set_serial(X509* certificate) {
    std::array<unsigned char, kSerialSize> bytes{};
    if (RAND_bytes(bytes.data(), static_cast<int>(bytes.size())) != 1) return false;
    bytes[0] &= 0x7FU;  // Positive.
    const Number number(BN_bin2bn(bytes.data(), static_cast<int>(bytes.size()), nullptr));
    return number &&
           BN_to_ASN1_INTEGER(number.get(), X509_get_serialNumber(certificate)) != nullptr;
}

CertificatePointer make_certificate(EVP_PKEY* key, const std::vector<std::string>& names) {
    CertificatePointer certificate(X509_new());
    X509* const x509 = certificate.get();
    if (x509 == nullptr || X509_set_version(x509, 2) != 1 || !set_serial(x509)) return nullptr;
    X509_gmtime_adj(X509_getm_notBefore(x509), -kClockSkew);
    X509_gmtime_adj(X509_getm_notAfter(x509), kLifetime);
    X509_NAME* const subject = X509_get_subject_name(x509);
    const auto* const common = reinterpret_cast<const unsigned char*>("nearcast-control");
    bool is_good = X509_NAME_add_entry_by_txt(subject, "CN", MBSTRING_ASC, common, -1, -1, 0) == 1;
    is_good = is_good && X509_set_issuer_name(x509, subject) == 1;
    is_good = is_good && X509_set_pubkey(x509, key) == 1;
    is_good = is_good && add_extension(x509, NID_subject_alt_name, alternative_names(names));
    is_good = is_good && add_extension(x509, NID_basic_constraints, "critical,CA:FALSE");
    is_good = is_good && X509_sign(x509, key, EVP_sha256()) > 0;
    return is_good ? std::move(certificate) : nullptr;
}

Result<void> write_file(const std::string& path, BIO* text, mode_t mode) {
    const base::Fd file(::open(path.c_str(), O_WRONLY | O_CREAT | O_EXCL | O_CLOEXEC, mode));
    if (!file) return base::fail_errno("cannot make " + path, errno);
    char* data = nullptr;
    const long size = BIO_get_mem_data(text, &data);
    if (::write(file.get(), data, static_cast<size_t>(size)) != size || ::fsync(file.get()) != 0) {
        return base::fail_errno("cannot write " + path, errno);
    }
    return {};
}

std::string fingerprint_of(X509* certificate) {
    std::array<unsigned char, EVP_MAX_MD_SIZE> digest{};
    unsigned size = 0;
    if (X509_digest(certificate, EVP_sha256(), digest.data(), &size) != 1) return {};
    constexpr std::string_view kDigits = "0123456789ABCDEF";
    std::string text;
    for (unsigned i = 0; i < size; ++i) {
        if (i > 0) text += ':';
        text += {kDigits[digest[i] >> 4U], kDigits[digest[i] & 15U]};
    }
    return text;
}

}  // namespace

Result<std::string> make_self_signed(const SelfSignedFiles& files,
                                     const std::vector<std::string>& names) {
    const Key key(EVP_EC_gen("P-256"));
    const CertificatePointer certificate = key ? make_certificate(key.get(), names) : nullptr;
    const Memory key_text(BIO_new(BIO_s_mem()));
    const Memory text(BIO_new(BIO_s_mem()));
    if (!certificate || !key_text || !text ||
        PEM_write_bio_PrivateKey(key_text.get(), key.get(), nullptr, nullptr, 0, nullptr,
                                 nullptr) != 1 ||
        PEM_write_bio_X509(text.get(), certificate.get()) != 1) {
        return base::fail("cannot make a certificate of our own");
    }
    auto done = write_file(files.key, key_text.get(), S_IRUSR | S_IWUSR);
    if (done) {
        done = write_file(files.certificate, text.get(), S_IRUSR | S_IWUSR | S_IRGRP | S_IROTH);
    }
    if (!done) return std::unexpected(done.error());
    return fingerprint_of(certificate.get());
}

}  // namespace nearcast::tls
