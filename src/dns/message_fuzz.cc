// SPDX-License-Identifier: Apache-2.0

// Property: parse_query() and read_response() end within the message; what they accept lies in it,
// is legal, and a query made of what was read says the same.

#include <algorithm>
#include <cstdlib>

#include "dns/message.h"
#include "dns/rdata.h"
#include "dns/response.h"

namespace {

using namespace nearcast::dns;

void require(bool claim) {
    if (!claim) std::abort();
}

void check_query(std::span<const uint8_t> message) {
    Query query;
    const ParseError error = parse_query(message, query);
    require(rcode_of(error).has_value() || error == ParseError::TooShort ||
            error == ParseError::IsResponse);
    const auto question = query.question(message);
    if (query.question_size > 0) {
        const Name name = query.qname(message);
        require(question.size() == name.wire().size() + 4);
        require(std::ranges::equal(question.first(question.size() - 4), name.wire()));
        require(query.labels.count == name.label_count());
    }
    require(query.edns.options(message).size() == query.edns.options_size);
    require(query.edns.udp_payload >= kUdpPayloadMin);
    if (error != ParseError::None) return;

    require(query.records_offset == kHeaderSize + query.question_size);
    require(query.tsig_offset < message.size());
    const auto again = build_query({.id = query.header.id,
                                    .qname = query.qname(message),
                                    .qtype = query.qtype,
                                    .qclass = query.qclass,
                                    .has_edns = query.edns.is_present,
                                    .dnssec_ok = query.edns.dnssec_ok,
                                    .udp_payload = query.edns.udp_payload});
    Query second;
    require(parse_query(again, second) == ParseError::None);
    require(std::ranges::equal(second.question(again), question));
    require(second.edns.is_present == query.edns.is_present);
    require(second.edns.dnssec_ok == query.edns.dnssec_ok);
}

void check_response(std::span<const uint8_t> message) {
    const auto response = read_response(message);
    if (!response) return require(!response.error().message.empty());
    for (const auto* section : {&response->answer, &response->authority, &response->additional}) {
        for (const Record& record : *section) {
            require(is_valid_rdata(record.type, record.rdata));
            require(!to_text(record).empty());
        }
    }
    require(are_options_well_formed(response->options));
}

}  // namespace

extern "C" int LLVMFuzzerTestOneInput(const uint8_t* data, size_t size) {
    if (size > kMessageSizeMax) return 0;
    check_query({data, size});
    check_response({data, size});
    return 0;
}
