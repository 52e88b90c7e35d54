// SPDX-License-Identifier: Apache-2.0

#include "dns/datum.h"
#include "dns/name.h"

namespace nearcast::dns {

Fault parse_name_datum(TokenReader& words, Bytes& rdata) {
    std::string_view text;
    if (const Fault fault = words.next(text)) return fault;
    Name name;
    const NameTextError error = read_name_text(text, words.origin(), name);
    if (error != NameTextError::None) return Fault(describe(error));
    const auto wire = name.wire();
    rdata.insert(rdata.end(), wire.begin(), wire.end());
    return {};
}

namespace {

bool check_name(WireReader& rdata) {
    const size_t size = name_size(rdata.rest());
    return size != 0 && rdata.skip(size);
}

void print_name(WireReader& rdata, std::string& text) {
    const size_t size = name_size(rdata.rest());
    append_text(rdata.rest().first(size), text);
    (void)rdata.skip(size);
}

Fault parse_names(TokenReader& words, Bytes& rdata) {
    while (words.has_next()) {
        if (const Fault fault = parse_name_datum(words, rdata)) return fault;
    }
    return {};
}

bool check_names(WireReader& rdata) {
    while (rdata.remaining() > 0) {
        if (!check_name(rdata)) return false;
    }
    return true;
}

void print_names(WireReader& rdata, std::string& text) {
    for (bool is_first = true; rdata.remaining() > 0; is_first = false) {
        if (!is_first) text += ' ';
        print_name(rdata, text);
    }
}

}  // namespace

const Datum kNameDatum{parse_name_datum, check_name, print_name};
const Datum kNamesDatum{parse_names, check_names, print_names};

}  // namespace nearcast::dns
