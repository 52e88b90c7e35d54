// SPDX-License-Identifier: Apache-2.0

// Property: no DNSKEY and RRSIG, whatever their bytes, lead outside of them, and what was not
// signed is not taken for signed. The input is the size of the key, the key, the signature.

#include <algorithm>
#include <cstdlib>
#include <span>

#include "base/bytes.h"
#include "dnssec/rrsig.h"

extern "C" int LLVMFuzzerTestOneInput(const uint8_t* data, size_t size) {
    using namespace nearcast;
    if (size < 2) return 0;
    const std::span<const uint8_t> bytes(data + 2, size - 2);
    const auto key = bytes.first(std::min<size_t>(base::load_u16(data), bytes.size()));
    const auto rrsig = bytes.subspan(key.size());
    (void)dnssec::read_dnskey(key);
    (void)dnssec::key_tag(key);
    const std::vector<uint8_t> apex = {4, 't', 'e', 's', 't', 0};
    (void)dnssec::ds_rdata(apex, key.size() >= 4 ? key : std::span<const uint8_t>(apex),
                           dnssec::DsDigest::Sha256);
    const auto read = dnssec::read_rrsig(rrsig);
    dnssec::CanonicalSet set;
    set.begin(apex, read ? read->covered : dns::RRType::None, 60);
    set.finish();
    const bool is_good = dnssec::is_signature_good(set, rrsig, key);
    if (is_good && (!read || read->signature.empty())) std::abort();
    return 0;
}
