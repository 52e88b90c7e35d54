// SPDX-License-Identifier: Apache-2.0
//
// Writes one response into the room given for it, RRset by RRset.
//
// An RRset goes in whole or not at all. RRsets come out of an image nearly as they go onto the
// wire: mostly one copy, then the pointers that depend on the message are set. Allocates nothing.

#pragma once

#include <array>
#include <cassert>
#include <cstdint>
#include <cstring>
#include <span>

#include "answer/placed_name.h"
#include "dns/edns.h"
#include "dns/header.h"
#include "zone/image.h"

namespace nearcast::answer {

enum class Section : uint8_t { Answer, Authority, Additional };

// The owner that the records of an RRset get in the message.
struct Owner {
    size_t at = 0;  // Where the name stands in the message already; zero: nowhere.
    std::span<const uint8_t> wire;
    // Of a name that stands nowhere: the place and size of its end, if that does.
    size_t tail_at = 0;
    size_t tail_size = 0;
};

struct RecordHead {
    dns::RRType type = dns::RRType::None;
    dns::RRClass rr_class = dns::RRClass::IN;
    uint32_t ttl = 0;
};

class ResponseWriter {
 public:
    // Begins a message of at most `limit` bytes in `room`, with `question` copied after the header.
    // The limit holds these and what reserve() is told.
    void begin(std::span<uint8_t> room, size_t limit, std::span<const uint8_t> question);

    // Keeps `size` bytes of the limit free for append_reserved() at the end.
    void reserve(size_t size) { limit_ -= size; }

    // Adds the records of `rrset`, which belongs to a node named `rrset_owner` (for a wildcard, the
    // one with the asterisk), as `owner`. Names in them may point to suffixes of `frame`, which
    // ends like the node. Returns false, and adds nothing, when they do not fit.
    [[nodiscard]] bool add(Section section, const zone::RRset& rrset, const Owner& owner,
                           const PlacedName& frame, std::span<const uint8_t> rrset_owner);

    // The same for records as plain as can be: a set without parts, and its owner is the question's
    // name, not the root.
    [[nodiscard]] bool add_as_stored(Section section, const zone::RRset& rrset) {
        assert(!rrset.has_parts());
        if (!put(rrset.body())) return false;
        count_records(section, rrset.record_count());
        return true;
    }

    // Adds the signatures over `rrset` alone; as above.
    [[nodiscard]] bool add_signatures(Section section, const zone::RRset& rrset,
                                      const Owner& owner);

    // Adds a single record, its rdata given. As above.
    [[nodiscard]] bool add_record(Section section, const Owner& owner, const RecordHead& head,
                                  std::span<const uint8_t> rdata);

    // Sets the TTL of the records written from `start` (a size() of before) on to `ttl`.
    void set_ttls(size_t start, uint32_t ttl);

    // A point to go back to when what was added since turns out not to fit.
    struct Mark {
        size_t size;
        std::array<uint16_t, 3> counts;
    };
    [[nodiscard]] Mark mark() const { return {size_, counts_}; }
    void go_back(const Mark& mark) {
        size_ = mark.size;
        counts_ = mark.counts;
    }

    // Writes the counts and `flags`; the message is then size() bytes long.
    void finish(uint16_t id, uint16_t flags);

    // Bytes at the end, counted as one record: OPT. As many as reserved, and of room() as well.
    [[nodiscard]] std::span<uint8_t> append_reserved(size_t size);

    // Where the body of the RRset added last begins, for pointers to names in it; zero when it was
    // not copied as it is, so that no such place is known.
    [[nodiscard]] size_t last_body_at() const { return last_body_at_; }

    // Where in the message the byte at `place` of the body is, of an RRset that was added as
    // `owner` and whose last_body_at() was `body_at`; zero when that is.
    [[nodiscard]] static size_t place_in_message(const zone::RRset& rrset, const Owner& owner,
                                                 size_t body_at, size_t place);

    // Where the rdata of its first record begins.
    [[nodiscard]] size_t first_rdata_at() const { return first_rdata_at_; }

    [[nodiscard]] size_t size() const { return size_; }
    // What is left of the limit, without what is reserved.
    [[nodiscard]] size_t room() const { return limit_ - size_; }
    [[nodiscard]] std::span<const uint8_t> message() const { return {data_, size_}; }
    [[nodiscard]] uint16_t count(Section section) const {
        return counts_[static_cast<size_t>(section)];
    }

 private:
    [[nodiscard]] bool add_named(Section section, const zone::RRset& rrset, Owner owner);
    [[nodiscard]] bool add_of_root(Section section, const zone::RRset& rrset,
                                   const PlacedName& frame);
    [[nodiscard]] bool add_expanded(const zone::RRset& rrset, Owner owner,
                                    std::span<const uint8_t> rrset_owner);
    [[nodiscard]] bool put(std::span<const uint8_t> bytes) {
        if (bytes.size() > limit_ - size_) return false;
        std::memcpy(data_ + size_, bytes.data(), bytes.size());
        size_ += bytes.size();
        return true;
    }
    [[nodiscard]] bool put_owner(Owner& owner);
    [[nodiscard]] bool put_pointer(size_t at);
    [[nodiscard]] bool put_name(const zone::RRset& rrset, size_t at,
                                std::span<const uint8_t> rrset_owner);
    void count_records(Section section, size_t number) {
        auto& count = counts_[static_cast<size_t>(section)];
        count = static_cast<uint16_t>(count + number);
    }

    uint8_t* data_ = nullptr;
    size_t size_ = 0;
    size_t limit_ = 0;
    size_t question_size_ = 0;
    size_t last_body_at_ = 0;
    size_t first_rdata_at_ = 0;
    std::array<uint16_t, 3> counts_{};
};

}  // namespace nearcast::answer
