// SPDX-License-Identifier: Apache-2.0

#include "dnssec/dnskey.h"

#include <algorithm>
#include <array>

#include "base/bytes.h"
#include "dns/ascii.h"
#include "dns/name.h"
#include "dnssec/digest.h"

namespace nearcast::dnssec {
namespace {

constexpr size_t kKeyAt = 4;       // Behind flags, protocol, algorithm.
constexpr size_t kDsHeadSize = 4;  // Key tag, algorithm, type of the digest.
constexpr uint8_t kDsSha1 = 1;

}  // namespace

std::optional<Dnskey> read_dnskey(std::span<const uint8_t> rdata) {
    if (rdata.size() < kKeyAt) return std::nullopt;
    return Dnskey{base::load_u16(rdata.data()), rdata[2], rdata[3], rdata.subspan(kKeyAt)};
}

std::vector<uint8_t> dnskey_rdata(uint16_t flags, Algorithm algorithm,
                                  std::span<const uint8_t> public_key) {
    std::vector<uint8_t> rdata(kKeyAt + public_key.size());
    base::store_u16(rdata.data(), flags);
    rdata[2] = kDnskeyProtocol;
    rdata[3] = static_cast<uint8_t>(algorithm);
    std::ranges::copy(public_key, rdata.begin() + kKeyAt);
    return rdata;
}

uint16_t key_tag(std::span<const uint8_t> dnskey_rdata) {
    uint32_t sum = 0;
    for (size_t i = 0; i < dnskey_rdata.size(); ++i) {
        sum += i % 2 == 0 ? static_cast<uint32_t>(dnskey_rdata[i]) << 8 : dnskey_rdata[i];
    }
    return static_cast<uint16_t>(sum + (sum >> 16));
}

// RFC 4034 §5.1.4: over the owner in its canonical form and the rdata of the key.
std::vector<uint8_t> ds_rdata(std::span<const uint8_t> owner, std::span<const uint8_t> dnskey_rdata,
                              DsDigest digest) {
    const DigestKind kind = digest == DsDigest::Sha256 ? DigestKind::Sha256 : DigestKind::Sha384;
    std::vector<uint8_t> rdata(kDsHeadSize + digest_size(kind));
    base::store_u16(rdata.data(), key_tag(dnskey_rdata));
    rdata[2] = dnskey_rdata[3];
    rdata[3] = static_cast<uint8_t>(digest);
    std::array<uint8_t, dns::kNameSizeMax> lowered{};
    dns::lower_copy(owner, lowered.data());
    Digest hash(kind);
    hash.add(std::span(lowered).first(owner.size()));
    hash.add(dnskey_rdata);
    hash.finish(std::span(rdata).subspan(kDsHeadSize));
    return rdata;
}

bool is_ds_of(std::span<const uint8_t> ds, std::span<const uint8_t> owner,
              std::span<const uint8_t> dnskey) {
    if (ds.size() < kDsHeadSize || dnskey.size() < 4) return false;
    if (ds[3] != kDsSha1) {
        const auto digest = static_cast<DsDigest>(ds[3]);
        return (digest == DsDigest::Sha256 || digest == DsDigest::Sha384) &&
               std::ranges::equal(ds_rdata(owner, dnskey, digest), ds);
    }
    std::array<uint8_t, dns::kNameSizeMax> lowered{};
    dns::lower_copy(owner, lowered.data());
    std::array<uint8_t, kSha1Size> hash{};
    sha1(std::span(lowered).first(owner.size()), dnskey, hash);
    return base::load_u16(ds.data()) == key_tag(dnskey) && ds[2] == dnskey[3] &&
           std::ranges::equal(ds.subspan(kDsHeadSize), hash);
}

std::vector<uint8_t> cds_delete_rdata() { return {0, 0, 0, 0, 0}; }

std::vector<uint8_t> cdnskey_delete_rdata() { return {0, 0, kDnskeyProtocol, 0, 0}; }

}  // namespace nearcast::dnssec
