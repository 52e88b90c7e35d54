// SPDX-License-Identifier: Apache-2.0
//
// The records of a zone on their way into an image: collected in any order, then put in order.
//
// add() takes records as they come; arrange() sorts names canonically, groups records into RRsets,
// and says of each name what it is in the zone. What is wrong with the zone is for check_zone() to
// find. Used by one thread.

#pragma once

#include <cstdint>
#include <memory>
#include <span>
#include <vector>

#include "dns/record.h"
#include "zone/block_stock.h"
#include "zone/hashed_name.h"
#include "zone/image.h"

namespace nearcast::zone {

// Where a record was written; a file is a number that the loader gave it, zero if none.
struct SourceLine {
    uint32_t line = 0;
    uint16_t file = 0;
    uint16_t column = 0;  // 0: not known, or beyond what it can say.
};

class ZoneDraft {
 public:
    static constexpr uint32_t kNone = UINT32_MAX;

    struct Datum {
        uint64_t rdata_at = 0;
        uint32_t owner = 0;  // Before arrange(): the number of the name. After: of the node.
        uint32_t ttl = 0;
        SourceLine source;
        dns::RRType type = dns::RRType::None;  // Of a signature, the type that it covers.
        uint16_t rdata_size = 0;
        // An RRSIG; after arrange() only where what it covers is there.
        bool is_signature = false;
    };

    // Signatures over a type that the name does not have are records of a set of type RRSIG.
    struct Set {
        const Datum* first = nullptr;
        uint32_t record_count = 0;
        uint32_t signature_first = 0;  // From the first record on.
        uint32_t signature_count = 0;
        dns::RRType type = dns::RRType::None;
        bool had_mixed_ttls = false;
        bool had_repetitions = false;  // Of its records.

        // Without repetitions, never empty. All with one TTL, but for those of type RRSIG.
        [[nodiscard]] std::span<const Datum> records() const { return {first, record_count}; }
        // Each with its own TTL.
        [[nodiscard]] std::span<const Datum> signatures() const {
            return {first + signature_first, signature_count};
        }
        [[nodiscard]] SourceLine source() const { return first->source; }
    };

    struct Node {
        uint64_t hash = 0;
        uint64_t name_at = 0;
        uint32_t parent = kNone;     // A number in nodes(); the apex has none.
        uint32_t hidden_by = kNone;  // Occluded: the cut or DNAME above.
        uint32_t wildcard = kNone;   // The child *.owner.
        uint32_t set_first = 0;
        uint32_t set_count : 31 = 0;
        uint32_t is_link : 1 = 0;
        uint16_t flags = 0;  // NodeFlag
        uint8_t name_size = 0;
        uint8_t label_count = 0;

        // Holds nothing but a link of the NSEC3 chain: no name of the zone.
        [[nodiscard]] bool is_nsec3() const { return is_link != 0; }
    };

    // What is large lies in blocks of this stock, if there is one, and then belongs to its thread.
    explicit ZoneDraft(const dns::Name& apex, std::shared_ptr<BlockStock> stock = nullptr);
    // Sets refer to records by address.
    ZoneDraft(const ZoneDraft&) = delete;
    ZoneDraft& operator=(const ZoneDraft&) = delete;
    ZoneDraft(ZoneDraft&&) = default;
    ZoneDraft& operator=(ZoneDraft&&) = default;
    ~ZoneDraft() = default;

    // Room for what so many bytes of a zone file are likely to hold. More may come.
    void expect(size_t text_size);

    // False, and no change, when the owner is not in the zone. The rdata must be valid.
    [[nodiscard]] bool add(const dns::Record& record, SourceLine source);

    // Once, after the last add(). Everything below is meaningful from then on.
    void arrange();

    [[nodiscard]] const dns::Name& apex() const { return apex_; }
    // In canonical order, the apex first; parents before children.
    [[nodiscard]] std::span<const Node> nodes() const { return nodes_; }
    [[nodiscard]] std::span<const Set> sets(const Node& node) const {
        return std::span(sets_).subspan(node.set_first, node.set_count);
    }
    // Null when there is none.
    [[nodiscard]] const Set* find(const Node& node, dns::RRType type) const;
    [[nodiscard]] std::span<const uint8_t> name(const Node& node) const {
        return {bytes_.data() + node.name_at, node.name_size};
    }
    [[nodiscard]] std::span<const uint8_t> rdata(const Datum& datum) const {
        return {bytes_.data() + datum.rdata_at, datum.rdata_size};
    }
    // The number of the node named by the suffix of `name` that begins at `label`, or kNone.
    [[nodiscard]] uint32_t find_node(const HashedName& name, size_t label = 0) const;
    [[nodiscard]] bool is_in_zone(const HashedName& name) const;
    [[nodiscard]] size_t record_count() const { return data_.size(); }
    [[nodiscard]] size_t set_count() const { return sets_.size(); }
    [[nodiscard]] size_t byte_count() const { return bytes_.size(); }  // Of names and rdata.

 private:
    // The tag is of the hash: what differs in it needs no look at the node, which is far away.
    struct Slot {
        uint32_t number = kNone;
        uint32_t tag = 0;
    };

    [[nodiscard]] size_t table_place(uint64_t hash, std::span<const uint8_t> lowered) const;
    uint32_t intern(const HashedName& name, size_t label);
    void resize_table(size_t slots);  // A power of two.
    uint64_t store(std::span<const uint8_t> bytes);

    void mark_nsec3_nodes();
    void sort_nodes();
    void sort_data();
    void lay_out();
    void group(Node& node, std::span<Datum> data);
    static void set_apart_orphans(std::span<Datum> data);
    [[nodiscard]] std::span<Datum> without_repetitions(std::span<Datum> records) const;
    static void settle_ttl(Set& set, std::span<Datum> records);
    void classify();

    dns::Name apex_;
    HashedName apex_hashed_;
    std::shared_ptr<BlockStock> stock_;
    StockVector<uint8_t> bytes_;  // Names and rdata, end to end.
    StockVector<Node> nodes_;
    StockVector<Slot> table_;  // Open addressing: hash of a name to its number.
    StockVector<Datum> data_;
    StockVector<Set> sets_;
    HashedName owner_;  // Of the record added last: zone files tend to repeat it.
    uint32_t owner_number_ = kNone;
};

}  // namespace nearcast::zone
