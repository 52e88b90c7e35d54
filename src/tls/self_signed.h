// SPDX-License-Identifier: Apache-2.0
//
// Makes a certificate that signs itself, for a first start without one of somebody's CA.
//
// Who connects cannot know it by a name he trusts: he pins it, by its fingerprint or as a CA file.

#pragma once

#include <string>
#include <vector>

#include "base/result.h"

namespace nearcast::tls {

struct SelfSignedFiles {
    std::string certificate;  // PEM, readable by all.
    std::string key;          // PEM, readable by its owner alone.
};

// Writes both files, which must not be there. ECDSA P-256, for ten years: nothing renews it.
// `names` are host names and addresses. Returns the SHA-256 fingerprint, as AA:BB:...
[[nodiscard]] base::Result<std::string> make_self_signed(const SelfSignedFiles& files,
                                                         const std::vector<std::string>& names);

// Those of `names` that the first certificate in a PEM file does not bear.
[[nodiscard]] base::Result<std::vector<std::string>> names_lacking_in(
    const std::string& certificate, const std::vector<std::string>& names);

}  // namespace nearcast::tls
