// SPDX-License-Identifier: Apache-2.0

#include "transfer/primary_client.h"

#include <algorithm>
#include <ctime>
#include <string>
#include <utility>

#include "base/clock.h"
#include "base/random.h"
#include "dns/response.h"
#include "transfer/link.h"

namespace nearcast::transfer {
namespace {

using base::Instant;
using base::Result;
using Bytes = std::vector<uint8_t>;

constexpr int kUdpTries = 2;

uint64_t wall_clock() { return static_cast<uint64_t>(::time(nullptr)); }

// A primary that refuses may not sign that it does.
std::unexpected<base::Error> unproven(const Bytes& message, TsigError error) {
    std::string text = std::string("the answer is not signed as it should be: ") + to_text(error);
    if (message.size() >= dns::kHeaderSize) {
        const auto rcode = static_cast<dns::Rcode>(message[3] & dns::kRcodeMask);
        if (rcode != dns::Rcode::NoError) text += ", and the primary said " + dns::to_text(rcode);
    }
    return base::fail(std::move(text),
                      "the same key, secret and algorithm on both sides, and right clocks");
}

}  // namespace

PrimaryClient::PrimaryClient(const dns::Name& zone, const base::SocketAddress& primary,
                             const TsigKey* key, const std::atomic<bool>& is_stopping,
                             ClientLimits limits)
    : zone_(zone), primary_(primary), key_(key), is_stopping_(is_stopping), limits_(limits) {}

PrimaryClient::Question PrimaryClient::make_question(dns::RRType type) {
    Question question;
    question.id = base::random_u16();
    dns::QueryDraft draft;
    draft.id = question.id;
    draft.qname = zone_;
    draft.qtype = type;
    draft.has_edns = false;
    question.message = dns::build_query(draft);
    if (key_ != nullptr) question.mac = sign_request(hmac_, *key_, question.message, wall_clock());
    return question;
}

Result<Bytes> PrimaryClient::soa_in(const Bytes& bytes, const Question& question) const {
    if (key_ != nullptr) {
        TsigStream stream(*key_, question.mac);
        const TsigError error = stream.check(bytes, wall_clock());
        if (error != TsigError::None) return unproven(bytes, error);
    }
    const auto response = dns::read_response(bytes);
    if (!response) return std::unexpected(response.error());
    if (response->rcode != dns::Rcode::NoError) {
        return base::fail("the primary said " + dns::to_text(response->rcode));
    }
    for (const dns::Record& record : response->answer) {
        if (record.type == dns::RRType::SOA && record.owner == zone_) return record.rdata;
    }
    return base::fail("the primary has no SOA for the zone");
}

Result<Bytes> PrimaryClient::ask_over_udp(const Question& question) const {
    const Link link(Link::Kind::Datagrams, primary_, is_stopping_);
    Bytes room(dns::kMessageSizeMax);
    for (int i = 0; i < kUdpTries; ++i) {
        const Instant deadline = base::now() + limits_.answer;
        if (auto sent = link.write(question.message, deadline); !sent) {
            return std::unexpected(sent.error());
        }
        for (;;) {
            const auto got = link.read_some(room, deadline);
            if (!got) break;
            if (*got < dns::kHeaderSize || base::load_u16(room.data()) != question.id) continue;
            if ((base::load_u16(room.data() + 2) & dns::kFlagTc) != 0) {
                return base::fail("the answer does not fit in a datagram");
            }
            return Bytes(room.begin(), room.begin() + static_cast<ptrdiff_t>(*got));
        }
    }
    return base::fail("no answer in time");
}

Result<Bytes> PrimaryClient::ask_over_tcp(const Question& question) const {
    const Link link(Link::Kind::Stream, primary_, is_stopping_);
    const Instant deadline = base::now() + limits_.connect;
    if (auto sent = link.write_frame(question.message, deadline); !sent) {
        return std::unexpected(sent.error());
    }
    return link.read_frame(deadline + limits_.answer);
}

Result<Bytes> PrimaryClient::ask_soa() {
    const Question question = make_question(dns::RRType::SOA);
    auto response = ask_over_udp(question);
    if (!response) response = ask_over_tcp(question);
    if (!response) return std::unexpected(response.error());
    return soa_in(*response, question);
}

Result<zone::ImageBlock> PrimaryClient::fetch() {
    const Question question = make_question(dns::RRType::AXFR);
    const Link link(Link::Kind::Stream, primary_, is_stopping_);
    const Instant end = base::now() + limits_.transfer;
    if (auto sent = link.write_frame(question.message, base::now() + limits_.connect); !sent) {
        return std::unexpected(sent.error());
    }
    ZoneReceiver receiver(zone_, question.id);
    std::optional<TsigStream> signatures;
    if (key_ != nullptr) signatures.emplace(*key_, question.mac);
    for (;;) {
        const auto message = link.read_frame(std::min(end, base::now() + limits_.message));
        if (!message) return std::unexpected(message.error());
        if (signatures) {
            const TsigError error = signatures->check(*message, wall_clock());
            if (error != TsigError::None) return unproven(*message, error);
        }
        const auto is_last = receiver.take(*message);
        if (!is_last) return std::unexpected(is_last.error());
        if (*is_last) break;
    }
    if (signatures && !signatures->is_proven()) {
        return base::fail("the last message is not signed");
    }
    return receiver.build();
}

}  // namespace nearcast::transfer
