// SPDX-License-Identifier: Apache-2.0

#include "transfer/zone_stream.h"

namespace nearcast::transfer {
namespace {

constexpr uint16_t kUdpPayload = 1232;  // As everywhere here; on TCP it means nothing.

}  // namespace

ZoneStream::ZoneStream(const zone::Version& version, const dns::Query& query,
                       std::span<const uint8_t> request)
    : version_(version),
      records_(version),
      soa_rdata_(soa_rdata(version, soa_ttl_)),
      id_(query.header.id),
      flags_(static_cast<uint16_t>(dns::kFlagQr | dns::kFlagAa |
                                   (query.header.flags & (dns::kFlagRd | dns::kFlagCd)))),
      question_(query.question(request).begin(), query.question(request).end()),
      has_opt_(query.edns.is_present),
      dnssec_ok_(query.edns.dnssec_ok),
      pending_(soa()) {}

zone::RecordView ZoneStream::soa() const {
    return {version_.apex().owner(), dns::RRType::SOA, soa_ttl_, soa_rdata_};
}

bool ZoneStream::advance() {
    if (stage_ == Stage::FirstSoa) stage_ = Stage::Records;
    if (stage_ == Stage::Records) {
        while (records_.next(pending_)) {
            if (pending_.type != dns::RRType::SOA) return true;
        }
        stage_ = Stage::LastSoa;
        pending_ = soa();
        return true;
    }
    stage_ = Stage::Done;
    return false;
}

bool ZoneStream::next(MessageWriter& writer, size_t reserved) {
    if (stage_ == Stage::Done) return false;
    const size_t opt_size = has_opt_ && is_first_message_ ? dns::kOptRecordSize : 0;
    writer.begin(dns::kMessageSizeMax - reserved - opt_size);
    if (is_first_message_) writer.add_question(question_);
    while (writer.size() < kStreamMessageSize && writer.add_answer(pending_) && advance()) {
    }
    if (writer.record_count() == 0) return false;
    if (opt_size > 0) writer.add_opt(kUdpPayload, dnssec_ok_);
    writer.finish(id_, flags_);
    is_first_message_ = false;
    return true;
}

}  // namespace nearcast::transfer
