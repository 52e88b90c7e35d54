// SPDX-License-Identifier: Apache-2.0

#include "dns/response.h"

#include "dns/rdata.h"
#include "dns/record_walk.h"

namespace nearcast::dns {
namespace {

bool read_question(WireReader& reader, Question& question) {
    uint16_t type = 0;
    uint16_t rr_class = 0;
    if (read_name(reader, question.name) != NameError::None) return false;
    if (!reader.read_u16(type) || !reader.read_u16(rr_class)) return false;
    question.type = static_cast<RRType>(type);
    question.rr_class = static_cast<RRClass>(rr_class);
    return true;
}

bool take_opt(const Record& opt, Response& response) {
    if (response.has_edns || !opt.owner.is_root() || !are_options_well_formed(opt.rdata)) {
        return false;
    }
    response.has_edns = true;
    response.edns_version = static_cast<uint8_t>(opt.ttl >> 16);
    response.dnssec_ok = (opt.ttl & kEdnsFlagDo) != 0;
    response.udp_payload = static_cast<uint16_t>(opt.rr_class);
    response.options = opt.rdata;
    const auto low = static_cast<uint32_t>(response.rcode);
    response.rcode = static_cast<Rcode>((opt.ttl >> 24) << 4 | low);
    return true;
}

std::vector<Record>& part_of(Response& response, Section section) {
    switch (section) {
        case Section::Answer:
            return response.answer;
        case Section::Authority:
            return response.authority;
        case Section::Additional:
            break;
    }
    return response.additional;
}

// False where the walk stands at what is broken.
bool take_record(std::span<const uint8_t> message, const RecordPlace& place, Response& response) {
    Record record;
    if (!read_record(message, place, record)) return false;
    if (record.type == RRType::OPT) return take_opt(record, response);
    part_of(response, place.section).push_back(std::move(record));
    return true;
}

std::unexpected<base::Error> broken(Section section) {
    switch (section) {
        case Section::Answer:
            return base::fail("answer section is broken");
        case Section::Authority:
            return base::fail("authority section is broken");
        case Section::Additional:
            break;
    }
    return base::fail("additional section is broken");
}

}  // namespace

std::optional<std::span<const uint8_t>> Response::option(uint16_t code) const {
    OptionReader reader(options);
    EdnsOption option;
    while (reader.next(option)) {
        if (option.code == code) return option.data;
    }
    return std::nullopt;
}

base::Result<Response> read_response(std::span<const uint8_t> message) {
    if (message.size() < kHeaderSize) return base::fail("message is shorter than its header");
    Response response;
    const Header& header = response.header = load_header(message);
    if (!header.is_response()) return base::fail("message is a question, not an answer");
    response.rcode = static_cast<Rcode>(header.flags & kRcodeMask);
    WireReader reader(message);
    reader.seek(kHeaderSize);
    for (size_t i = 0; i < header.question_count; ++i) {
        if (!read_question(reader, response.questions.emplace_back())) {
            return base::fail("question section is broken");
        }
    }
    RecordWalk walk(message);
    RecordPlace place;
    while (walk.next(place)) {
        if (!take_record(message, place, response)) return broken(place.section);
    }
    if (walk.is_broken()) return broken(walk.section());
    if (walk.remaining() > 0) return base::fail("message goes on after its last record");
    return response;
}

std::string to_text(const Record& record) {
    std::string text = to_text(record.owner);
    text += ' ' + std::to_string(record.ttl) + ' ' + to_text(record.rr_class) + ' ';
    append_text(record.type, text);
    text += ' ';
    append_rdata_text(record.type, record.rdata, text);
    return text;
}

}  // namespace nearcast::dns
