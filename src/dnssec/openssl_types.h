// SPDX-License-Identifier: Apache-2.0
//
// Ownership of what OpenSSL allocates. Included by sources alone, never by a header.

#pragma once

#include <cstdlib>
#include <memory>
#include <string>

#include <openssl/bio.h>
#include <openssl/bn.h>
#include <openssl/ec.h>
#include <openssl/err.h>
#include <openssl/evp.h>

#include "base/free_with.h"
#include "base/result.h"

namespace nearcast::dnssec {

using OwnedPkey = std::unique_ptr<EVP_PKEY, base::FreeWith<EVP_PKEY_free>>;
using OwnedPkeyContext = std::unique_ptr<EVP_PKEY_CTX, base::FreeWith<EVP_PKEY_CTX_free>>;
using OwnedMdContext = std::unique_ptr<EVP_MD_CTX, base::FreeWith<EVP_MD_CTX_free>>;
using OwnedCipherContext = std::unique_ptr<EVP_CIPHER_CTX, base::FreeWith<EVP_CIPHER_CTX_free>>;
using OwnedBio = std::unique_ptr<BIO, base::FreeWith<BIO_free_all>>;
using OwnedNumber = std::unique_ptr<BIGNUM, base::FreeWith<BN_free>>;
using OwnedEcdsaSignature = std::unique_ptr<ECDSA_SIG, base::FreeWith<ECDSA_SIG_free>>;

// `what`, with the reason that the library gives for its last failure.
[[nodiscard]] inline std::unexpected<base::Error> fail_openssl(std::string what,
                                                               std::string hint = {}) {
    const char* const reason = ERR_reason_error_string(ERR_peek_last_error());
    ERR_clear_error();
    if (reason != nullptr) what += std::string(": ") + reason;
    return base::fail(std::move(what), std::move(hint));
}

}  // namespace nearcast::dnssec
