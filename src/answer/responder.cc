// SPDX-License-Identifier: Apache-2.0

#include "answer/responder.h"

#include <algorithm>
#include <cassert>

#include "answer/composer.h"
#include "answer/identity_answer.h"
#include "answer/response_writer.h"
#include "dns/message.h"

namespace nearcast::answer {
namespace {

using dns::Rcode;
using zone::HashedName;

// Queries that go through the stages together. Enough that the misses of one stage overlap (a core
// keeps about a dozen under way), few enough that what they hold fits in the first caches.
constexpr size_t kStageMax = 32;

// A response that has nothing but a header, the longest question and OPT with our options.
constexpr size_t kRoomMin = 512;

// What the options of a query ask for.
struct Wishes {
    bool nsid = false;
    bool probe = false;
};

// One query on its way through the stages.
struct Job {
    Exchange* exchange = nullptr;
    dns::ParseError error = dns::ParseError::None;
    bool is_lookup = false;  // An ordinary question that the zones answer.
    std::optional<zone::Image> zone;
    dns::Query query;
    HashedName name;
};

bool is_lookup(const dns::Query& query) {
    const bool is_question = query.opcode() == dns::Opcode::Query &&
                             query.qclass == dns::RRClass::IN && !query.has_tsig() &&
                             query.edns.version == dns::kEdnsVersion;
    switch (query.qtype) {
        case dns::RRType::OPT:
        case dns::RRType::TKEY:
        case dns::RRType::TSIG:
        case dns::RRType::IXFR:
        case dns::RRType::AXFR:
        case dns::RRType::MAILB:
        case dns::RRType::MAILA:
            return false;
        default:
            return is_question;
    }
}

// What others may do: see Exchange::is_special.
bool is_special(const dns::Query& query) {
    return query.has_tsig() || query.opcode() == dns::Opcode::Notify ||
           query.qtype == dns::RRType::AXFR || query.qtype == dns::RRType::IXFR;
}

constexpr size_t kOptionHeadSize = 4;  // Code and size.

// Returns where the next option goes.
uint8_t* put_option(uint8_t* at, uint16_t code, std::span<const uint8_t> data) {
    base::store_u16(at, code);
    base::store_u16(at + 2, static_cast<uint16_t>(data.size()));
    std::ranges::copy(data, at + kOptionHeadSize);
    return at + kOptionHeadSize + data.size();
}

}  // namespace

struct Responder::Worker {
    Worker(zone::ZoneTable& table, const ResponderOptions& options);

    void respond(std::span<Exchange> batch);

    void parse(Job& job);
    void fetch_image(const Job& job) const;
    void find_zone(Job& job) const;
    void fetch_node(const Job& job) const;
    void compose(Job& job);

    [[nodiscard]] Wishes read_wishes(const Job& job) const;
    [[nodiscard]] size_t limit_for(const Job& job) const;
    [[nodiscard]] Outcome outcome_for(Job& job);
    void append_opt(const Job& job, const Wishes& wishes, Rcode rcode, size_t size);

    zone::ZoneTable& zones;
    base::Quiescence::Reader reader;
    IdentityAnswer identity;
    const ProbeToken probe_token;
    const bool knows_probes;
    const uint16_t worker_index;
    const uint16_t udp_payload_max;
    Composer composer;
    ResponseWriter writer;
    std::array<Job, kStageMax> jobs;
};

Responder::Worker::Worker(zone::ZoneTable& table, const ResponderOptions& options)
    : zones(table),
      reader(table.quiescence()),
      identity(options.identity),
      probe_token(options.probe_token),
      knows_probes(options.probe_token != ProbeToken{}),
      worker_index(options.worker_index),
      udp_payload_max(std::max<uint16_t>(options.udp_payload_max, dns::kUdpPayloadMin)),
      composer(table) {}

void Responder::Worker::parse(Job& job) {
    Exchange& exchange = *job.exchange;
    exchange.response_size = 0;
    exchange.is_probe = false;
    exchange.is_special = false;
    exchange.takes_connection = false;
    job.zone.reset();
    job.error = dns::parse_query(exchange.query, job.query);
    job.is_lookup = job.error == dns::ParseError::None && is_lookup(job.query);
    if (!job.is_lookup) {
        exchange.is_special = job.error == dns::ParseError::None && is_special(job.query);
        return;
    }
    job.name.assign(job.query.qname.wire());
    visit_apexes(zones, job.name, 0, [&](size_t label) {
        zones.prefetch_slot(job.name.hash(label));
        return false;
    });
}

void Responder::Worker::fetch_image(const Job& job) const {
    if (!job.is_lookup) return;
    visit_apexes(zones, job.name, 0, [&](size_t label) {
        zones.prefetch_image(job.name.hash(label));
        return false;
    });
}

void Responder::Worker::find_zone(Job& job) const {
    if (!job.is_lookup) return;
    job.zone = find_zone_for(zones, job.name, job.query.qtype);
    if (job.zone && !job.zone->is_unavailable()) job.zone->prefetch_bucket(job.name.hash());
}

void Responder::Worker::fetch_node(const Job& job) const {
    if (job.zone && !job.zone->is_unavailable()) job.zone->prefetch_node(job.name.hash());
}

Wishes Responder::Worker::read_wishes(const Job& job) const {
    Wishes wishes;
    const dns::Edns& edns = job.query.edns;
    if (edns.options_size == 0 || edns.version != dns::kEdnsVersion) return wishes;
    dns::OptionReader options(edns.options(job.exchange->query));
    dns::EdnsOption option;
    while (options.next(option)) {
        if (option.code == dns::kNsid) wishes.nsid = true;
        if (option.code == dns::kProbe && knows_probes && job.exchange->is_local) {
            wishes.probe = std::ranges::equal(option.data, probe_token);
        }
    }
    return wishes;
}

size_t Responder::Worker::limit_for(const Job& job) const {
    const size_t room = job.exchange->room.size();
    if (job.exchange->transport == Transport::Tcp) return std::min(room, dns::kMessageSizeMax);
    return std::min<size_t>({room, job.query.edns.udp_payload, udp_payload_max});
}

// Fills the sections and says what goes into the header.
Outcome Responder::Worker::outcome_for(Job& job) {
    const dns::Query& query = job.query;
    if (job.is_lookup) return composer.compose(query, job.name, job.zone, writer);
    if (job.error != dns::ParseError::None) return {*dns::rcode_of(job.error)};
    if (query.edns.version != dns::kEdnsVersion) return {Rcode::BadVers};
    if (query.opcode() != dns::Opcode::Query) return {Rcode::NotImp};
    if (query.has_tsig()) return {Rcode::NotAuth};  // No key is shared with anyone.
    if (query.qclass == dns::RRClass::CH) return identity.answer(query, writer);
    switch (query.qtype) {
        case dns::RRType::OPT:
        case dns::RRType::TSIG:
            return {Rcode::FormErr};  // They are never asked for.
        case dns::RRType::TKEY:
        case dns::RRType::MAILA:
        case dns::RRType::MAILB:
            return {Rcode::NotImp};
        default:  // Transfers, and classes that nobody uses.
            return {Rcode::Refused};
    }
}

void Responder::Worker::append_opt(const Job& job, const Wishes& wishes, Rcode rcode, size_t size) {
    uint8_t* at = writer.append_reserved(size).data();
    at[0] = 0;  // The root.
    base::store_u16(at + 1, static_cast<uint16_t>(dns::RRType::OPT));
    base::store_u16(at + 3, udp_payload_max);
    at[5] = static_cast<uint8_t>(static_cast<uint16_t>(rcode) >> 4);
    at[6] = dns::kEdnsVersion;
    base::store_u16(at + 7, job.query.edns.dnssec_ok ? dns::kEdnsFlagDo : uint16_t{0});
    base::store_u16(at + 9, static_cast<uint16_t>(size - dns::kOptRecordSize));
    at += dns::kOptRecordSize;
    if (wishes.nsid) at = put_option(at, dns::kNsid, identity.nsid());
    if (wishes.probe) {
        std::array<uint8_t, 2> index{};
        base::store_u16(index.data(), worker_index);
        put_option(at, dns::kProbe, index);
    }
}

void Responder::Worker::compose(Job& job) {
    Exchange& exchange = *job.exchange;
    if (!dns::rcode_of(job.error) || exchange.room.size() < kRoomMin) return;
    const dns::Query& query = job.query;
    const Wishes wishes = read_wishes(job);
    size_t opt_size = query.edns.is_present ? dns::kOptRecordSize : 0;
    if (wishes.nsid) opt_size += kOptionHeadSize + identity.nsid().size();
    if (wishes.probe) opt_size += kOptionHeadSize + sizeof worker_index;

    const size_t limit = limit_for(job);
    const size_t needed = dns::kHeaderSize + query.question_size + opt_size;
    writer.begin(exchange.room, limit, query.question(exchange.query));
    writer.reserve(opt_size + std::min(exchange.reserved, limit - needed));
    const Outcome outcome = outcome_for(job);
    if (opt_size > 0) append_opt(job, wishes, outcome.rcode, opt_size);

    constexpr uint16_t kCopied = dns::kOpcodeMask | dns::kFlagRd | dns::kFlagCd;
    uint16_t flags = dns::kFlagQr | (query.header.flags & kCopied) |
                     (static_cast<uint16_t>(outcome.rcode) & dns::kRcodeMask);
    if (outcome.is_authoritative) flags |= dns::kFlagAa;
    if (outcome.is_truncated) flags |= dns::kFlagTc;
    writer.finish(query.header.id, flags);
    exchange.response_size = writer.size();
    exchange.is_probe = wishes.probe;
}

void Responder::Worker::respond(std::span<Exchange> batch) {
    const auto staged = std::span(jobs).first(batch.size());
    for (size_t i = 0; i < batch.size(); ++i) staged[i].exchange = &batch[i];
    for (Job& job : staged) parse(job);
    for (Job& job : staged) fetch_image(job);
    for (Job& job : staged) find_zone(job);
    for (Job& job : staged) fetch_node(job);
    for (Job& job : staged) compose(job);
}

Responder::Responder(zone::ZoneTable& zones, const ResponderOptions& options)
    : worker_(std::make_unique<Worker>(zones, options)) {}

Responder::~Responder() = default;

void Responder::respond(std::span<Exchange> batch) noexcept {
    worker_->reader.online();
    while (!batch.empty()) {
        const auto now = batch.first(std::min(batch.size(), kStageMax));
        worker_->respond(now);
        batch = batch.subspan(now.size());
    }
}

void Responder::offline() noexcept { worker_->reader.offline(); }

}  // namespace nearcast::answer
