// SPDX-License-Identifier: Apache-2.0

// Property: valid rdata printed and read again is the same bytes; text that is accepted gives valid
// rdata; the names found in rdata are names.

#include <algorithm>
#include <cstdlib>
#include <string>
#include <vector>

#include "base/bytes.h"
#include "dns/rdata.h"
#include "dns/rdata_skip.h"
#include "dns/zone_lexer.h"

namespace {

using namespace nearcast::dns;

void require(bool claim) {
    if (!claim) std::abort();
}

// As a zone file would hold it.
bool parse(RRType type, const std::string& text, std::vector<uint8_t>& rdata) {
    ZoneLexer lexer(text);
    ZoneEntry entry;
    const ZoneLexer::Status status = lexer.next(entry);
    if (status == ZoneLexer::Status::Error) return false;
    if (status == ZoneLexer::Status::End) entry.words.clear();
    const Name origin = parse_name("example.org.").value();
    TokenReader words(entry.words, &origin);
    return !parse_rdata(type, words, rdata);
}

void check_names(RRType type, std::span<const uint8_t> rdata) {
    RdataNames names(type, rdata);
    RdataName name;
    while (names.next(name)) {
        require(Name::from_wire(rdata.subspan(name.offset, name.size)).has_value());
    }
}

void check_wire(RRType type, std::span<const uint8_t> rdata) {
    std::vector<uint8_t> again;
    const std::string text = rdata_to_text(type, rdata);
    if (!is_valid_rdata(type, rdata)) return require(text.starts_with("\\#"));
    require(parse(type, text, again));
    require(std::ranges::equal(again, rdata));
    check_names(type, rdata);
}

void check_expansion(RRType type, std::span<const uint8_t> message) {
    WireReader reader(message);
    std::vector<uint8_t> expanded;
    if (!reader.skip(message.size() / 2)) return;
    WireReader skipping = reader;
    const bool is_skipped = skip_rdata(type, skipping, skipping.remaining());
    if (read_rdata(type, reader, reader.remaining(), expanded)) {
        require(is_valid_rdata(type, expanded));
        require(reader.remaining() == 0);
        require(is_skipped);
    }
}

void check_text(RRType type, std::span<const uint8_t> bytes) {
    std::vector<uint8_t> rdata;
    if (parse(type, {bytes.begin(), bytes.end()}, rdata)) require(is_valid_rdata(type, rdata));
}

}  // namespace

// The first two bytes are the type.
extern "C" int LLVMFuzzerTestOneInput(const uint8_t* data, size_t size) {
    if (size < 2) return 0;
    const auto type = static_cast<RRType>(nearcast::base::load_u16(data));
    const std::span<const uint8_t> rdata(data + 2, size - 2);
    check_wire(type, rdata);
    check_expansion(type, rdata);
    check_text(type, rdata);
    return 0;
}
