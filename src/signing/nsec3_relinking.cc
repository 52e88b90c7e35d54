// SPDX-License-Identifier: Apache-2.0

#include "signing/nsec3_relinking.h"

#include <cassert>
#include <string>

#include "dns/name.h"
#include "zone/hashed_name.h"

namespace nearcast::signing {

using dnssec::Nsec3Hash;

namespace {

// What stands behind the next hash in an NSEC3.
std::vector<uint8_t> types_in(const zone::Node& node, size_t head_size) {
    const OwnedSets sets = read_sets(node);
    const OwnedSet* const set = find_set(sets, dns::RRType::NSEC3);
    const auto& rdata = set->records.front();
    return {rdata.begin() + static_cast<long>(head_size + dnssec::kNsec3HashSize), rdata.end()};
}

Nsec3Hash all_bytes(uint8_t byte) {
    Nsec3Hash hash;
    hash.fill(byte);
    return hash;
}

}  // namespace

zone::Node Nsec3Relinking::node_of(const Nsec3Hash& hash) const {
    return zone::find_any(zone_, nsec3_owner(hash, apex_));
}

std::optional<Nsec3Hash> Nsec3Relinking::untouched(const Nsec3Hash& from, bool is_forward) const {
    const zone::NodeOrder chain = zone_.nsec3_chain();
    auto place = chain.after(nsec3_owner(from, apex_));
    for (;;) {
        const zone::Node node = is_forward ? chain.next(place) : chain.previous(place);
        if (!node) return std::nullopt;
        const auto hash = dnssec::read_owner_hash(node.owner());
        if (hash && !is_touched(*hash)) return hash;
    }
}

Nsec3Hash Nsec3Relinking::next(const Nsec3Hash& hash) const {
    const auto touched = [this](auto at) -> std::optional<Nsec3Hash> {
        while (at != links_.end() && !at->second.types) ++at;
        return at == links_.end() ? std::nullopt : std::optional(at->first);
    };
    const auto nearer = [](std::optional<Nsec3Hash> a, std::optional<Nsec3Hash> b) {
        return !a || (b && *b < *a) ? b : a;
    };
    auto found = nearer(touched(links_.upper_bound(hash)), untouched(hash, true));
    if (!found) found = nearer(touched(links_.begin()), untouched(all_bytes(0), true));
    assert(found);  // The link itself, if there is no other.
    return *found;
}

std::optional<Nsec3Hash> Nsec3Relinking::previous(const Nsec3Hash& hash) const {
    const auto touched = [this](auto at) -> std::optional<Nsec3Hash> {
        while (at != links_.begin()) {
            --at;
            if (at->second.types) return at->first;
        }
        return std::nullopt;
    };
    const auto nearer = [](std::optional<Nsec3Hash> a, std::optional<Nsec3Hash> b) {
        return !a || (b && *b > *a) ? b : a;
    };
    const auto found = nearer(touched(links_.lower_bound(hash)), untouched(hash, false));
    return found ? found : nearer(touched(links_.end()), untouched(all_bytes(UINT8_MAX), false));
}

void Nsec3Relinking::touch(const Nsec3Hash& hash) {
    if (is_touched(hash)) return;
    const zone::Node node = node_of(hash);
    links_.emplace(hash, Link{node, types_in(node, nsec3_head(plan_.denial).size())});
}

base::Result<void> Nsec3Relinking::find(const TouchedNames& names) {
    std::vector<Nsec3Hash> turned;
    for (const auto& [name, touched] : names.names()) {
        if (!touched.had_link && !touched.has_link) continue;
        const zone::HashedName hashed(name);
        const auto hash = dnssec::nsec3_hash(parameters_of(plan_.denial), hashed.wire());
        Link link{.node = node_of(hash), .types = std::nullopt};
        if (touched.has_link) {
            append_link_types(touched.sets, touched.standing, plan_.denial, link.types.emplace());
        }
        if (!links_.emplace(hash, std::move(link)).second) {
            return base::fail(
                "two names of the zone have one NSEC3 hash, one is " + dns::to_text(name),
                "sign it with NSEC, or with another salt");
        }
        if (touched.had_link != touched.has_link) turned.push_back(hash);
    }
    for (const Nsec3Hash& hash : turned) {
        if (const auto before = previous(hash)) touch(*before);
    }
    return {};
}

std::vector<uint8_t> Nsec3Relinking::rdata_of(const Nsec3Hash& hash, const Link& link) const {
    std::vector<uint8_t> rdata = nsec3_head(plan_.denial);
    const Nsec3Hash behind = next(hash);
    rdata.insert(rdata.end(), behind.begin(), behind.end());
    rdata.insert(rdata.end(), link.types->begin(), link.types->end());
    return rdata;
}

}  // namespace nearcast::signing
