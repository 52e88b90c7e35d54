// SPDX-License-Identifier: Apache-2.0

#include "dns/zone_writer.h"

#include <algorithm>

#include "dns/ascii.h"
#include "dns/rdata.h"

namespace nearcast::dns {
namespace {

// How many bytes of `name` stand in front of `origin`; none when it does not end with it.
std::optional<size_t> size_in_front_of(std::span<const uint8_t> name, const Name& origin) {
    const auto suffix = origin.wire();
    size_t at = 0;
    while (name.size() - at > suffix.size()) at += name[at] + 1U;
    if (!equal_ignoring_case(name.subspan(at), suffix)) return std::nullopt;
    return at;
}

}  // namespace

ZoneWriter::ZoneWriter(const Name& origin, ZoneFileStyle style, uint32_t default_ttl)
    : origin_(origin),
      is_whole_(style != ZoneFileStyle::Relative),
      is_generic_(style == ZoneFileStyle::Generic),
      default_ttl_(default_ttl) {}

void ZoneWriter::begin(std::string& text) const {
    if (is_whole_) return;
    text += "$ORIGIN " + to_text(origin_) + "\n$TTL " + std::to_string(default_ttl_) + '\n';
}

void ZoneWriter::write_owner(std::span<const uint8_t> owner, std::string& text) {
    if (is_whole_) return append_text(owner, text);
    if (std::ranges::equal(owner, last_owner_)) return;
    last_owner_.assign(owner.begin(), owner.end());
    const auto size = size_in_front_of(owner, origin_);
    if (!size || origin_.is_root()) return append_text(owner, text);
    if (*size == 0) {
        text += '@';
        return;
    }
    std::vector<uint8_t> relative(owner.begin(), owner.begin() + static_cast<long>(*size));
    relative.push_back(0);
    append_text(relative, text);
    text.pop_back();  // The dot that would make it absolute.
}

void ZoneWriter::append_type(RRType type, std::string& text) const {
    if (!is_generic_) return append_text(type, text);
    text += "TYPE" + std::to_string(static_cast<uint16_t>(type));
}

void ZoneWriter::write(const Line& line, std::string& text) {
    const char separator = is_whole_ ? ' ' : '\t';
    write_owner(line.owner, text);
    text += separator;
    if (is_whole_ || line.ttl != default_ttl_) {
        text += std::to_string(line.ttl) + separator;
    }
    if (is_whole_) text += to_text(line.rr_class) + separator;
    append_type(line.type, text);
    text += separator;
    is_generic_ ? append_generic_rdata(line.rdata, text)
                : append_rdata_text(line.type, line.rdata, text);
    text += '\n';
}

}  // namespace nearcast::dns
