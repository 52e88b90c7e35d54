// SPDX-License-Identifier: Apache-2.0

#include "transfer/zone_stream.h"

#include <array>
#include <cassert>
#include <utility>

#include "base/bytes.h"
#include "transfer/expire_option.h"

namespace nearcast::transfer {
namespace {

constexpr uint16_t kUdpPayload = 1232;  // As everywhere here; on TCP it means nothing.
constexpr size_t kOptionHeadSize = 4;   // Code and size.

}  // namespace

ZoneStream::ZoneStream(const zone::Version& version, const dns::Query& query,
                       std::span<const uint8_t> request)
    : version_(version),
      records_(version),
      sequence_({}),
      soa_rdata_(soa_rdata(version, soa_ttl_)),
      id_(query.header.id),
      flags_(
          static_cast<uint16_t>(dns::kFlagQr | dns::kFlagAa | (query.header.flags & dns::kFlagRd))),
      question_(query.question(request).begin(), query.question(request).end()),
      has_opt_(query.edns.is_present),
      dnssec_ok_(query.edns.dnssec_ok),
      pending_(soa()) {}

void ZoneStream::send_differences(std::vector<zone::Changeset> differences) {
    assert(stage_ == Stage::FirstSoa && differences.back().to_serial() == version_.serial());
    differences_ = std::move(differences);
}

zone::RecordView ZoneStream::soa() const {
    return {version_.apex().owner(), dns::RRType::SOA, soa_ttl_, soa_rdata_};
}

bool ZoneStream::next_of_differences() {
    while (!sequence_.next(pending_)) {
        if (part_ == 2 * differences_.size()) return false;
        const zone::Changeset& difference = differences_[part_ / 2];
        sequence_ =
            zone::RecordSequence(part_ % 2 == 0 ? difference.removed() : difference.added());
        ++part_;
    }
    return true;
}

bool ZoneStream::next_record() {
    if (is_incremental()) return next_of_differences();
    while (records_.next(pending_)) {
        if (pending_.type != dns::RRType::SOA) return true;
    }
    return false;
}

bool ZoneStream::advance() {
    if (stage_ == Stage::FirstSoa) stage_ = Stage::Records;
    if (stage_ == Stage::Records) {
        if (next_record()) return true;
        stage_ = Stage::LastSoa;
        pending_ = soa();
        return true;
    }
    stage_ = Stage::Done;
    return false;
}

size_t ZoneStream::opt_size() const {
    if (!has_opt_) return 0;
    return dns::kOptRecordSize + (tells_expire() ? kOptionHeadSize + kExpireSize : 0);
}

void ZoneStream::begin(MessageWriter& writer, size_t limit) {
    writer.begin(limit - opt_size());
    if (is_first_message_) writer.add_question(question_);
}

void ZoneStream::finish(MessageWriter& writer) {
    // Each message has one (RFC 9103 §6.3.4).
    if (has_opt_) {
        std::array<uint8_t, kExpireSize> seconds{};
        base::store_u32(seconds.data(), expire_.value_or(0));
        const dns::EdnsOption expire{dns::kExpire, seconds};
        writer.add_opt(kUdpPayload, dnssec_ok_,
                       std::span(&expire, tells_expire() ? size_t{1} : size_t{0}));
    }
    writer.finish(id_, flags_);
    is_first_message_ = false;
}

bool ZoneStream::next(MessageWriter& writer, size_t reserved) {
    if (stage_ == Stage::Done) return false;
    begin(writer, dns::kMessageSizeMax - reserved);
    while (writer.size() < kStreamMessageSize && writer.add_answer(pending_) && advance()) {
    }
    if (writer.record_count() == 0) return false;
    finish(writer);
    return true;
}

bool ZoneStream::write_whole(MessageWriter& writer, size_t limit) {
    if (limit < dns::kHeaderSize + question_.size() + opt_size()) return false;
    begin(writer, limit);
    while (writer.add_answer(pending_) && advance()) {
    }
    if (!is_complete()) return false;
    finish(writer);
    return true;
}

}  // namespace nearcast::transfer
