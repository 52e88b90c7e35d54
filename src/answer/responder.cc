// SPDX-License-Identifier: Apache-2.0

#include "answer/responder.h"

#include <algorithm>
#include <cassert>
#include <utility>

#include <netinet/in.h>

#include "answer/composer.h"
#include "answer/identity_answer.h"
#include "answer/private_zones.h"
#include "answer/response_options.h"
#include "answer/response_writer.h"
#include "dns/message.h"

namespace nearcast::answer {
namespace {

using dns::ExtendedError;
using dns::Rcode;
using zone::HashedName;

// Queries that go through the stages together. Enough that the misses of one stage overlap (a core
// keeps about a dozen under way), few enough that what they hold fits in the first caches.
constexpr size_t kStageMax = 32;

// Responses all look alike in steps of this (RFC 8467 §4.1): most names' answers need one.
constexpr size_t kPaddingBlock = 468;

// A response that has nothing but a header, the longest question and OPT with our options.
constexpr size_t kRoomMin = 512;

constexpr Outcome kNotImplemented = {.rcode = Rcode::NotImp, .reason = ExtendedError::NotSupported};

// One query on its way through the stages.
struct Job {
    Exchange* exchange = nullptr;
    dns::ParseError error = dns::ParseError::None;
    bool is_lookup = false;                // An ordinary question that the zones answer.
    std::optional<Outcome> verdict;        // Nothing else is to be answered.
    const uint8_t* likely_zone = nullptr;  // A block with the hash of the suffix from this label.
    size_t likely_label = 0;
    const PrivateZones* hidden = nullptr;  // From who asks.
    std::optional<zone::Version> zone;
    zone::Node likely_node;
    bool may_be_below = false;  // A cut, or what else is one label above the name.
    dns::Query query;
    HashedName name;
};

// TKEY, TSIG, IXFR, AXFR, MAILB and MAILA are next to each other.
bool is_of_data(dns::RRType type) {
    const bool is_meta = type >= dns::RRType::TKEY && type <= dns::RRType::MAILA;
    return !is_meta && type != dns::RRType::OPT && type != dns::RRType::NXNAME;
}

bool is_lookup(const dns::Query& query) {
    return query.opcode() == dns::Opcode::Query && query.qclass == dns::RRClass::IN &&
           is_of_data(query.qtype) && !query.has_tsig() && query.edns.version == dns::kEdnsVersion;
}

// What others may do: see Exchange::is_special. A signature is found in spite of an opcode that is
// not known.
bool is_special(dns::ParseError error, const dns::Query& query) {
    if (error == dns::ParseError::UnknownOpcode) return query.has_tsig();
    if (error != dns::ParseError::None) return false;
    return query.has_tsig() || query.opcode() != dns::Opcode::Query ||
           query.qtype == dns::RRType::AXFR || query.qtype == dns::RRType::IXFR;
}

uint64_t apex_hash(const Job& job) {
    return job.name.hash(job.name.label_count() - job.zone->apex().label_count());
}

std::span<const uint8_t> address_of(const sockaddr& peer) {
    if (peer.sa_family == AF_INET6) {
        const auto& address = reinterpret_cast<const sockaddr_in6&>(peer).sin6_addr;
        return {address.s6_addr, sizeof address};
    }
    const auto& address = reinterpret_cast<const sockaddr_in&>(peer).sin_addr;
    return {reinterpret_cast<const uint8_t*>(&address), sizeof address};
}

}  // namespace

struct Responder::Worker {
    Worker(zone::ZoneTable& table, const ResponderOptions& options);

    void refresh();
    void respond(std::span<Exchange> batch, uint32_t now);

    void parse(Job& job);
    void fetch_zone(Job& job) const;
    void find_zone(Job& job) const;
    void fetch_node(Job& job) const;
    void compose(Job& job, uint32_t now);

    void prepare_options(Job& job, uint32_t now);
    void take_cookie(Job& job, std::span<const uint8_t> option, uint32_t now);
    void judge_cookie(Job& job, uint32_t now);
    [[nodiscard]] const PrivateZones* hidden_from(const Job& job) const;
    [[nodiscard]] size_t limit_for(const Job& job) const;
    [[nodiscard]] Outcome outcome_for(Job& job);

    zone::ZoneTable& zones;
    base::Quiescence::Reader reader;
    IdentityAnswer identity;
    const ProbeToken probe_token;
    const bool knows_probes;
    const uint16_t worker_index;
    const uint16_t udp_payload_max;
    const PrivateZones fixed_private_zones;
    const zone::LiveNames* const more_private_zones;
    zone::LiveNames::Seen seen_private_zones;
    PrivateZones private_zones;  // All of them.
    std::optional<shield::CookieJar> jar;
    Composer composer;
    ResponseWriter writer;
    ResponseOptions response_options;
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
      fixed_private_zones(options.private_zones),
      more_private_zones(options.more_private_zones),
      private_zones(options.private_zones),
      composer(table) {
    if (options.cookie_secrets != nullptr) {
        jar.emplace(*options.cookie_secrets, options.cookie_policy);
    }
}

void Responder::Worker::parse(Job& job) {
    Exchange& exchange = *job.exchange;
    exchange.response_size = 0;
    exchange.is_probe = false;
    exchange.is_special = false;
    exchange.takes_connection = false;
    exchange.takes_datagram = false;
    exchange.cookie = shield::CookieState::None;
    job.verdict = exchange.verdict;
    job.zone.reset();
    job.error = dns::parse_query(exchange.query, job.query);
    job.is_lookup = job.error == dns::ParseError::None && is_lookup(job.query);
    exchange.facts = {.error = job.error,
                      .has_edns = job.query.edns.is_present,
                      .dnssec_ok = job.query.edns.dnssec_ok,
                      .qtype = job.query.qtype};
    if (!job.is_lookup) {
        exchange.is_special = is_special(job.error, job.query);
        return;
    }
    job.name.assign(job.query.qname_wire(exchange.query), job.query.labels);
    // Who may see it after all is for others to say.
    exchange.is_special = !exchange.is_trusted && private_zones.covers(job.name);
    if (zones.is_small()) return;
    visit_apexes(zones, job.name, 0, [&](size_t label) {
        zones.prefetch_slot(job.name.hash(label));
        return false;
    });
}

// The most specific zone is the one that the longest suffix leads to, so the search ends there.
void Responder::Worker::fetch_zone(Job& job) const {
    job.likely_zone = nullptr;
    if (!job.is_lookup) return;
    visit_apexes(zones, job.name, 0, [&](size_t label) {
        job.likely_zone = zones.prefetch_version(job.name.hash(label));
        job.likely_label = label;
        return job.likely_zone != nullptr;
    });
}

// What was fetched is the zone where a name alone decides that, and the hash did not deceive.
void Responder::Worker::find_zone(Job& job) const {
    if (!job.is_lookup) return;
    job.hidden = hidden_from(job);
    const bool is_plain =
        job.likely_zone != nullptr && job.hidden == nullptr && job.query.qtype != dns::RRType::DS;
    if (is_plain &&
        zone::Image(job.likely_zone).apex().is_named(job.name.suffix(job.likely_label))) {
        job.zone.emplace(job.likely_zone);
        job.may_be_below = job.likely_label >= 2;
    } else {
        job.zone = find_zone_for({zones, job.hidden}, job.name, job.query.qtype);
        job.may_be_below = false;
    }
    if (!job.zone || job.zone->is_unavailable()) return;
    job.zone->prefetch_bucket(job.name.hash());
    if (job.may_be_below) job.zone->prefetch_bucket(job.name.hash(1));
}

void Responder::Worker::fetch_node(Job& job) const {
    job.likely_node = {};
    if (!job.zone || job.zone->is_unavailable()) return;
    job.likely_node = fetch_likely(*job.zone, job.name);
    if (!job.likely_node && job.may_be_below) job.zone->prefetch_node(job.name.hash(1));
}

// What the options of the query ask for. Those that do not fit the transport are as unknown ones:
// over UDP a keepalive is ignored (RFC 7828 §3.3.1), and padding hides nothing in the clear.
void Responder::Worker::prepare_options(Job& job, uint32_t now) {
    const dns::Edns& edns = job.query.edns;
    response_options.begin(edns.is_present);
    if (edns.options_size == 0 || edns.version != dns::kEdnsVersion) return;
    bool wants_nsid = false;
    bool wants_expire = false;
    bool has_cookie = false;
    bool wants_keepalive = false;
    dns::OptionReader asked(edns.options(job.exchange->query));
    dns::EdnsOption option;
    while (asked.next(option)) {
        if (option.code == dns::kNsid) wants_nsid = true;
        if (option.code == dns::kExpire && job.query.qtype == dns::RRType::SOA) wants_expire = true;
        // Of several, the first alone counts (RFC 7873 §5.2).
        if (option.code == dns::kCookie && !std::exchange(has_cookie, true)) {
            take_cookie(job, option.data, now);
        }
        if (option.code == dns::kTcpKeepalive) wants_keepalive = true;
        if (option.code == dns::kPadding && job.exchange->is_encrypted) {
            response_options.pad_to(kPaddingBlock);
        }
        if (option.code == dns::kProbe && knows_probes && job.exchange->is_local) {
            job.exchange->is_probe = std::ranges::equal(option.data, probe_token);
        }
    }
    if (wants_nsid) response_options.add(dns::kNsid, identity.nsid());
    if (wants_expire) job.exchange->is_special = true;
    if (wants_expire && job.exchange->expire) {
        response_options.add_u32(dns::kExpire, *job.exchange->expire);
    }
    if (wants_keepalive && job.exchange->transport == Transport::Tcp &&
        job.exchange->keepalive > 0) {
        response_options.add_u16(dns::kTcpKeepalive, job.exchange->keepalive);
    }
    if (job.exchange->is_probe) response_options.add_u16(dns::kProbe, worker_index);
}

void Responder::Worker::take_cookie(Job& job, std::span<const uint8_t> option, uint32_t now) {
    Exchange& exchange = *job.exchange;
    if (!jar || exchange.peer == nullptr) return;
    shield::Cookie reply;
    exchange.cookie = jar->take(option, address_of(*exchange.peer), now, reply);
    if (exchange.cookie == shield::CookieState::Malformed) {
        job.verdict = {.rcode = Rcode::FormErr};
    } else {
        response_options.add(dns::kCookie, reply);
    }
}

// What a cookie, or none, decides about the answer.
void Responder::Worker::judge_cookie(Job& job, uint32_t now) {
    using shield::CookieState;
    const Exchange& exchange = *job.exchange;
    const CookieState state = exchange.cookie;
    if (job.error == dns::ParseError::NoQuestion) {
        const bool asks_for_one = state == CookieState::ClientOnly || state == CookieState::Good ||
                                  state == CookieState::Bad;
        if (!asks_for_one || job.query.opcode() != dns::Opcode::Query) return;
        // RFC 7873 §5.4.
        job.verdict = {.rcode = state == CookieState::Bad ? Rcode::BadCookie : Rcode::NoError};
    }
    if (exchange.transport != Transport::Udp || !jar->demands_better(state, now)) return;
    if (!job.verdict && job.error == dns::ParseError::None)
        job.verdict = {.rcode = Rcode::BadCookie};
}

// Null when nothing is.
const PrivateZones* Responder::Worker::hidden_from(const Job& job) const {
    return private_zones.is_empty() || job.exchange->is_trusted ? nullptr : &private_zones;
}

size_t Responder::Worker::limit_for(const Job& job) const {
    const size_t room = job.exchange->room.size();
    if (job.exchange->transport == Transport::Tcp) return std::min(room, dns::kMessageSizeMax);
    return std::min<size_t>({room, job.query.edns.udp_payload, udp_payload_max});
}

// Fills the sections and says what goes into the header.
Outcome Responder::Worker::outcome_for(Job& job) {
    const dns::Query& query = job.query;
    const std::span<const uint8_t> message = job.exchange->query;
    if (job.is_lookup) {
        return composer.compose(
            {query, job.name, query.qname_wire(message), job.zone, job.likely_node, job.hidden},
            writer);
    }
    if (job.error != dns::ParseError::None) return {*dns::rcode_of(job.error)};
    if (query.edns.version != dns::kEdnsVersion) return {Rcode::BadVers};
    if (query.opcode() != dns::Opcode::Query) return kNotImplemented;
    if (query.has_tsig()) return {Rcode::NotAuth};  // No key is shared with anyone.
    if (query.qclass == dns::RRClass::CH)
        return identity.answer(query, query.qname_wire(message), writer);
    switch (query.qtype) {
        case dns::RRType::OPT:
        case dns::RRType::NXNAME:  // RFC 9824 §3.5.
        case dns::RRType::TSIG:
            return {Rcode::FormErr};  // They are never asked for.
        case dns::RRType::TKEY:
        case dns::RRType::MAILA:
        case dns::RRType::MAILB:
            return kNotImplemented;
        case dns::RRType::AXFR:
        case dns::RRType::IXFR:
            return {.rcode = Rcode::Refused, .reason = ExtendedError::Prohibited};
        default:  // Classes that nobody uses.
            return {.rcode = Rcode::Refused, .reason = ExtendedError::NotSupported};
    }
}

void Responder::Worker::compose(Job& job, uint32_t now) {
    Exchange& exchange = *job.exchange;
    if (!dns::rcode_of(job.error) || exchange.room.size() < kRoomMin) return;
    const dns::Query& query = job.query;
    prepare_options(job, now);
    if (jar) judge_cookie(job, now);
    const size_t limit = limit_for(job);
    const size_t options_size = response_options.size();
    const size_t needed = dns::kHeaderSize + query.question_size + options_size;
    const size_t reserved = std::min(exchange.reserved, limit - needed);
    writer.begin(exchange.room, limit, query.question(exchange.query));
    writer.reserve(options_size + reserved);
    const Outcome outcome = job.verdict ? *job.verdict : outcome_for(job);
    response_options.explain(outcome.reason);
    response_options.append_to(writer, {.rcode = outcome.rcode,
                                        .udp_payload = udp_payload_max,
                                        .dnssec_ok = query.edns.dnssec_ok,
                                        .reserved = reserved});

    // Not CD: here nothing is ever checked (RFC 4035 §3.1.6).
    constexpr uint16_t kCopied = dns::kOpcodeMask | dns::kFlagRd;
    uint16_t flags = dns::kFlagQr | (query.header.flags & kCopied) |
                     (static_cast<uint16_t>(outcome.rcode) & dns::kRcodeMask);
    if (outcome.is_authoritative) flags |= dns::kFlagAa;
    if (outcome.is_truncated) flags |= dns::kFlagTc;
    writer.finish(query.header.id, flags);
    exchange.response_size = writer.size();
    exchange.facts.rcode = outcome.rcode;
    if (job.zone) exchange.facts.apex_hash = apex_hash(job);
}

void Responder::Worker::refresh() {
    if (jar) jar->refresh();
    if (more_private_zones == nullptr || !more_private_zones->refresh(seen_private_zones)) return;
    private_zones = fixed_private_zones;
    for (const dns::Name& apex : *seen_private_zones.names) private_zones.add(apex);
}

void Responder::Worker::respond(std::span<Exchange> batch, uint32_t now) {
    const auto staged = std::span(jobs).first(batch.size());
    for (size_t i = 0; i < batch.size(); ++i) staged[i].exchange = &batch[i];
    for (Job& job : staged) parse(job);
    for (Job& job : staged) fetch_zone(job);
    for (Job& job : staged) find_zone(job);
    for (Job& job : staged) fetch_node(job);
    for (Job& job : staged) compose(job, now);
}

Responder::Responder(zone::ZoneTable& zones, const ResponderOptions& options)
    : worker_(std::make_unique<Worker>(zones, options)) {}

Responder::~Responder() = default;

void Responder::respond(std::span<Exchange> batch, std::chrono::seconds now) noexcept {
    worker_->reader.online();
    worker_->refresh();
    while (!batch.empty()) {
        const auto staged = batch.first(std::min(batch.size(), kStageMax));
        worker_->respond(staged, static_cast<uint32_t>(now.count()));
        batch = batch.subspan(staged.size());
    }
}

void Responder::offline() noexcept { worker_->reader.offline(); }

}  // namespace nearcast::answer
