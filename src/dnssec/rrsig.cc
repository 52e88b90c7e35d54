// SPDX-License-Identifier: Apache-2.0

#include "dnssec/rrsig.h"

#include "base/bytes.h"
#include "dns/ascii.h"
#include "dns/name.h"

namespace nearcast::dnssec {
namespace {

constexpr size_t kSignerAt = 18;  // Behind what has a fixed size (RFC 4034 §3.1).

}  // namespace

std::optional<Rrsig> read_rrsig(std::span<const uint8_t> rdata) {
    if (rdata.size() < kSignerAt) return std::nullopt;
    const size_t signer_size = dns::name_size(rdata.subspan(kSignerAt));
    if (signer_size == 0) return std::nullopt;
    return Rrsig{
        .covered = static_cast<dns::RRType>(base::load_u16(rdata.data())),
        .algorithm = rdata[2],
        .labels = rdata[3],
        .ttl = base::load_u32(&rdata[4]),
        .life = {.inception = base::load_u32(&rdata[12]), .expiration = base::load_u32(&rdata[8])},
        .key_tag = base::load_u16(&rdata[16]),
        .signer = rdata.subspan(kSignerAt, signer_size),
        .signature = rdata.subspan(kSignerAt + signer_size)};
}

SetSigner::SetSigner(const ZoneKey& key, std::span<const uint8_t> zone)
    : signer_(key.private_key()),
      algorithm_(key.algorithm()),
      key_tag_(key.key_tag()),
      zone_(zone.size()) {
    dns::lower_copy(zone, zone_.data());
}

// RFC 4034 §3.1.8.1: the RRSIG's own data up to the signature, then the records.
bool SetSigner::sign(const CanonicalSet& set, SignatureLife life, std::vector<uint8_t>& rdata) {
    const size_t begin = rdata.size();
    rdata.resize(begin + kSignerAt);
    uint8_t* const head = rdata.data() + begin;
    base::store_u16(head, static_cast<uint16_t>(set.type()));
    head[2] = static_cast<uint8_t>(algorithm_);
    head[3] = set.labels();
    base::store_u32(head + 4, set.ttl());
    base::store_u32(head + 8, life.expiration);
    base::store_u32(head + 12, life.inception);
    base::store_u16(head + 16, key_tag_);
    rdata.insert(rdata.end(), zone_.begin(), zone_.end());
    data_.assign(rdata.begin() + static_cast<long>(begin), rdata.end());
    data_.insert(data_.end(), set.records().begin(), set.records().end());
    if (signer_.sign(data_, rdata)) return true;
    rdata.resize(begin);
    return false;
}

bool is_signature_good(const CanonicalSet& set, std::span<const uint8_t> rrsig_rdata,
                       std::span<const uint8_t> dnskey_rdata) {
    const auto rrsig = read_rrsig(rrsig_rdata);
    if (!rrsig || dnskey_rdata.size() < 4 || rrsig->covered != set.type() ||
        rrsig->labels != set.labels() || rrsig->algorithm != dnskey_rdata[3] ||
        rrsig->key_tag != key_tag(dnskey_rdata)) {
        return false;
    }
    const auto head = rrsig_rdata.first(rrsig_rdata.size() - rrsig->signature.size());
    std::vector<uint8_t> data(head.begin(), head.end());
    dns::lower_copy(rrsig->signer, data.data() + kSignerAt);
    data.insert(data.end(), set.records().begin(), set.records().end());
    return is_signed_by(dnskey_rdata, data, rrsig->signature);
}

}  // namespace nearcast::dnssec
