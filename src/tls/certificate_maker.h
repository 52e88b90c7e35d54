// SPDX-License-Identifier: Apache-2.0
//
// Makes certificates of ECDSA P-256 keys, and keeps them in files. Included by the sources of this
// folder only.

#pragma once

#include <memory>
#include <string>
#include <vector>

#include <openssl/evp.h>
#include <sys/types.h>

#include "base/free_with.h"
#include "base/result.h"
#include "tls/openssl.h"

namespace nearcast::tls {

using Key = std::unique_ptr<EVP_PKEY, base::FreeWith<EVP_PKEY_free>>;
using Memory = std::unique_ptr<BIO, base::FreeWith<BIO_free_all>>;

struct CertificateDraft {
    std::string common_name;
    std::vector<std::string> names;  // Host names and addresses; none for a CA.
    bool is_authority = false;
};

// Who signs it: a CA's certificate with its key.
struct Issuer {
    const X509* certificate = nullptr;  // Null: it signs itself.
    EVP_PKEY* key = nullptr;
};

// Of that key, for ten years: nothing renews it. Null when OpenSSL has no memory.
[[nodiscard]] CertificatePointer make_certificate(EVP_PKEY* key, const CertificateDraft& draft,
                                                  const Issuer& issuer);

// What was written to a BIO of memory.
[[nodiscard]] std::string text_of(BIO* memory);
// In PEM; empty when OpenSSL has no memory.
[[nodiscard]] std::string pem_of(X509* certificate);
[[nodiscard]] std::string pem_of_private(EVP_PKEY* key);
[[nodiscard]] std::string pem_of_public(EVP_PKEY* key);

// Writes a file that is not there.
[[nodiscard]] base::Result<void> write_new_file(const std::string& path, const std::string& text,
                                                mode_t mode);

}  // namespace nearcast::tls
