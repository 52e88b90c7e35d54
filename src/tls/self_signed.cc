// SPDX-License-Identifier: Apache-2.0

#include "tls/self_signed.h"

#include <array>

#include <openssl/pem.h>
#include <openssl/x509v3.h>
#include <sys/stat.h>

#include "base/address.h"
#include "base/read_file.h"
#include "tls/certificate_maker.h"

namespace nearcast::tls {
namespace {

using base::Result;

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
    const CertificateDraft draft{"nearcast-control", names, /*is_authority=*/false};
    const CertificatePointer certificate =
        key ? make_certificate(key.get(), draft, {nullptr, key.get()}) : nullptr;
    const std::string key_text = certificate ? pem_of_private(key.get()) : "";
    const std::string text = certificate ? pem_of(certificate.get()) : "";
    if (key_text.empty() || text.empty()) {
        return base::fail("cannot make a certificate of our own");
    }
    auto done = write_new_file(files.key, key_text, S_IRUSR | S_IWUSR);
    if (done) {
        done = write_new_file(files.certificate, text, S_IRUSR | S_IWUSR | S_IRGRP | S_IROTH);
    }
    if (!done) return std::unexpected(done.error());
    return fingerprint_of(certificate.get());
}

Result<std::vector<std::string>> names_lacking_in(const std::string& certificate,
                                                  const std::vector<std::string>& names) {
    const auto text = base::read_file(certificate);
    if (!text) return std::unexpected(text.error());
    const Memory bytes(BIO_new_mem_buf(text->data(), static_cast<int>(text->size())));
    const CertificatePointer read(PEM_read_bio_X509(bytes.get(), nullptr, nullptr, nullptr));
    ERR_clear_error();
    if (!read) return base::fail(certificate + " holds no certificate in PEM");
    std::vector<std::string> lacking;
    for (const std::string& name : names) {
        const bool is_borne =
            base::parse_ip_address(name)
                ? X509_check_ip_asc(read.get(), name.c_str(), 0) == 1
                : X509_check_host(read.get(), name.data(), name.size(), 0, nullptr) == 1;
        if (!is_borne) lacking.push_back(name);
    }
    return lacking;
}

}  // namespace nearcast::tls
