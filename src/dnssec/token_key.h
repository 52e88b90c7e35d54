// SPDX-License-Identifier: Apache-2.0
//
// Keys in PKCS#11 tokens, through OpenSSL's engine "pkcs11". For the sources of this module.

#pragma once

#include <string>

#include "base/result.h"

struct evp_pkey_st;

namespace nearcast::dnssec {

// The key that the URI names, for the caller to free. Any thread. The first module that is named
// stays the one: a process uses the library of one maker of tokens.
[[nodiscard]] base::Result<evp_pkey_st*> load_token_key(const std::string& module,
                                                        const std::string& uri);

}  // namespace nearcast::dnssec
