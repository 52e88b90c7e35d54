// SPDX-License-Identifier: Apache-2.0
//
// The messages that carry a zone (AXFR, RFC 5936) or its changes (IXFR, RFC 1995), one at a time.
//
// Changes go out as a row of differences, as the journal keeps them: condensing them (RFC 1995 §5)
// would need the memory and the time, at each request anew, that a row does not. The whole zone may
// stand for them (§4): where the history does not reach back, or is more than the zone.

#pragma once

#include <cstdint>
#include <optional>
#include <span>
#include <vector>

#include "dns/message.h"
#include "transfer/message_writer.h"
#include "zone/changeset.h"
#include "zone/image_records.h"

namespace nearcast::transfer {

// A message ends at the first record beyond: compression reaches no further than 16 KiB, and a
// secondary's memory is spared. Only a record that is larger itself makes a larger message.
constexpr size_t kStreamMessageSize = 16'384;

class ZoneStream {
 public:
    // `version` must have a SOA and stay readable. `request` is the message that asked.
    ZoneStream(const zone::Version& version, const dns::Query& query,
               std::span<const uint8_t> request);

    // Sends these instead of the zone: one at least, oldest first, up to `version`.
    void send_differences(std::vector<zone::Changeset> differences);
    // Tells the seconds that the zone has left (RFC 7314), to who uses EDNS.
    void tell_expire(uint32_t seconds) { expire_ = seconds; }

    // Writes the next message, which leaves `reserved` bytes of the largest size free. False when
    // there was none left to write, or a record is too large for any.
    [[nodiscard]] bool next(MessageWriter& writer, size_t reserved);
    // Writes all of it as a single message of at most `limit` bytes. False when it does not fit.
    [[nodiscard]] bool write_whole(MessageWriter& writer, size_t limit);

    // Whether the last record was written: only then is the peer's copy whole.
    [[nodiscard]] bool is_complete() const { return stage_ == Stage::Done; }
    [[nodiscard]] bool is_incremental() const { return !differences_.empty(); }

 private:
    enum class Stage : uint8_t { FirstSoa, Records, LastSoa, Done };

    // Moves on to the record that goes out next; false at the end.
    bool advance();
    // The next record between the two SOAs; false when there is no further one.
    bool next_record();
    bool next_of_differences();
    [[nodiscard]] zone::RecordView soa() const;
    void begin(MessageWriter& writer, size_t limit);
    void finish(MessageWriter& writer);
    [[nodiscard]] size_t opt_size() const;
    // Once is enough.
    [[nodiscard]] bool tells_expire() const { return expire_ && is_first_message_; }

    zone::Version version_;
    zone::ImageRecords records_;
    std::vector<zone::Changeset> differences_;
    size_t part_ = 0;  // Of the differences: two for each.
    zone::RecordSequence sequence_;
    uint32_t soa_ttl_ = 0;
    std::vector<uint8_t> soa_rdata_;
    uint16_t id_;
    uint16_t flags_;
    std::vector<uint8_t> question_;
    bool has_opt_;
    bool dnssec_ok_;
    std::optional<uint32_t> expire_;
    bool is_first_message_ = true;
    Stage stage_ = Stage::FirstSoa;
    zone::RecordView pending_;
};

}  // namespace nearcast::transfer
