// SPDX-License-Identifier: Apache-2.0
//
// Takes the messages of a whole zone (AXFR, RFC 5936) and makes an image of it.
//
// Nothing is believed until the closing SOA has come: whatever ends it earlier leaves no trace. No
// socket, no clock; signatures are checked by the caller.

#pragma once

#include <cstdint>
#include <span>
#include <vector>

#include "base/result.h"
#include "dns/message.h"
#include "dns/record.h"
#include "zone/draft.h"
#include "zone/image.h"

namespace nearcast::transfer {

// Records and their data in bytes that a primary may send for one zone: some 20 GiB of memory while
// the image is built, of the largest zones there are. Beyond it the transfer is refused.
struct ReceiveLimits {
    size_t records_max = 200'000'000;
    size_t bytes_max = size_t{8} << 30;
};

class ZoneReceiver {
 public:
    ZoneReceiver(const dns::Name& zone, uint16_t id, ReceiveLimits limits = {});

    // Takes the next message: true when it was the last. After an error nothing may follow.
    [[nodiscard]] base::Result<bool> take(std::span<const uint8_t> message);

    // Of the zone that came. Meaningful once take() has returned true.
    [[nodiscard]] const std::vector<uint8_t>& soa() const { return soa_; }
    [[nodiscard]] size_t record_count() const { return record_count_; }

    // Checks the zone as one from a file is checked, and builds its image. Once, at the end.
    [[nodiscard]] base::Result<zone::ImageBlock> build();

 private:
    [[nodiscard]] base::Result<void> take_header(dns::WireReader& reader, dns::Header& header);
    [[nodiscard]] base::Result<void> read_record(dns::WireReader& reader);
    [[nodiscard]] base::Result<void> take_record();

    dns::Name zone_;
    uint16_t id_;
    ReceiveLimits limits_;
    zone::ZoneDraft draft_;
    dns::Record record_;
    std::vector<uint8_t> soa_;  // Empty until the first record.
    size_t record_count_ = 0;
    size_t byte_count_ = 0;
    bool is_complete_ = false;
};

}  // namespace nearcast::transfer
