// SPDX-License-Identifier: Apache-2.0

#include "zone/zone_digest.h"

#include <algorithm>
#include <array>
#include <tuple>

#include "base/bytes.h"
#include "dns/ascii.h"
#include "dnssec/canonical_rdata.h"

namespace nearcast::zone {
namespace {

using dns::RRType;
using Node = ZoneDraft::Node;

class Digester {
 public:
    Digester(const ZoneDraft& draft, dnssec::DigestKind kind)
        : draft_(draft), digest_(kind), size_(dnssec::digest_size(kind)) {}

    std::vector<uint8_t> run();

 private:
    struct Item {
        RRType type = RRType::None;
        uint32_t ttl = 0;
        std::vector<uint8_t> rdata;  // In canonical form.
    };

    void add_node(const Node& node);
    void collect(RRType type, std::span<const ZoneDraft::Datum> data);
    void add_item(std::span<const uint8_t> owner, const Item& item);

    const ZoneDraft& draft_;
    dnssec::Digest digest_;
    size_t size_;
    std::vector<Item> items_;  // Of the node whose turn it is.
};

void Digester::collect(RRType type, std::span<const ZoneDraft::Datum> data) {
    for (const ZoneDraft::Datum& datum : data) {
        items_.push_back({type, datum.ttl, dnssec::canonical_rdata(type, draft_.rdata(datum))});
    }
}

void Digester::add_item(std::span<const uint8_t> owner, const Item& item) {
    std::array<uint8_t, 10> fixed{};
    base::store_u16(fixed.data(), static_cast<uint16_t>(item.type));
    base::store_u16(fixed.data() + 2, static_cast<uint16_t>(dns::RRClass::IN));
    base::store_u32(fixed.data() + 4, item.ttl);
    base::store_u16(fixed.data() + 8, static_cast<uint16_t>(item.rdata.size()));
    digest_.add(owner);
    digest_.add(fixed);
    digest_.add(item.rdata);
}

// By type, signatures among them as the type that they are, then by data (RFC 8976 §3.3.1.3).
void Digester::add_node(const Node& node) {
    items_.clear();
    for (const ZoneDraft::Set& set : draft_.sets(node)) {
        if (set.type == RRType::ZONEMD && (node.flags & kApex) != 0) continue;
        collect(set.type, set.records());
        collect(RRType::RRSIG, set.signatures());
    }
    std::ranges::sort(items_, [](const Item& a, const Item& b) {
        return std::tie(a.type, a.rdata) < std::tie(b.type, b.rdata);
    });
    const auto name = draft_.name(node);
    std::array<uint8_t, dns::kNameSizeMax> owner{};
    dns::lower_copy(name, owner.data());
    for (const Item& item : items_) add_item(std::span(owner).first(name.size()), item);
}

// The draft has the nodes of NSEC3 behind all others; here each stands in its place.
std::vector<uint8_t> Digester::run() {
    const auto nodes = draft_.nodes();
    const auto middle = std::ranges::find_if(nodes, &Node::is_nsec3);
    auto other = nodes.begin();
    auto nsec3 = middle;
    while (other != middle || nsec3 != nodes.end()) {
        const bool takes_nsec3 =
            other == middle || (nsec3 != nodes.end() &&
                                dns::canonical_order(draft_.name(*nsec3), draft_.name(*other)) < 0);
        add_node(takes_nsec3 ? *nsec3++ : *other++);
    }
    std::vector<uint8_t> digest(size_);
    digest_.finish(digest);
    return digest;
}

}  // namespace

std::vector<uint8_t> zone_digest(const ZoneDraft& draft, dnssec::DigestKind kind) {
    return Digester(draft, kind).run();
}

}  // namespace nearcast::zone
