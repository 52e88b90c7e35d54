// SPDX-License-Identifier: Apache-2.0
//
// The messages that carry a whole zone (AXFR, RFC 5936), made one at a time.
//
// Also the answer to an IXFR whose changes are not at hand: RFC 1995 §4 lets the whole zone stand
// for them.

#pragma once

#include <cstdint>
#include <span>
#include <vector>

#include "dns/message.h"
#include "transfer/message_writer.h"
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

    // Writes the next message, which leaves `reserved` bytes of the largest size free. False when
    // there was none left to write, or a record is too large for any.
    [[nodiscard]] bool next(MessageWriter& writer, size_t reserved);

    // Whether the last record was written: only then is the peer's copy whole.
    [[nodiscard]] bool is_complete() const { return stage_ == Stage::Done; }

 private:
    enum class Stage : uint8_t { FirstSoa, Records, LastSoa, Done };

    // Moves on to the record that goes out next; false at the end.
    bool advance();
    [[nodiscard]] zone::RecordView soa() const;

    zone::Version version_;
    zone::ImageRecords records_;
    uint32_t soa_ttl_ = 0;
    std::vector<uint8_t> soa_rdata_;
    uint16_t id_;
    uint16_t flags_;
    std::vector<uint8_t> question_;
    bool has_opt_;
    bool dnssec_ok_;
    bool is_first_message_ = true;
    Stage stage_ = Stage::FirstSoa;
    zone::RecordView pending_;
};

}  // namespace nearcast::transfer
