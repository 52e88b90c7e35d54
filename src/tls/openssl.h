// SPDX-License-Identifier: Apache-2.0
//
// OpenSSL's objects with owners, and its errors in words. Included by the sources of this folder
// only.

#pragma once

#include <memory>
#include <string>
#include <vector>

#include <openssl/bio.h>
#include <openssl/err.h>
#include <openssl/ssl.h>
#include <openssl/x509.h>

#include "base/free_with.h"
#include "base/result.h"
#include "tls/peer.h"

namespace nearcast::tls {

using ContextPointer = std::unique_ptr<SSL_CTX, base::FreeWith<SSL_CTX_free>>;
using SessionPointer = std::unique_ptr<SSL, base::FreeWith<SSL_free>>;
using CertificatePointer = std::unique_ptr<X509, base::FreeWith<X509_free>>;

// What makes a session: shared by all that came of it, and never changed.
struct ContextState {
    ContextPointer context;
    bool is_server = false;
    std::vector<unsigned char> protocols;  // Ours, as ALPN lists them.
    std::string server_name;    // Of a client: whom it wants to reach.
    bool is_address = false;    // That is an address, not a name.
    bool believes_cas = false;  // Of a client: a CA must have signed the certificate.
    std::vector<SpkiPin> pins;  // Of a client: when there are any, one must fit.
    // Of our own certificate; empty and zeros when there is none.
    std::string certificate;  // The file.
    int64_t begins_at = 0;    // In seconds since 1970.
    int64_t expires_at = 0;
};

[[nodiscard]] inline SpkiPin pin_of(const X509* certificate) {
    SpkiPin pin{};
    unsigned size = pin.size();
    uint8_t* key = nullptr;
    const int key_size = i2d_X509_PUBKEY(X509_get_X509_PUBKEY(certificate), &key);
    if (key_size > 0) {
        EVP_Digest(key, static_cast<size_t>(key_size), pin.data(), &size, EVP_sha256(), nullptr);
    }
    OPENSSL_free(key);
    return pin;
}

// Has `context` believe the CAs in the file `ca`; those that this system believes when it is empty;
// none at all without `believes_cas`.
[[nodiscard]] base::Result<void> believe(SSL_CTX* context, bool believes_cas,
                                         const std::string& ca);

// Of a server's certificate: a CA that is believed signed it, where that is asked, and it has a
// pinned key, where there are pins. The chain bears the error if it is not so.
[[nodiscard]] bool is_proved(X509_STORE_CTX* chain, bool believes_cas,
                             const std::vector<SpkiPin>& pins);

// Of an error that OpenSSL queued.
[[nodiscard]] inline std::string reason_of(unsigned long error) {
    if (ERR_SYSTEM_ERROR(error)) return "the connection broke";
    const char* const reason = ERR_reason_error_string(error);
    return reason == nullptr ? "an error without a name" : reason;
}

}  // namespace nearcast::tls
