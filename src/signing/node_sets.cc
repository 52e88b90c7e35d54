// SPDX-License-Identifier: Apache-2.0

#include "signing/node_sets.h"

#include <algorithm>
#include <string>

#include "base/bytes.h"
#include "dns/encoding.h"
#include "dns/name.h"
#include "dnssec/rrsig.h"
#include "dnssec/type_bitmap.h"
#include "zone/image_records.h"

namespace nearcast::signing {
namespace {

using dns::RRType;

constexpr size_t kSoaNumbersSize = 20;  // From the serial to the minimum.

void put(OwnedSets& sets, OwnedSet set) {
    if (set.records.empty()) return;
    const auto at = std::ranges::lower_bound(sets, set.type, {}, &OwnedSet::type);
    sets.insert(at, std::move(set));
}

}  // namespace

OwnedSets read_sets(const zone::Node& node) {
    OwnedSets sets;
    zone::NodeRecords records(node);
    zone::RecordView record;
    while (records.next(record)) {
        const bool is_signature = record.type == RRType::RRSIG && !sets.empty() &&
                                  dnssec::read_rrsig(record.rdata)->covered == sets.back().type;
        if (is_signature) {
            sets.back().signatures.emplace_back(record.rdata.begin(), record.rdata.end());
            continue;
        }
        if (sets.empty() || sets.back().type != record.type) {
            sets.push_back(
                {.type = record.type, .ttl = record.ttl, .records = {}, .signatures = {}});
        }
        sets.back().records.emplace_back(record.rdata.begin(), record.rdata.end());
    }
    return sets;
}

const OwnedSet* find_set(const OwnedSets& sets, RRType type) {
    const auto at = std::ranges::find(sets, type, &OwnedSet::type);
    return at == sets.end() ? nullptr : &*at;
}

Standing standing_of(const zone::Node& node, std::span<const uint8_t> apex) {
    return {.is_apex = node.owner().size() == apex.size(),
            .is_cut = node.has(zone::kDelegation),
            .is_occluded = node.has(zone::kOccluded)};
}

OwnedSets apex_sets(const OwnedSets& unsigned_sets, const SigningPlan& plan) {
    OwnedSets sets;
    for (const OwnedSet& set : unsigned_sets) {
        if (is_made_by_signer(set.type, true)) continue;
        sets.push_back({set.type, set.ttl, set.records, {}});
        if (set.type != RRType::SOA) continue;
        auto& soa = sets.back().records.front();
        base::store_u32(soa.data() + soa.size() - kSoaNumbersSize, plan.serial);
    }
    put(sets, {RRType::DNSKEY, plan.dnskey_ttl, plan.dnskeys, {}});
    put(sets, {RRType::CDS, plan.dnskey_ttl, plan.cds, {}});
    put(sets, {RRType::CDNSKEY, plan.dnskey_ttl, plan.cdnskeys, {}});
    if (plan.denial.uses_nsec3) {
        put(sets, {RRType::NSEC3PARAM, 0, {nsec3param_rdata(plan.denial)}, {}});
    }
    return sets;
}

uint32_t denial_ttl(const OwnedSets& apex) {
    const OwnedSet& soa = *find_set(apex, RRType::SOA);
    const auto& rdata = soa.records.front();
    return std::min(soa.ttl, base::load_u32(rdata.data() + rdata.size() - 4));
}

void append_link_types(const OwnedSets& sets, const Standing& standing, const Denial& denial,
                       std::vector<uint8_t>& rdata) {
    std::vector<RRType> types;
    bool has_signed = false;
    for (const OwnedSet& set : sets) {
        const bool is_signed = standing.signs(set.type);
        // Addresses at a cut are the child's (RFC 4035 §2.3).
        if (!is_signed && set.type != RRType::NS) continue;
        types.push_back(set.type);
        has_signed |= is_signed;
    }
    // An NSEC is itself signed; an NSEC3 stands at another name.
    const auto insert = [&types](RRType type) {
        types.insert(std::ranges::lower_bound(types, type), type);
    };
    if (has_signed || !denial.uses_nsec3) insert(RRType::RRSIG);
    if (!denial.uses_nsec3) insert(RRType::NSEC);
    dnssec::append_type_bitmap(types, rdata);
}

bool is_linked(bool has_ds, const Standing& standing, const Denial& denial) {
    const bool is_left_out = denial.uses_nsec3 && denial.opts_out && standing.is_cut && !has_ds;
    return !standing.is_occluded && !is_left_out;
}

std::vector<uint8_t> nsec3param_rdata(const Denial& denial) {
    constexpr size_t kSaltAt = 5;
    std::vector<uint8_t> rdata(kSaltAt + denial.salt.size());
    rdata[0] = dnssec::kNsec3Sha1;
    base::store_u16(&rdata[2], denial.iterations);
    rdata[kSaltAt - 1] = static_cast<uint8_t>(denial.salt.size());
    std::ranges::copy(denial.salt, rdata.begin() + kSaltAt);
    return rdata;
}

std::vector<uint8_t> nsec3_head(const Denial& denial) {
    auto rdata = nsec3param_rdata(denial);
    if (denial.opts_out) rdata[1] = dnssec::kNsec3OptOut;
    rdata.push_back(dnssec::kNsec3HashSize);
    return rdata;
}

dnssec::Nsec3Parameters parameters_of(const Denial& denial) {
    return {dnssec::kNsec3Sha1, 0, denial.iterations, denial.salt};
}

base::Result<void> check_denial(const Denial& denial, std::span<const uint8_t> apex) {
    constexpr size_t kHashLabelSize = 1 + 32;
    if (!denial.uses_nsec3 || apex.size() + kHashLabelSize <= dns::kNameSizeMax) return {};
    return base::fail("the zone's name is too long for NSEC3, which puts 33 octets in front of it",
                      "sign it with NSEC");
}

std::vector<uint8_t> nsec3_owner(const dnssec::Nsec3Hash& hash, std::span<const uint8_t> apex) {
    std::string label;
    dns::append_base32hex(hash, label);
    std::vector<uint8_t> owner;
    owner.reserve(1 + label.size() + apex.size());
    owner.push_back(static_cast<uint8_t>(label.size()));
    owner.insert(owner.end(), label.begin(), label.end());
    owner.insert(owner.end(), apex.begin(), apex.end());
    return owner;
}

}  // namespace nearcast::signing
