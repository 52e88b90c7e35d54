// SPDX-License-Identifier: Apache-2.0

#include "transfer/primary_client.h"

#include <algorithm>
#include <ctime>
#include <string>
#include <utility>

#include "base/clock.h"
#include "base/random.h"
#include "dns/response.h"
#include "transfer/condense.h"
#include "transfer/expire_option.h"

namespace nearcast::transfer {
namespace {

using base::Instant;
using base::Result;
using Bytes = std::vector<uint8_t>;

constexpr int kUdpTries = 2;

uint64_t wall_clock() { return static_cast<uint64_t>(::time(nullptr)); }

// A primary that refuses may not sign that it does.
std::unexpected<base::Error> unproven(std::span<const uint8_t> message, TsigError error) {
    std::string text = std::string("the answer is not signed as it should be: ") + to_text(error);
    if (message.size() >= dns::kHeaderSize) {
        const auto rcode = static_cast<dns::Rcode>(message[3] & dns::kRcodeMask);
        if (rcode != dns::Rcode::NoError) text += ", and the primary said " + dns::to_text(rcode);
    }
    return base::fail(std::move(text),
                      "the same key, secret and algorithm on both sides, and right clocks");
}

// The SOA that tells what we have (RFC 1995 §3): names and timers mean nothing in it. It goes into
// the authority section, in front of what the message has as additional records.
void insert_soa(Bytes& message, const dns::Name& zone, uint32_t serial) {
    constexpr size_t kTailSize = 4;      // Of the question: type and class.
    constexpr uint8_t kToName = 0xC0;    // A pointer to the question's name.
    constexpr size_t kSoaDataSize = 22;  // Two roots and five numbers.
    Bytes soa{kToName, dns::kHeaderSize,
              0,       static_cast<uint8_t>(dns::RRType::SOA),
              0,       1,
              0,       0,
              0,       0,
              0,       kSoaDataSize,
              0,       0};
    soa.resize(soa.size() + kSoaDataSize - 2);
    base::store_u32(&soa[14], serial);
    const size_t at = dns::kHeaderSize + zone.wire().size() + kTailSize;
    message.insert(message.begin() + static_cast<ptrdiff_t>(at), soa.begin(), soa.end());
    dns::Header header = dns::load_header(message);
    header.authority_count = 1;
    dns::store_header(header, message);
}

// What a server from before EDNS says to it (RFC 6891 §7).
bool is_edns_refusal(dns::Rcode rcode) {
    return rcode == dns::Rcode::FormErr || rcode == dns::Rcode::NotImp ||
           rcode == dns::Rcode::BadVers;
}

}  // namespace

PrimaryClient::PrimaryClient(const dns::Name& zone, const base::SocketAddress& primary,
                             const TsigKey* key, const std::atomic<bool>& is_stopping,
                             ClientLimits limits)
    : zone_(zone), primary_(primary), key_(key), is_stopping_(is_stopping), limits_(limits) {}

PrimaryClient::Question PrimaryClient::make_question(dns::RRType type,
                                                     std::optional<uint32_t> serial) {
    Question question;
    question.id = links_ != nullptr ? links_->next_id() : base::random_u16();
    const dns::EdnsOption expire{dns::kExpire, {}};
    dns::QueryDraft draft;
    draft.id = question.id;
    draft.qname = zone_;
    draft.qtype = type;
    draft.has_edns = uses_edns_;
    draft.options = {&expire, 1};
    question.message = dns::build_query(draft);
    if (serial) insert_soa(question.message, zone_, *serial);
    if (key_ != nullptr) question.mac = sign_request(hmac_, *key_, question.message, wall_clock());
    return question;
}

Result<void> PrimaryClient::check_signature(std::span<const uint8_t> message,
                                            TsigStream& signatures) const {
    const TsigError error = signatures.check(message, wall_clock());
    if (error != TsigError::None) return unproven(message, error);
    return {};
}

Result<Bytes> PrimaryClient::ask_over_udp(const Question& question) const {
    Link link(Link::Kind::Datagrams, primary_, is_stopping_);
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

Result<void> PrimaryClient::send(const Question& question) {
    const Instant deadline = base::now() + limits_.connect;
    answer_.reset();
    if (tls_ == nullptr) {
        link_.emplace(Link::Kind::Stream, primary_, is_stopping_);
        return link_->write_frame(question.message, deadline);
    }
    auto lease = links_->get(primary_, *tls_);
    if (!lease) return std::unexpected(lease.error());
    lease_ = *std::move(lease);
    auto answer = lease_.link->ask(question.message, deadline);
    if (!answer) return std::unexpected(answer.error());
    answer_ = *std::move(answer);
    return {};
}

Result<Bytes> PrimaryClient::read_frame(std::chrono::milliseconds patience, Instant end) {
    if (answer_ != nullptr) return answer_->read(patience, end);
    return link_->read_frame(std::min(end, base::now() + patience));
}

Result<Bytes> PrimaryClient::send_and_read(const Question& question,
                                           std::chrono::milliseconds patience) {
    for (;;) {
        const auto sent = send(question);
        auto message = sent ? read_frame(patience, base::now() + limits_.turn)
                            : Result<Bytes>(std::unexpected(sent.error()));
        // A primary may close what it kept for a while just when it is asked again.
        const bool was_kept = lease_.link != nullptr && !lease_.is_new;
        if (message || !was_kept || !lease_.link->is_broken()) return message;
    }
}

Result<Bytes> PrimaryClient::ask_over_tcp(const Question& question) {
    auto response = send_and_read(question, limits_.connect + limits_.answer);
    answer_.reset();
    return response;
}

Result<dns::Rcode> PrimaryClient::tell(Bytes message) {
    Question question;
    question.id = base::load_u16(message.data());
    question.message = std::move(message);
    if (key_ != nullptr) question.mac = sign_request(hmac_, *key_, question.message, wall_clock());
    const auto answer = ask_over_tcp(question);
    if (!answer) return std::unexpected(answer.error());
    if (answer->size() < dns::kHeaderSize || base::load_u16(answer->data()) != question.id) {
        return base::fail("the answer is not one to what was told");
    }
    if (key_ != nullptr) {
        TsigStream signatures(*key_, question.mac);
        if (auto done = check_signature(*answer, signatures); !done) {
            return std::unexpected(done.error());
        }
    }
    return static_cast<dns::Rcode>(dns::load_header(*answer).flags & dns::kRcodeMask);
}

Result<dns::Response> PrimaryClient::ask_soa_once() {
    const Question question = make_question(dns::RRType::SOA);
    // What travels over TLS is told to nobody in the clear.
    Result<Bytes> bytes = tls_ == nullptr ? ask_over_udp(question) : ask_over_tcp(question);
    if (!bytes && tls_ == nullptr) bytes = ask_over_tcp(question);
    if (!bytes) return std::unexpected(bytes.error());
    if (key_ != nullptr) {
        TsigStream signatures(*key_, question.mac);
        if (auto done = check_signature(*bytes, signatures); !done) {
            return std::unexpected(done.error());
        }
    }
    return dns::read_response(*bytes);
}

Result<ToldSerial> PrimaryClient::ask_serial() {
    auto response = ask_soa_once();
    if (response && uses_edns_ && is_edns_refusal(response->rcode)) {
        uses_edns_ = false;
        response = ask_soa_once();
    }
    if (!response) return std::unexpected(response.error());
    has_answered_ = true;
    rcode_ = response->rcode;
    if (rcode_ != dns::Rcode::NoError) {
        return base::fail("the primary said " + dns::to_text(response->rcode));
    }
    for (const dns::Record& record : response->answer) {
        if (record.type != dns::RRType::SOA || !(record.owner == zone_)) continue;
        return ToldSerial{zone::soa_serial(record.rdata), read_expire(response->options)};
    }
    return base::fail("the primary has no SOA for the zone");
}

bool PrimaryClient::is_too_slow(size_t bytes, base::Duration taken) const {
    const auto milliseconds = std::chrono::floor<std::chrono::milliseconds>(taken);
    const auto wanted = static_cast<size_t>(milliseconds.count()) * limits_.rate_min / 1000;
    return milliseconds > limits_.slow_after && bytes < wanted;
}

Result<void> PrimaryClient::receive(const Question& question, ZoneReceiver& receiver) {
    is_too_much_ = false;
    has_answered_ = false;
    rcode_ = dns::Rcode::NoError;
    content_ = ZoneReceiver::Content::Unknown;
    size_t bytes = 0;
    std::optional<TsigStream> signatures;
    if (key_ != nullptr) signatures.emplace(*key_, question.mac);
    auto message = send_and_read(question, limits_.message);
    const Instant start = base::now();
    const Instant end = start + limits_.transfer;
    for (;;) {
        if (!message) return std::unexpected(message.error());
        transfer_bytes_ += message->size();
        bytes += message->size();
        if (is_too_slow(bytes, base::now() - start)) {
            is_too_much_ = true;
            return base::fail("the primary sends less than " + std::to_string(limits_.rate_min) +
                              " bytes a second");
        }
        if (signatures) {
            if (auto done = check_signature(*message, *signatures); !done) return done;
        }
        has_answered_ = true;
        const auto taken = receiver.take(*message);
        is_too_much_ = receiver.is_over_budget();
        rcode_ = receiver.rcode();
        content_ = receiver.content();
        if (!taken) return std::unexpected(taken.error());
        if (*taken) break;
        message = read_frame(limits_.message, end);
    }
    if (signatures && !signatures->is_proven()) {
        return base::fail("the last message is not signed");
    }
    return {};
}

Result<Fetched> PrimaryClient::fetch(std::optional<uint32_t> serial) {
    const Question question = make_question(serial ? dns::RRType::IXFR : dns::RRType::AXFR, serial);
    ZoneReceiver receiver({.zone = zone_, .id = question.id, .serial = serial}, receive_limits_,
                          budget_);
    auto done = receive(question, receiver);
    answer_.reset();  // What still comes is wanted no more.
    if (!done) return std::unexpected(done.error());
    Fetched fetched;
    fetched.expire = receiver.expire();
    if (receiver.content() == ZoneReceiver::Content::Differences) {
        auto changes = condense(receiver.differences());
        if (!changes) return std::unexpected(changes.error());
        fetched.changes = *std::move(changes);
    } else if (receiver.content() == ZoneReceiver::Content::Whole) {
        auto image = receiver.build();
        if (!image) return std::unexpected(image.error());
        fetched.image = *std::move(image);
    } else {
        fetched.current = receiver.serial();
    }
    fetched.share = receiver.take_share();
    return fetched;
}

Result<Fetched> PrimaryClient::fetch_whole() {
    auto fetched = fetch(std::nullopt);
    if (fetched || !uses_edns_ || !is_edns_refusal(rcode_)) return fetched;
    uses_edns_ = false;
    return fetch(std::nullopt);
}

// Who does not answer will not answer to AXFR, and a whole zone that is wrong stays so.
Result<Fetched> PrimaryClient::fetch_changes(uint32_t serial) {
    auto fetched = fetch(serial);
    if (!fetched && uses_edns_ && rcode_ == dns::Rcode::FormErr) {
        uses_edns_ = false;
        fetched = fetch(serial);
    }
    if (fetched || !has_answered_ || content_ == ZoneReceiver::Content::Whole) return fetched;
    const bool knows_none = is_edns_refusal(rcode_) || rcode_ == dns::Rcode::Refused;
    auto whole = fetch_whole();
    if (whole) {
        whole->refusal = fetched.error().message;
        whole->knows_no_changes = knows_none;
    }
    return whole;
}

}  // namespace nearcast::transfer
