// SPDX-License-Identifier: Apache-2.0
//
// What one worker was asked about each zone.
//
//     hash of the apex ─► index ─► entry {hash, counts}      entries lie in the order of their
//                                                            first question
//
// A zone's entry is made by its first question and stays. All memory is reserved at start and costs
// nothing until it is used: 128 bytes for a zone that was asked, and a page of the index for each
// 1,024 of its places.

#pragma once

#include <array>
#include <atomic>
#include <cstddef>
#include <cstdlib>
#include <memory>
#include <span>

#include "base/prefetch.h"
#include "base/tally.h"
#include "dns/rr_type.h"

namespace nearcast::observe {

using base::Tally;

// What became of a question.
enum class Outcome : uint8_t {
    Answer,    // Records, or as many as fitted.
    NoData,    // The name is there, the type is not.
    NXDomain,  // The name is not there.
    Referral,  // Somebody else has it.
    ServFail,
    Other,  // Refused, malformed, not implemented, no question at all.
};
constexpr size_t kOutcomeCount = 6;

// The types that each zone has a count of; all others share one more. With as many an entry is two
// cache lines, and what the first of them needs lies in one.
constexpr std::array kZoneTypes = {dns::RRType::A,   dns::RRType::AAAA, dns::RRType::HTTPS,
                                   dns::RRType::MX,  dns::RRType::NS,   dns::RRType::PTR,
                                   dns::RRType::SOA, dns::RRType::TXT};
constexpr size_t kZoneTypeCount = kZoneTypes.size() + 1;

class ZoneCounters {
 public:
    struct alignas(64) Entry {
        std::atomic<uint64_t> apex_hash = 0;
        std::array<Tally, kOutcomeCount> outcomes;  // By Outcome.
        std::array<Tally, kZoneTypeCount> types;    // In the order of kZoneTypes.

        [[nodiscard]] uint64_t total() const;
    };
    static_assert(sizeof(Entry) == 128);

    // Counts at most `zones_max` zones; any further one goes uncounted.
    explicit ZoneCounters(size_t zones_max);

    // The owner only. `type` is a place in Entry::types.
    void count(uint64_t apex_hash, Outcome outcome, size_t type) noexcept {
        Entry& entry = entries_[index_[apex_hash >> shift_]];
        if (entry.apex_hash.load(std::memory_order_relaxed) == apex_hash) [[likely]] {
            entry.outcomes[static_cast<size_t>(outcome)].add();
            entry.types[type].add();
        } else {
            count_elsewhere(apex_hash, outcome, type);
        }
    }

    // The steps of count() that a batch takes apart: a place in the index is fetched, then the
    // entry that it leads to. Worth it where the zones that are asked for do not all stay in a
    // cache.
    [[nodiscard]] bool are_many() const { return size_.load(std::memory_order_relaxed) > kFew; }
    void prefetch_place(uint64_t apex_hash) const noexcept {
        base::prefetch(&index_[apex_hash >> shift_]);
    }
    void prefetch_entry(uint64_t apex_hash) const noexcept {
        const Entry& entry = entries_[index_[apex_hash >> shift_]];
        base::prefetch(&entry);
        base::prefetch(entry.types.data() + 1);  // In the second of its lines.
    }

    // Any thread.
    [[nodiscard]] std::span<const Entry> entries() const {
        return {entries_ + 1, size_.load(std::memory_order_acquire)};
    }
    // Questions about zones beyond the bound.
    [[nodiscard]] uint64_t uncounted() const { return uncounted_.get(); }

 private:
    struct Free {
        void operator()(void* memory) const { std::free(memory); }
    };

    // Their entries are 64 KiB.
    static constexpr size_t kFew = 512;

    // Of a zone that has no entry yet, or not where its hash points to.
    void count_elsewhere(uint64_t apex_hash, Outcome outcome, size_t type) noexcept;
    Entry* find_or_make(uint64_t apex_hash) noexcept;

    size_t zones_max_;
    unsigned shift_;
    size_t mask_;
    std::unique_ptr<uint32_t[], Free> index_;  // Places in entries_; 0: free. Owner only.
    std::unique_ptr<std::byte[], Free> memory_;
    Entry* entries_;  // In that memory. The first is nobody's: no apex has its hash, 0.
    std::atomic<size_t> size_ = 0;
    Tally uncounted_;
};

}  // namespace nearcast::observe
