// SPDX-License-Identifier: Apache-2.0
//
// The secrets shared with other servers, each under the name that messages call it by.

#pragma once

#include <string>
#include <string_view>
#include <vector>

#include "base/result.h"
#include "dns/name.h"
#include "transfer/hmac.h"

namespace nearcast::transfer {

struct TsigKey {
    dns::Name name = {};
    Hash hash = Hash::Sha256;
    std::vector<uint8_t> secret = {};
};

// The name that a hash has in TSIG records (RFC 8945 §6): hmac-sha256.
[[nodiscard]] const dns::Name& algorithm_name(Hash hash);

// "hmac-sha256", and for MD5 "hmac-md5".
[[nodiscard]] std::string_view to_text(Hash hash);

// "hmac-sha256", and for MD5 "hmac-md5", as keys are configured.
[[nodiscard]] base::Result<Hash> parse_algorithm(std::string_view text);

// Base64, as tsig-keygen and keymgr print it.
[[nodiscard]] base::Result<std::vector<uint8_t>> parse_secret(std::string_view text);

// Filled first, then only read, by any thread.
class TsigKeyring {
 public:
    // False when there is a key of this name already.
    [[nodiscard]] bool add(TsigKey key);
    // Those whose names it does not have yet; of several of one name, one.
    void add_all(std::vector<TsigKey> keys);

    // Null when there is none. Stays valid as long as nothing is added. Allocates nothing.
    [[nodiscard]] const TsigKey* find(const dns::Name& name) const;

    [[nodiscard]] bool is_empty() const { return keys_.empty(); }

 private:
    std::vector<TsigKey> keys_;  // In canonical order of their names.
};

}  // namespace nearcast::transfer
