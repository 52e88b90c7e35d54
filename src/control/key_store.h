// SPDX-License-Identifier: Apache-2.0
//
// Where the keys of signed zones are kept, sealed, with how far their rollovers are.

#pragma once

#include <string>
#include <vector>

#include "base/result.h"
#include "dns/name.h"
#include "signing/rollover.h"

namespace nearcast::control {

struct StoredKey {
    signing::KeyNumber number = 0;
    dnssec::Algorithm algorithm = dnssec::Algorithm::EcdsaP256Sha256;
    signing::KeyRole role = signing::KeyRole::Csk;
    // PEM under the key file (dnssec/seal.h); empty for a token's key.
    std::vector<uint8_t> sealed;
    std::string token_label;  // Of a key in the PKCS#11 token.
};

struct StoredKeys {
    std::vector<StoredKey> keys;
    std::string rollover;  // signing/rollover_text.h; empty before the zone is signed at all.
};

class KeyStore {
 public:
    virtual ~KeyStore() = default;

    [[nodiscard]] virtual base::Result<StoredKeys> load(const dns::Name& zone) = 0;
    // A number that no key of any zone ever had; from 1.
    [[nodiscard]] virtual base::Result<signing::KeyNumber> take_number() = 0;

    struct Update {
        std::vector<StoredKey> added;
        std::vector<signing::KeyNumber> removed;
        std::string before;  // The rollover that was loaded, or saved last.
        std::string rollover;
    };
    // All of it or nothing; on the disk when it returns. Fails when the rollover in the store is
    // not `before`: another controller has moved it on.
    [[nodiscard]] virtual base::Result<void> save(const dns::Name& zone, const Update& update) = 0;
};

}  // namespace nearcast::control
