// SPDX-License-Identifier: Apache-2.0

#include "tls/certificate_maker.h"

#include <array>
#include <cerrno>

#include <fcntl.h>
#include <openssl/pem.h>
#include <openssl/rand.h>
#include <openssl/x509v3.h>
#include <sys/stat.h>
#include <unistd.h>

#include "base/address.h"
#include "base/fd.h"

namespace nearcast::tls {
namespace {

using base::Result;

constexpr long kLifetime = 10L * 366 * 24 * 3600;
constexpr long kClockSkew = 24L * 3600;  // Clocks of peers that are behind ours.
constexpr size_t kSerialSize = 16;

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

bool add_extensions(X509* certificate, const CertificateDraft& draft) {
    if (draft.is_authority) {
        return add_extension(certificate, NID_basic_constraints, "critical,CA:TRUE,pathlen:0") &&
               add_extension(certificate, NID_key_usage, "critical,keyCertSign");
    }
    return add_extension(certificate, NID_subject_alt_name, alternative_names(draft.names)) &&
           add_extension(certificate, NID_basic_constraints, "critical,CA:FALSE");
}

}  // namespace

CertificatePointer make_certificate(EVP_PKEY* key, const CertificateDraft& draft,
                                    const Issuer& issuer) {
    CertificatePointer certificate(X509_new());
    X509* const x509 = certificate.get();
    if (x509 == nullptr || X509_set_version(x509, 2) != 1 || !set_serial(x509)) return nullptr;
    X509_gmtime_adj(X509_getm_notBefore(x509), -kClockSkew);
    X509_gmtime_adj(X509_getm_notAfter(x509), kLifetime);
    X509_NAME* const subject = X509_get_subject_name(x509);
    const auto* const common = reinterpret_cast<const unsigned char*>(draft.common_name.c_str());
    bool is_good = X509_NAME_add_entry_by_txt(subject, "CN", MBSTRING_UTF8, common, -1, -1, 0) == 1;
    const X509_NAME* const issuer_name =
        issuer.certificate == nullptr ? subject : X509_get_subject_name(issuer.certificate);
    is_good = is_good && X509_set_issuer_name(x509, issuer_name) == 1;
    is_good = is_good && X509_set_pubkey(x509, key) == 1 && add_extensions(x509, draft);
    is_good = is_good && X509_sign(x509, issuer.key, EVP_sha256()) > 0;
    return is_good ? std::move(certificate) : nullptr;
}

std::string text_of(BIO* memory) {
    char* data = nullptr;
    const long size = memory == nullptr ? 0 : BIO_get_mem_data(memory, &data);
    return size > 0 ? std::string(data, static_cast<size_t>(size)) : std::string();
}

std::string pem_of(X509* certificate) {
    const Memory text(BIO_new(BIO_s_mem()));
    const bool is_written = text && PEM_write_bio_X509(text.get(), certificate) == 1;
    return is_written ? text_of(text.get()) : std::string();
}

std::string pem_of_private(EVP_PKEY* key) {
    const Memory text(BIO_new(BIO_s_mem()));
    const bool is_written = text && PEM_write_bio_PrivateKey(text.get(), key, nullptr, nullptr, 0,
                                                             nullptr, nullptr) == 1;
    return is_written ? text_of(text.get()) : std::string();
}

std::string pem_of_public(EVP_PKEY* key) {
    const Memory text(BIO_new(BIO_s_mem()));
    const bool is_written = text && PEM_write_bio_PUBKEY(text.get(), key) == 1;
    return is_written ? text_of(text.get()) : std::string();
}

Result<void> write_new_file(const std::string& path, const std::string& text, mode_t mode) {
    const base::Fd file(::open(path.c_str(), O_WRONLY | O_CREAT | O_EXCL | O_CLOEXEC, mode));
    if (!file) return base::fail_errno("cannot make " + path, errno);
    const auto size = static_cast<ssize_t>(text.size());
    if (::write(file.get(), text.data(), text.size()) != size || ::fsync(file.get()) != 0) {
        return base::fail_errno("cannot write " + path, errno);
    }
    return {};
}

}  // namespace nearcast::tls
