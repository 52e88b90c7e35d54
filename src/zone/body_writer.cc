// SPDX-License-Identifier: Apache-2.0

#include "zone/body_writer.h"

#include "base/bytes.h"
#include "dns/ascii.h"
#include "dns/rdata.h"

namespace nearcast::zone {
namespace {

// Earlier suffixes of a body that a name is compared with: bounds the time for a set of thousands
// of names, of which a message could hold few anyway.
constexpr size_t kWrittenMax = 64;

}  // namespace

void BodyWriter::begin() {
    body_.clear();
    fixups_.clear();
    written_.clear();
}

uint16_t BodyWriter::pointer_for(std::span<const uint8_t> suffix) const {
    // Of a wildcard owner only what is above the asterisk stands in the message.
    const bool is_wildcard = owner_[0] == 1 && owner_[1] == '*';
    const size_t usable = is_wildcard ? owner_.size() - 2 : owner_.size();
    if (suffix.size() <= usable && dns::equal_ignoring_case(owner_.last(suffix.size()), suffix)) {
        return static_cast<uint16_t>(suffix.size());
    }
    for (const Written& earlier : written_) {
        if (dns::equal_ignoring_case(earlier.suffix, suffix)) {
            return static_cast<uint16_t>(Fixup::kInBody | earlier.at);
        }
    }
    return 0;
}

void BodyWriter::put_name(std::span<const uint8_t> name) {
    size_t at = 0;
    while (name[at] != 0) {
        const auto suffix = name.subspan(at);
        const uint16_t target = pointer_for(suffix);
        if (target != 0) {
            fixups_.push_back({static_cast<uint16_t>(body_.size()), target});
            body_.insert(body_.end(), {kPointerByte, 0});
            return;
        }
        if (written_.size() < kWrittenMax && body_.size() <= kPointerTargetMax) {
            written_.push_back({body_.size(), {suffix.begin(), suffix.end()}});
        }
        const auto label = suffix.first(suffix[0] + 1U);
        body_.insert(body_.end(), label.begin(), label.end());
        at += label.size();
    }
    body_.push_back(0);
}

void BodyWriter::add(dns::RRType type, uint32_t ttl, std::span<const uint8_t> rdata) {
    const size_t start = body_.size();
    body_.resize(start + kRecordFixedSize);
    base::store_u16(body_.data() + start, kOwnerPointer);
    base::store_u16(body_.data() + start + kTypeAt, static_cast<uint16_t>(type));
    base::store_u16(body_.data() + start + 4, 1);  // IN
    base::store_u32(body_.data() + start + kTtlAt, ttl);
    last_rdata_at_ = body_.size();

    size_t copied = 0;
    dns::RdataNames names(type, rdata);
    dns::RdataName name;
    while (names.next(name)) {
        if (!name.is_compressible) continue;
        const auto before = rdata.subspan(copied, name.offset - copied);
        body_.insert(body_.end(), before.begin(), before.end());
        put_name(rdata.subspan(name.offset, name.size));
        copied = name.offset + name.size;
    }
    const auto rest = rdata.subspan(copied);
    body_.insert(body_.end(), rest.begin(), rest.end());
    const size_t size = body_.size() - last_rdata_at_;
    base::store_u16(body_.data() + start + kRdataSizeAt, static_cast<uint16_t>(size));
}

}  // namespace nearcast::zone
