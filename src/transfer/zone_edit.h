// SPDX-License-Identifier: Apache-2.0
//
// A zone as an update sees it while it is carried out: as it was, with what was changed so far.
//
// Only the names that are touched are copied, each when it is first looked at. changes() gives the
// difference in the end. Used by one thread.

#pragma once

#include <cstdint>
#include <functional>
#include <map>
#include <span>
#include <string>
#include <utility>
#include <vector>

#include "dns/name.h"
#include "dns/rr_type.h"
#include "zone/changeset.h"
#include "zone/version.h"

namespace nearcast::transfer {

class ZoneEdit {
 public:
    struct Datum {
        uint32_t ttl = 0;
        std::vector<uint8_t> rdata;
        std::vector<uint8_t> folded;  // Names in lower case: what decides whether two are the same.
    };
    using Set = std::vector<Datum>;
    // Signatures are a set of their own, of type RRSIG. None is empty.
    using Node = std::map<dns::RRType, Set>;

    // Gives what was at a name; empty when nothing was.
    using Source = std::function<Node(const dns::Name& owner)>;

    // The images of the version outlive it.
    explicit ZoneEdit(const zone::Version& version);
    explicit ZoneEdit(Source source) : source_(std::move(source)) {}

    // What is at the name now. Stays where it is; empty when nothing is there.
    [[nodiscard]] const Node& at(const dns::Name& owner) { return open(owner).now; }
    // Null when there is none.
    [[nodiscard]] const Set* find(const dns::Name& owner, dns::RRType type);

    // Adds a record, in place of one with the same data. The whole set takes its TTL.
    void put(const dns::Name& owner, dns::RRType type, uint32_t ttl,
             std::span<const uint8_t> rdata);
    // Makes this the only record of its type.
    void replace(const dns::Name& owner, dns::RRType type, uint32_t ttl,
                 std::span<const uint8_t> rdata);
    void remove_set(const dns::Name& owner, dns::RRType type) { open(owner).now.erase(type); }
    // All sets but those of the types to `keep`.
    void remove_all(const dns::Name& owner, std::span<const dns::RRType> keep);
    void remove(const dns::Name& owner, dns::RRType type, std::span<const uint8_t> rdata);

    // Whether anything differs from what was there.
    [[nodiscard]] bool has_changes() const;

    // A set that differs from what it was; null: there was none, or there is none.
    struct ChangedSet {
        const dns::Name& owner;
        dns::RRType type = dns::RRType::None;
        const Set* before = nullptr;
        const Set* now = nullptr;
    };
    // They point into this, and to what has not changed since.
    [[nodiscard]] std::vector<ChangedSet> changed_sets() const;

    // What leads from the zone as it was to the edited one; the SOA must differ.
    [[nodiscard]] zone::Changeset changes() const;

 private:
    struct Opened {
        dns::Name owner;
        Node before;
        Node now;
    };

    Opened& open(const dns::Name& owner);

    const Source source_;
    std::map<std::string, Opened> opened_;  // By the name in lower case.
};

}  // namespace nearcast::transfer
