// SPDX-License-Identifier: Apache-2.0

#include "tls/authority.h"

#include <iterator>
#include <utility>

#include <openssl/pem.h>
#include <sys/stat.h>
#include <unistd.h>

#include "base/read_file.h"
#include "tls/certificate_maker.h"

namespace nearcast::tls {
namespace {

using base::Result;

// Of a public key in PEM: RSA with 4096 bits has 800. More is not looked at.
constexpr size_t kPublicKeySizeMax = 4096;
constexpr int kSecurityBitsMin = 112;  // RSA with 2048 bits, any of the usual curves.

bool is_there(const std::string& path) { return ::access(path.c_str(), F_OK) == 0; }

Memory memory_of(const std::string& text) {
    return Memory(BIO_new_mem_buf(text.data(), static_cast<int>(text.size())));
}

Result<void> make_files(const SelfSignedFiles& files, const std::string& common_name) {
    const Key key(EVP_EC_gen("P-256"));
    const CertificateDraft draft{common_name, {}, /*is_authority=*/true};
    const CertificatePointer certificate =
        key ? make_certificate(key.get(), draft, {nullptr, key.get()}) : nullptr;
    if (!certificate) return base::fail("cannot make a certificate authority");
    auto done = write_new_file(files.key, pem_of_private(key.get()), S_IRUSR | S_IWUSR);
    if (!done) return done;
    return write_new_file(files.certificate, pem_of(certificate.get()),
                          S_IRUSR | S_IWUSR | S_IRGRP | S_IROTH);
}

}  // namespace

struct Authority::State {
    CertificatePointer certificate;
    Key key;
    std::string text;
};

Authority::Authority(std::unique_ptr<State> state) : state_(std::move(state)) {}
Authority::Authority(Authority&&) noexcept = default;
Authority& Authority::operator=(Authority&&) noexcept = default;
Authority::~Authority() = default;

const std::string& Authority::certificate() const { return state_->text; }

Result<Authority> Authority::open(const SelfSignedFiles& files, const std::string& common_name) {
    if (!is_there(files.certificate) && !is_there(files.key)) {
        if (auto made = make_files(files, common_name); !made) {
            return std::unexpected(made.error());
        }
    }
    const auto text = base::read_file(files.certificate);
    if (!text) return std::unexpected(text.error());
    const auto key_text = base::read_file(files.key);
    if (!key_text) return std::unexpected(key_text.error());
    auto state = std::make_unique<State>();
    state->text = *text;
    state->certificate.reset(PEM_read_bio_X509(memory_of(*text).get(), nullptr, nullptr, nullptr));
    state->key.reset(
        PEM_read_bio_PrivateKey(memory_of(*key_text).get(), nullptr, nullptr, nullptr));
    if (!state->certificate || !state->key ||
        X509_check_private_key(state->certificate.get(), state->key.get()) != 1) {
        return base::fail(
            files.certificate + " and " + files.key + " are not a certificate and its key",
            "restore both from a backup; or move both away, and have every node "
            "join again");
    }
    return Authority(std::move(state));
}

Result<Authority::Issued> Authority::issue(const std::string& public_key,
                                           const std::vector<std::string>& names) const {
    if (public_key.size() > kPublicKeySizeMax) return base::fail("the public key is too long");
    const Key key(PEM_read_bio_PUBKEY(memory_of(public_key).get(), nullptr, nullptr, nullptr));
    const bool is_fit = key && EVP_PKEY_can_sign(key.get()) == 1 &&
                        EVP_PKEY_get_security_bits(key.get()) >= kSecurityBitsMin;
    if (!is_fit) {
        ERR_clear_error();
        return base::fail("that is no public key in PEM, or one too weak for TLS",
                          "ECDSA P-256, or RSA with 2048 bits or more");
    }
    const CertificateDraft draft{names.front(), names, /*is_authority=*/false};
    const CertificatePointer certificate =
        make_certificate(key.get(), draft, {state_->certificate.get(), state_->key.get()});
    if (!certificate) return base::fail("cannot sign a certificate");
    return Issued{pem_of(certificate.get()), pin_of(certificate.get())};
}

Result<KeyPair> make_key_pair() {
    const Key key(EVP_EC_gen("P-256"));
    if (!key) return base::fail("cannot make a key");
    return KeyPair{pem_of_private(key.get()), pem_of_public(key.get())};
}

Result<SpkiPin> pin_of_file(const std::string& path) {
    const auto text = base::read_file(path);
    if (!text) return std::unexpected(text.error());
    const CertificatePointer certificate(
        PEM_read_bio_X509(memory_of(*text).get(), nullptr, nullptr, nullptr));
    if (!certificate) {
        ERR_clear_error();
        return base::fail(path + " holds no certificate in PEM");
    }
    return pin_of(certificate.get());
}

}  // namespace nearcast::tls
