// SPDX-License-Identifier: Apache-2.0

// Property: no message makes a check read outside of it, nobody without the secret passes, and what
// is stripped of its TSIG has none.

#include <cstdlib>
#include <vector>

#include "transfer/tsig.h"

using namespace nearcast::transfer;

namespace {

TsigKey make_key() { return {*nearcast::dns::parse_name("k."), Hash::Sha256, {1, 2, 3, 4}}; }

TsigKeyring make_keys() {
    TsigKeyring keys;
    (void)keys.add(make_key());
    return keys;
}

}  // namespace

extern "C" int LLVMFuzzerTestOneInput(const uint8_t* data, size_t size) {
    static Hmac hmac;
    static const TsigKeyring keys = make_keys();
    static const TsigKey key = make_key();
    const std::span message(data, size);
    const auto offset = locate_tsig(message);
    if (!offset || size > nearcast::dns::kMessageSizeMax) return 0;

    TsigStream stream(key, Mac{});
    if (stream.check(message, 0) == TsigError::None) std::abort();
    if (*offset == 0) return 0;
    const TsigCheck check = check_request(hmac, keys, message, *offset, 0);
    if (check.error == TsigError::None) std::abort();
    if (check.error == TsigError::FormErr) return 0;

    std::vector<uint8_t> room(size + tsig_response_size(check));
    const size_t stripped = strip_tsig(message, check.record, room);
    const auto again = locate_tsig(std::span(room).first(stripped));
    if (!again || *again != 0) std::abort();
    const size_t response = sign_response(hmac, check, room, stripped, 0);
    if (locate_tsig(std::span(room).first(response)) != std::optional(stripped)) std::abort();
    return 0;
}
