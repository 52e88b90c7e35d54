// SPDX-License-Identifier: Apache-2.0

#include "anycast/probe_message.h"

#include "dns/edns.h"
#include "dns/header.h"
#include "dns/message.h"
#include "dns/wire_reader.h"

namespace nearcast::anycast {
namespace {

struct RecordHead {
    uint16_t type = 0;
    std::span<const uint8_t> rdata;
};

bool read_record(dns::WireReader& reader, RecordHead& record) {
    uint16_t rr_class = 0;
    uint32_t ttl = 0;
    uint16_t size = 0;
    return skip_name(reader) && reader.read_u16(record.type) && reader.read_u16(rr_class) &&
           reader.read_u32(ttl) && reader.read_u16(size) && reader.read_bytes(size, record.rdata);
}

std::optional<uint16_t> find_worker(std::span<const uint8_t> options) {
    dns::OptionReader reader(options);
    dns::EdnsOption option;
    while (reader.next(option)) {
        if (option.code == dns::kProbe && option.data.size() == 2) {
            return base::load_u16(option.data.data());
        }
    }
    return std::nullopt;
}

}  // namespace

base::Result<ProbeQuestion> ProbeQuestion::for_zone(const std::string& zone) {
    const bool is_default = zone.empty();
    const auto name = dns::parse_name(is_default ? "id.server." : zone, nullptr);
    if (!name) return base::within("probe_zone", name.error());
    if (is_default) return ProbeQuestion{.name = *name};
    return ProbeQuestion{.name = *name,
                         .type = dns::RRType::SOA,
                         .rr_class = dns::RRClass::IN,
                         .must_be_authoritative = true};
}

std::vector<uint8_t> build_probe(const ProbeQuestion& question, uint16_t id,
                                 const ProbeToken& token) {
    const std::array options = {dns::EdnsOption{dns::kProbe, token}};
    return dns::build_query({.id = id,
                             .qname = question.name,
                             .qtype = question.type,
                             .qclass = question.rr_class,
                             .options = options});
}

std::optional<ProbeAnswer> read_probe_answer(const ProbeQuestion& question,
                                             std::span<const uint8_t> message) {
    if (message.size() < dns::kHeaderSize) return std::nullopt;
    const dns::Header header = dns::load_header(message);
    if (!header.is_response()) return std::nullopt;

    dns::WireReader reader(message);
    reader.seek(dns::kHeaderSize);
    for (int i = 0; i < header.question_count; ++i) {
        if (!skip_name(reader) || !reader.skip(4)) return std::nullopt;
    }
    std::optional<uint16_t> worker;
    const int count = header.answer_count + header.authority_count + header.additional_count;
    for (int i = 0; i < count; ++i) {
        RecordHead record;
        if (!read_record(reader, record)) return std::nullopt;
        if (record.type == static_cast<uint16_t>(dns::RRType::OPT)) {
            worker = find_worker(record.rdata);
        }
    }
    if (!worker) return std::nullopt;
    const bool is_authoritative = (header.flags & dns::kFlagAa) != 0;
    const bool is_right = (header.flags & dns::kRcodeMask) == 0 && header.answer_count > 0 &&
                          (is_authoritative || !question.must_be_authoritative);
    return ProbeAnswer{.id = header.id, .worker = *worker, .is_right = is_right};
}

}  // namespace nearcast::anycast
