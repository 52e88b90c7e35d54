// SPDX-License-Identifier: Apache-2.0
//
// Takes the messages of a transfer: a whole zone (AXFR, RFC 5936), or what changed (IXFR, RFC
// 1995).
//
// Who asks for changes may be sent the whole zone; the second record tells which it is. Nothing is
// believed until the closing SOA has come: whatever ends it earlier leaves no trace. No socket, no
// clock; signatures are checked by the caller.

#pragma once

#include <cstdint>
#include <optional>
#include <span>
#include <string>
#include <utility>
#include <vector>

#include "base/result.h"
#include "dns/message.h"
#include "dns/record.h"
#include "dns/record_walk.h"
#include "transfer/receive_budget.h"
#include "zone/changeset.h"
#include "zone/draft.h"
#include "zone/image.h"

namespace nearcast::transfer {

// What a primary may send for one zone; beyond it the transfer is refused. Each message must bring
// a record, so this bounds messages too. What all zones under way take together is bounded by a
// ReceiveBudget.
struct ReceiveLimits {
    // What a record costs beside its owner and its data while the zone is built: its place in
    // tables that double, and its set. A flood of tiny records costs what it is counted as.
    static constexpr size_t kRecordCost = 128;

    size_t records_max = 200'000'000;
    // With that. The largest zones there are.
    size_t bytes_max = size_t{32} << 30;
    // Of changes, which are kept whole until the last has come, with that. More than this is rather
    // fetched as a whole zone, of which not every step is kept.
    size_t difference_bytes_max = size_t{256} << 20;
    std::string hint = {};  // What to do about it, for who reads that it was more.
};

// "the primary sent more than ..."
[[nodiscard]] std::unexpected<base::Error> too_much(const ReceiveLimits& limits);

// What was asked for.
struct TransferQuestion {
    dns::Name zone;
    uint16_t id = 0;
    std::optional<uint32_t> serial = {};  // The changes since this one (IXFR); none: all (AXFR).
};

class ZoneReceiver {
 public:
    enum class Content : uint8_t {
        Unknown,      // So far.
        Current,      // There is nothing newer than what we have.
        Whole,        // The zone.
        Differences,  // What changed, step by step.
    };

    // `budget` may be null: none but the limits count. It outlives the receiver and its share.
    explicit ZoneReceiver(const TransferQuestion& question, ReceiveLimits limits = {},
                          ReceiveBudget* budget = nullptr);

    // Takes the next message: true when it was the last. After an error nothing may follow.
    [[nodiscard]] base::Result<bool> take(std::span<const uint8_t> message);

    // Final once take() has returned true; so is what follows.
    [[nodiscard]] Content content() const { return content_; }
    // Of the version that the primary has.
    [[nodiscard]] uint32_t serial() const { return zone::soa_serial(soa_); }
    [[nodiscard]] size_t record_count() const { return record_count_; }
    // Of the last message, also after an error.
    [[nodiscard]] dns::Rcode rcode() const { return rcode_; }
    // It failed for want of memory, which other zones have.
    [[nodiscard]] bool is_over_budget() const { return is_over_budget_; }
    // The seconds after which the primary itself would give the zone up (RFC 7314), if it told.
    [[nodiscard]] std::optional<uint32_t> expire() const { return expire_; }

    // Of Content::Whole: checks the zone as one from a file is checked, and builds its image. Once.
    [[nodiscard]] base::Result<zone::ImageBlock> build();
    // Of Content::Differences: one at least, oldest first, each from where the last one ended.
    [[nodiscard]] const std::vector<zone::Changeset>& differences() const { return differences_; }
    // What was taken from the budget; goes with what was received.
    [[nodiscard]] ReceiveShare take_share() { return std::move(share_); }

 private:
    [[nodiscard]] base::Result<void> take_header(std::span<const uint8_t> message,
                                                 dns::Header& header);
    [[nodiscard]] base::Result<void> read_record(std::span<const uint8_t> message,
                                                 const dns::RecordPlace& place);
    void read_options(std::span<const uint8_t> message);
    [[nodiscard]] base::Result<void> take_record();
    [[nodiscard]] base::Result<void> take_first();
    [[nodiscard]] base::Result<void> take_second();
    [[nodiscard]] base::Result<void> take_of_zone();
    [[nodiscard]] base::Result<void> take_of_differences();
    [[nodiscard]] base::Result<void> take_soa_of_differences();
    [[nodiscard]] base::Result<void> count_record();
    [[nodiscard]] bool is_soa() const;

    TransferQuestion question_;
    ReceiveLimits limits_;
    Content content_ = Content::Unknown;
    zone::ZoneDraft draft_;
    std::vector<zone::Changeset> differences_;
    dns::Rcode rcode_ = dns::Rcode::NoError;
    bool is_adding_ = false;  // In the second half of the last difference.
    dns::Record record_;
    std::vector<uint8_t> soa_;  // That of the new version. Empty until the first record.
    std::optional<uint32_t> expire_;
    size_t record_count_ = 0;
    size_t byte_count_ = 0;
    ReceiveShare share_;
    bool is_over_budget_ = false;
    bool is_complete_ = false;
};

}  // namespace nearcast::transfer
