// SPDX-License-Identifier: Apache-2.0

#include "zone/rdata_names.h"

#include <algorithm>

#include "dns/ascii.h"

namespace nearcast::zone {
namespace {

bool is_name(dns::Field field) {
    return field == dns::Field::CompressibleName || field == dns::Field::FoldedName ||
           field == dns::Field::Name;
}

}  // namespace

size_t RdataNames::size_of(dns::Field field) const {
    const auto rest = rdata_.subspan(at_);
    switch (field) {
        case dns::Field::U8:
        case dns::Field::Algorithm:
            return 1;
        case dns::Field::U16:
        case dns::Field::Type:
        case dns::Field::CertType:
            return 2;
        case dns::Field::U32:
        case dns::Field::Ttl:
        case dns::Field::Timestamp:
        case dns::Field::Ipv4:
            return 4;
        case dns::Field::String:
        case dns::Field::Salt:
        case dns::Field::HashedName:
            return rest.empty() ? 0 : rest[0] + size_t{1};
        case dns::Field::CompressibleName:
        case dns::Field::FoldedName:
        case dns::Field::Name:
            return dns::name_size(rest);
        default:  // No type has a name that is looked at here after such a datum.
            return rest.size();
    }
}

bool RdataNames::next(RdataName& name) {
    while (field_ < fields_.size() && fields_[field_] != dns::Field::None) {
        const dns::Field field = fields_[field_++];
        const size_t size = std::min(size_of(field), rdata_.size() - at_);
        name = {at_, size, field};
        at_ += size;
        if (is_name(field) && size > 0) return true;
    }
    return false;
}

std::vector<uint8_t> fold_rdata(dns::RRType type, std::span<const uint8_t> rdata) {
    std::vector<uint8_t> folded(rdata.begin(), rdata.end());
    RdataNames names(type, rdata);
    RdataName name;
    while (names.next(name)) {
        if (name.field == dns::Field::Name) continue;
        dns::lower_copy(rdata.subspan(name.at, name.size), folded.data() + name.at);
    }
    return folded;
}

}  // namespace nearcast::zone
