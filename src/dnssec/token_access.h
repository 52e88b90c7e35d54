// SPDX-License-Identifier: Apache-2.0
//
// The PKCS#11 token that keys are made and kept in, and how it lets us in.

#pragma once

#include <optional>
#include <string>

#include "base/result.h"
#include "dnssec/algorithm.h"

namespace nearcast::dnssec {

struct TokenAccess {
    std::string module;    // The file of the token's library. Empty: there is no token.
    std::string label;     // Of the token.
    std::string pin_file;  // What is in it, up to the end of its first line, is the user's PIN.

    [[nodiscard]] bool is_there() const { return !module.empty(); }
    // Names the key with this label (RFC 7512), and has the PIN in it: not to be shown to anybody.
    // OpenSSL's engine could read the file too, but takes the end of its line for a part of the
    // PIN.
    [[nodiscard]] base::Result<std::string> uri(const std::string& key_label) const;
};

// Makes a pair of keys in the token, which never gives the private one out. RSA and ECDSA alone.
// Any thread; blocks for as long as the token needs.
[[nodiscard]] base::Result<void> make_token_key(const TokenAccess& token, Algorithm algorithm,
                                                const std::string& key_label);

// Why keys of the algorithm cannot be in the token, by what it lists of itself, and which can.
// Nothing when they can, when there is no token, or when it cannot be asked now. Any thread; needs
// no PIN.
[[nodiscard]] std::optional<base::Error> refusal_by(const TokenAccess& token, Algorithm algorithm);

}  // namespace nearcast::dnssec
