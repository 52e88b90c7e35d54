// SPDX-License-Identifier: Apache-2.0

#include "zone/nsec3_chain.h"

#include <algorithm>
#include <array>

#include "zone/nsec3_links.h"

namespace nearcast::zone {
namespace {

using dns::RRType;
using dnssec::Nsec3Parameters;

bool is_usable(const Nsec3Parameters& parameters) {
    return parameters.algorithm == dnssec::kNsec3Sha1 && parameters.flags == 0 &&
           parameters.iterations <= dnssec::kNsec3IterationsMax;
}

// The record of the set that belongs to the chain; empty when there is none.
std::span<const uint8_t> record_of(const ZoneDraft& draft, const ZoneDraft::Set& set,
                                   const Nsec3Parameters& chain) {
    for (const ZoneDraft::Datum& datum : set.records()) {
        const auto rdata = draft.rdata(datum);
        const auto parameters = dnssec::read_nsec3_parameters(rdata);
        if (parameters && dnssec::is_same_chain(*parameters, chain)) return rdata;
    }
    return {};
}

std::vector<Nsec3Link> collect_links(const ZoneDraft& draft, const Nsec3Parameters& chain) {
    std::vector<Nsec3Link> links;
    for (uint32_t number = 0; number < draft.nodes().size(); ++number) {
        const ZoneDraft::Node& node = draft.nodes()[number];
        const ZoneDraft::Set* const set = draft.find(node, RRType::NSEC3);
        if (set == nullptr || record_of(draft, *set, chain).empty()) continue;
        const auto hash = dnssec::read_owner_hash(draft.name(node));
        if (hash) links.push_back({*hash, number});
    }
    std::ranges::sort(links, {}, &Nsec3Link::hash);
    return links;
}

bool is_whole(const ZoneDraft& draft, std::span<const Nsec3Link> links,
              const Nsec3Parameters& chain) {
    for (size_t i = 0; i < links.size(); ++i) {
        const ZoneDraft::Node& node = draft.nodes()[links[i].node];
        const auto rdata = record_of(draft, *draft.find(node, RRType::NSEC3), chain);
        const auto next = dnssec::read_next_hash(rdata);
        if (!next || *next != links[(i + 1) % links.size()].hash) return false;
    }
    return !links.empty();
}

// The hash of `name`, or of the wildcard below it when that is not too long to be a name.
class NameHasher {
 public:
    explicit NameHasher(const Nsec3Parameters& parameters) : parameters_(parameters) {}

    dnssec::Nsec3Hash hash(std::span<const uint8_t> name) {
        return dnssec::nsec3_hash(parameters_, lower(name, 0));
    }
    dnssec::Nsec3Hash hash_wildcard(std::span<const uint8_t> name) {
        lowered_[0] = 1;
        lowered_[1] = '*';
        return dnssec::nsec3_hash(parameters_, lower(name, 2));
    }

 private:
    std::span<const uint8_t> lower(std::span<const uint8_t> name, size_t at) {
        dns::lower_copy(name, lowered_.data() + at);
        return {lowered_.data(), at + name.size()};
    }

    Nsec3Parameters parameters_;
    std::array<uint8_t, 2 + dns::kNameSizeMax + 8> lowered_{};
};

}  // namespace

Nsec3Chain find_nsec3_chain(const ZoneDraft& draft) {
    Nsec3Chain best;
    const ZoneDraft::Set* const set = draft.find(draft.nodes().front(), RRType::NSEC3PARAM);
    if (set == nullptr) return best;
    for (const ZoneDraft::Datum& datum : set->records()) {
        const auto rdata = draft.rdata(datum);
        const auto parameters = dnssec::read_nsec3_parameters(rdata);
        if (!parameters || !is_usable(*parameters)) continue;
        Nsec3Chain chain{.parameters = rdata, .links = collect_links(draft, *parameters)};
        chain.is_whole = is_whole(draft, chain.links, *parameters);
        if (chain.is_whole) return chain;
        if (chain.links.size() > best.links.size()) best = std::move(chain);
    }
    return best;
}

std::vector<Nsec3Standing> find_nsec3_places(const ZoneDraft& draft, const Nsec3Chain& chain) {
    std::vector<Nsec3Standing> standings(draft.nodes().size());
    NameHasher hasher(*dnssec::read_nsec3_parameters(chain.parameters));
    for (size_t number = 0; number < standings.size(); ++number) {
        const ZoneDraft::Node& node = draft.nodes()[number];
        if (node.is_nsec3() || (node.flags & kOccluded) != 0) continue;
        const auto name = draft.name(node);
        const Nsec3Place own = find_nsec3_place(chain.links, hasher.hash(name));
        Nsec3Standing& standing = standings[number];
        standing = {.places = {own.link, own.link}, .is_provable = own.is_match};
        // Below these no name of the zone is denied by its wildcard.
        const bool is_end = (node.flags & (kDelegation | kDname)) != 0;
        if (is_end || name.size() + 2 > dns::kNameSizeMax) continue;
        standing.places.wildcard = find_nsec3_place(chain.links, hasher.hash_wildcard(name)).link;
    }
    return standings;
}

}  // namespace nearcast::zone
