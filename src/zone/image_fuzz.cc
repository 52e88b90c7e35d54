// SPDX-License-Identifier: Apache-2.0

// Property: an image with any byte changed, cut short or put together at will is refused. Where the
// checksum is made to fit, it is refused too, or else no reader is led out of it.

#include <algorithm>
#include <cstdlib>
#include <cstring>

#include "zone/compile.h"
#include "zone/image_records.h"

namespace {

using nearcast::zone::ImageBlock;
using nearcast::zone::ImageFault;

constexpr const char* kZones[] = {
    "@ 60 IN SOA ns h 1 2 3 4 5\n@ 60 IN NS ns\nns 60 IN A 192.0.2.1\n*.w 60 IN TXT x\n@ 60 IN MX "
    "1 ns\n@ 60 IN MX 2 mx.ns\n@ 60 IN NSEC ns NS SOA MX\nns 60 IN NSEC *.w A\n*.w 60 IN NSEC @ "
    "TXT\n",
    // Cuts, a DNAME, what they hide, and a chain of NSEC3 that has one link.
    "@ 60 IN SOA ns h 1 2 3 4 5\n@ 60 IN NS ns\nns 60 IN A 192.0.2.1\nsub 60 IN NS ns.sub\nns.sub "
    "60 IN A 192.0.2.2\nd 60 IN DNAME e.\nx.d 60 IN TXT x\n@ 60 IN NSEC3PARAM 1 0 0 -\n"
    "0p9mhaveqvm6t7vbl5lop2u3t2rp3tom 60 IN NSEC3 1 0 0 - 0p9mhaveqvm6t7vbl5lop2u3t2rp3tom NS\n"};

std::span<const uint8_t> good_image(size_t number) {
    static auto* const zones = [] {
        auto* const compiled = new std::vector<nearcast::zone::CompiledZone>;
        for (const char* text : kZones) {
            compiled->push_back(
                nearcast::zone::compile_zone_text(*nearcast::dns::parse_name("example."), text));
        }
        return compiled;
    }();
    return (*zones)[number].image.bytes();
}

void require(bool holds) {
    if (!holds) std::abort();
}

// What an answer takes from a node without a look whether it is there.
void read_node(const nearcast::zone::Version& version, const nearcast::zone::Node& node) {
    using nearcast::dns::RRType;
    namespace zone = nearcast::zone;
    require(!node.has(zone::kDelegation) || node.find(RRType::NS));
    require(!node.has(zone::kDname) || node.find(RRType::DNAME));
    if (node.has(zone::kOccluded)) {
        const zone::Node above = version.hidden_by(node);
        require(above && (above.has(zone::kDelegation) || above.has(zone::kDname)));
        return;
    }
    if (const zone::Node wildcard = version.wildcard(node)) require(!wildcard.owner().empty());
    if (!version.has_nsec3()) return;
    for (const auto& proof : {version.nsec3_of(node), version.nsec3_of_wildcard(node)}) {
        if (proof.node && proof.node.owner().empty()) std::abort();
    }
}

void read_all(const nearcast::zone::Image& image) {
    const nearcast::zone::Version version(image);
    nearcast::zone::ImageRecords records(version);
    nearcast::zone::RecordView record;
    while (records.next(record)) {
        const nearcast::zone::HashedName name(record.owner);
        nearcast::zone::NodeOrder order = version.names();
        nearcast::zone::NodeOrder::Place place = order.after(record.owner);
        // Keys that are not the names' may lead in front of the first, and no further.
        const auto before = order.previous(place);
        if (before && before.owner().empty()) std::abort();
        const auto node = version.find(name.hash(), name.wire());
        if (!node) continue;
        read_node(version, node);
        for (const auto& entry : node.rrsets()) {
            const auto rrset = node.rrset(entry);
            for (const auto& link : rrset.links()) {
                const auto target = version.target(node, rrset, link);
                if (target && target.owner().empty()) std::abort();
            }
        }
    }
}

// `changes`: pairs of a place (two bytes) and a value; what is left over says how much to cut off.
void change(std::span<const uint8_t> good, std::span<const uint8_t> changes) {
    ImageBlock block = ImageBlock::allocate(good.size());
    std::ranges::copy(good, block.bytes().begin());
    for (; changes.size() >= 3; changes = changes.subspan(3)) {
        const size_t place = (size_t{changes[0]} << 8 | changes[1]) % good.size();
        block.bytes()[place] = changes[2];
    }
    auto& header = *reinterpret_cast<nearcast::zone::ImageHeader*>(block.bytes().data());
    const size_t cut = changes.empty() ? 0 : std::min<size_t>(changes[0], good.size());
    const auto bytes = std::span<const uint8_t>(block.bytes()).first(good.size() - cut);
    const bool is_whole = nearcast::zone::verify_image(bytes) == ImageFault::None;
    require(is_whole == std::ranges::equal(bytes, good));
    header.checksum = nearcast::zone::image_checksum(block.bytes());
    if (nearcast::zone::verify_image(block.bytes()) == ImageFault::None) read_all(block.image());
}

}  // namespace

extern "C" int LLVMFuzzerTestOneInput(const uint8_t* data, size_t size) {
    for (size_t zone = 0; zone < std::size(kZones); ++zone) change(good_image(zone), {data, size});
    return 0;
}
