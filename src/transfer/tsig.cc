// SPDX-License-Identifier: Apache-2.0

#include "transfer/tsig.h"

#include <algorithm>
#include <array>
#include <cassert>
#include <cstring>

#include "base/bytes.h"
#include "dns/ascii.h"
#include "dns/header.h"
#include "dns/record_walk.h"
#include "dns/rr_type.h"

namespace nearcast::transfer {
namespace {

using Bytes = std::span<const uint8_t>;

constexpr size_t kRecordHeadSize = 10;  // Type, class, TTL, data size.
constexpr size_t kDataFixedSize = 16;   // All of the data but algorithm, MAC and other data.
constexpr size_t kTimersSize = 8;       // Time signed and fudge.
constexpr size_t kServerTimeSize = 6;   // The other data of BADTIME.
constexpr size_t kMacSizeMin = 10;      // §5.2.2.1
constexpr size_t kAdditionalCountAt = 10;

void store_u48(uint8_t* to, uint64_t value) {
    base::store_u16(to, static_cast<uint16_t>(value >> 32));
    base::store_u32(to + 2, static_cast<uint32_t>(value));
}

// What a signature says beside the MAC.
struct Variables {
    Bytes key_name;
    Bytes algorithm;
    uint64_t time_signed = 0;
    uint16_t fudge = kTsigFudge;
    uint16_t error = 0;
    Bytes other;
};

void add_timers(Hmac& hmac, uint64_t time_signed, uint16_t fudge) {
    std::array<uint8_t, kTimersSize> timers{};
    store_u48(timers.data(), time_signed);
    base::store_u16(timers.data() + 6, fudge);
    hmac.add(timers);
}

void add_name(Hmac& hmac, Bytes name) {
    std::array<uint8_t, dns::kNameSizeMax> lowered;
    dns::lower_copy(name, lowered.data());
    hmac.add(std::span(lowered).first(name.size()));
}

// §4.3.3
void add_variables(Hmac& hmac, const Variables& variables) {
    add_name(hmac, variables.key_name);
    constexpr std::array<uint8_t, 6> kClassAnyTtlZero = {0, 255, 0, 0, 0, 0};
    hmac.add(kClassAnyTtlZero);
    add_name(hmac, variables.algorithm);
    add_timers(hmac, variables.time_signed, variables.fudge);
    std::array<uint8_t, 4> tail{};
    base::store_u16(tail.data(), variables.error);
    base::store_u16(tail.data() + 2, static_cast<uint16_t>(variables.other.size()));
    hmac.add(tail);
    hmac.add(variables.other);
}

void add_prior(Hmac& hmac, const Mac& mac) {
    std::array<uint8_t, 2> size{};
    base::store_u16(size.data(), mac.size);
    hmac.add(size);
    hmac.add(mac.view());
}

// The message as it was before it was signed (§4.3.2).
void add_unsigned_form(Hmac& hmac, Bytes message, const TsigRecord& record) {
    std::array<uint8_t, dns::kHeaderSize> header;
    std::ranges::copy(message.first(header.size()), header.begin());
    base::store_u16(header.data(), record.original_id);
    const uint16_t count = base::load_u16(header.data() + kAdditionalCountAt);
    base::store_u16(header.data() + kAdditionalCountAt, static_cast<uint16_t>(count - 1));
    hmac.add(header);
    hmac.add(message.subspan(header.size(), record.offset - header.size()));
}

Variables variables_of(const TsigRecord& record) {
    return {record.key_name.wire(), record.algorithm.wire(),
            record.time_signed,     record.fudge,
            record.error,           record.other};
}

bool is_in_time(const TsigRecord& record, uint64_t now) {
    const uint64_t apart =
        now > record.time_signed ? now - record.time_signed : record.time_signed - now;
    return apart <= record.fudge;
}

// §5.2.2.1: shorter proves nothing, longer is none of ours.
bool is_legal_size(size_t mac_size, Hash hash) {
    return mac_size <= hash_size(hash) && mac_size >= std::max(kMacSizeMin, hash_size(hash) / 2);
}

// §5.2.2 to §5.2.4, given the MAC that ought to be there.
TsigError judge(const TsigRecord& record, const Mac& expected, uint64_t now) {
    if (!is_same_mac(record.mac, expected.view().first(record.mac.size()))) {
        return TsigError::BadSig;
    }
    if (!is_in_time(record, now)) return TsigError::BadTime;
    return record.mac.size() < expected.size ? TsigError::BadTrunc : TsigError::None;
}

uint8_t* put(uint8_t* at, Bytes bytes) {
    if (!bytes.empty()) std::memcpy(at, bytes.data(), bytes.size());
    return at + bytes.size();
}

// Appends the record and counts it. `id` is what the message bears, and so the original id.
size_t append_record(std::span<uint8_t> room, size_t size, const Variables& variables, Bytes mac) {
    const size_t data_size =
        variables.algorithm.size() + kDataFixedSize + mac.size() + variables.other.size();
    assert(room.size() - size >= variables.key_name.size() + kRecordHeadSize + data_size);
    uint8_t* at = put(room.data() + size, variables.key_name);
    base::store_u16(at, static_cast<uint16_t>(dns::RRType::TSIG));
    base::store_u16(at + 2, static_cast<uint16_t>(dns::RRClass::ANY));
    base::store_u32(at + 4, 0);
    base::store_u16(at + 8, static_cast<uint16_t>(data_size));
    at = put(at + kRecordHeadSize, variables.algorithm);
    store_u48(at, variables.time_signed);
    base::store_u16(at + 6, variables.fudge);
    base::store_u16(at + 8, static_cast<uint16_t>(mac.size()));
    at = put(at + 10, mac);
    std::memcpy(at, room.data(), 2);
    base::store_u16(at + 2, variables.error);
    base::store_u16(at + 4, static_cast<uint16_t>(variables.other.size()));
    at = put(at + 6, variables.other);
    uint8_t* const count = room.data() + kAdditionalCountAt;
    base::store_u16(count, static_cast<uint16_t>(base::load_u16(count) + 1));
    return static_cast<size_t>(at - room.data());
}

Variables variables_for(const TsigKey& key, uint64_t now) {
    return {.key_name = key.name.wire(),
            .algorithm = algorithm_name(key.hash).wire(),
            .time_signed = now,
            .other = {}};
}

}  // namespace

const char* to_text(TsigError error) {
    switch (error) {
        case TsigError::None:
            return "NOERROR";
        case TsigError::FormErr:
            return "FORMERR";
        case TsigError::BadSig:
            return "BADSIG";
        case TsigError::BadKey:
            return "BADKEY";
        case TsigError::BadTime:
            return "BADTIME";
        case TsigError::BadTrunc:
            return "BADTRUNC";
    }
    return "an unknown TSIG error";
}

bool read_tsig(Bytes message, size_t offset, TsigRecord& record) noexcept {
    record.offset = offset;
    if (offset < dns::kHeaderSize || offset > message.size()) return false;
    if (base::load_u16(message.data() + kAdditionalCountAt) == 0) return false;
    dns::WireReader reader(message);
    reader.seek(offset);
    uint16_t type = 0;
    uint16_t rr_class = 0;
    uint32_t ttl = 0;
    uint16_t size = 0;
    uint16_t time_high = 0;
    uint32_t time_low = 0;
    uint16_t mac_size = 0;
    uint16_t other_size = 0;
    const bool is_whole =
        dns::read_name(reader, record.key_name) == dns::NameError::None && reader.read_u16(type) &&
        reader.read_u16(rr_class) && reader.read_u32(ttl) && reader.read_u16(size) &&
        reader.remaining() == size &&
        dns::read_name(reader, record.algorithm) == dns::NameError::None &&
        reader.read_u16(time_high) && reader.read_u32(time_low) && reader.read_u16(record.fudge) &&
        reader.read_u16(mac_size) && reader.read_bytes(mac_size, record.mac) &&
        reader.read_u16(record.original_id) && reader.read_u16(record.error) &&
        reader.read_u16(other_size) && reader.read_bytes(other_size, record.other);
    if (!is_whole || reader.remaining() > 0) return false;
    record.time_signed = uint64_t{time_high} << 32 | time_low;
    return type == static_cast<uint16_t>(dns::RRType::TSIG) &&
           rr_class == static_cast<uint16_t>(dns::RRClass::ANY) && ttl == 0;
}

std::optional<size_t> locate_tsig(Bytes message) noexcept {
    dns::RecordWalk walk(message);
    dns::RecordPlace place;
    while (walk.next(place)) {
        if (place.type != dns::RRType::TSIG) continue;
        const bool is_last =
            place.section == dns::Section::Additional && walk.is_at_end() && walk.remaining() == 0;
        return is_last ? std::optional(place.offset) : std::nullopt;
    }
    if (walk.is_broken() || walk.remaining() > 0) return std::nullopt;
    return 0;
}

size_t tsig_size(const TsigKey& key) {
    return key.name.wire().size() + kRecordHeadSize + algorithm_name(key.hash).wire().size() +
           kDataFixedSize + hash_size(key.hash);
}

TsigCheck check_request(Hmac& hmac, const TsigKeyring& keys, Bytes message, size_t offset,
                        uint64_t now) {
    TsigCheck check;
    if (!read_tsig(message, offset, check.record)) return check;
    const TsigKey* const key = keys.find(check.record.key_name);
    if (key == nullptr || !(check.record.algorithm == algorithm_name(key->hash))) {
        check.error = TsigError::BadKey;
        return check;
    }
    if (!is_legal_size(check.record.mac.size(), key->hash)) return check;
    check.key = key;
    hmac.start(key->hash, key->secret);
    add_unsigned_form(hmac, message, check.record);
    add_variables(hmac, variables_of(check.record));
    check.mac = hmac.finish();
    check.error = judge(check.record, check.mac, now);
    // A response to a MAC that was cut short goes on with what was sent.
    check.mac.size = static_cast<uint8_t>(check.record.mac.size());
    return check;
}

size_t tsig_response_size(const TsigCheck& request) {
    return request.record.key_name.wire().size() + kRecordHeadSize +
           request.record.algorithm.wire().size() + kDataFixedSize + kMacSizeMax + kServerTimeSize;
}

size_t sign_response(Hmac& hmac, const TsigCheck& request, std::span<uint8_t> room, size_t size,
                     uint64_t now) {
    assert(request.error != TsigError::FormErr);
    Variables variables = variables_of(request.record);
    variables.time_signed = now;
    variables.fudge = kTsigFudge;
    variables.error = static_cast<uint16_t>(request.error);
    variables.other = {};
    // Who could not prove that he has the key gets nothing signed by it (§5.3.2).
    if (request.error == TsigError::BadKey || request.error == TsigError::BadSig) {
        return append_record(room, size, variables, {});
    }
    std::array<uint8_t, kServerTimeSize> server_time{};
    if (request.error == TsigError::BadTime) {
        variables.time_signed = request.record.time_signed;
        store_u48(server_time.data(), now);
        variables.other = server_time;
    }
    hmac.start(request.key->hash, request.key->secret);
    add_prior(hmac, request.mac);
    hmac.add(room.first(size));
    add_variables(hmac, variables);
    return append_record(room, size, variables, hmac.finish().view());
}

Mac sign_request(Hmac& hmac, const TsigKey& key, std::vector<uint8_t>& message, uint64_t now) {
    const Variables variables = variables_for(key, now);
    hmac.start(key.hash, key.secret);
    hmac.add(message);
    add_variables(hmac, variables);
    const Mac mac = hmac.finish();
    const size_t size = message.size();
    message.resize(size + tsig_size(key));
    message.resize(append_record(message, size, variables, mac.view()));
    return mac;
}

size_t strip_tsig(Bytes message, const TsigRecord& record, std::span<uint8_t> room) {
    assert(room.size() >= record.offset);
    std::ranges::copy(message.first(record.offset), room.begin());
    uint8_t* const count = room.data() + kAdditionalCountAt;
    base::store_u16(count, static_cast<uint16_t>(base::load_u16(count) - 1));
    return record.offset;
}

TsigStream::TsigStream(const TsigKey& key, const Mac& request_mac) : key_(key) {
    begin_next(request_mac);
}

void TsigStream::begin_next(const Mac& prior) {
    hmac_.start(key_.hash, key_.secret);
    add_prior(hmac_, prior);
}

size_t TsigStream::sign(std::span<uint8_t> room, size_t size, uint64_t now) {
    const Variables variables = variables_for(key_, now);
    hmac_.add(room.first(size));
    if (is_first_) {
        add_variables(hmac_, variables);
    } else {
        add_timers(hmac_, variables.time_signed, variables.fudge);
    }
    is_first_ = false;
    const Mac mac = hmac_.finish();
    begin_next(mac);
    return append_record(room, size, variables, mac.view());
}

TsigError TsigStream::check(Bytes message, uint64_t now) {
    const std::optional<size_t> offset = locate_tsig(message);
    if (!offset) return TsigError::FormErr;
    if (*offset == 0) {
        if (is_first_ || unsigned_count_ >= kUnsignedMax) return TsigError::FormErr;
        ++unsigned_count_;
        hmac_.add(message);
        return TsigError::None;
    }
    TsigRecord record;
    if (!read_tsig(message, *offset, record)) return TsigError::FormErr;
    return check_signed(message, record, now);
}

TsigError TsigStream::check_signed(Bytes message, const TsigRecord& record, uint64_t now) {
    if (!(record.key_name == key_.name) || !(record.algorithm == algorithm_name(key_.hash))) {
        return TsigError::BadKey;
    }
    if (record.mac.empty() && record.error != 0) return static_cast<TsigError>(record.error);
    if (!is_legal_size(record.mac.size(), key_.hash)) return TsigError::FormErr;
    add_unsigned_form(hmac_, message, record);
    if (is_first_) {
        add_variables(hmac_, variables_of(record));
    } else {
        add_timers(hmac_, record.time_signed, record.fudge);
    }
    const Mac expected = hmac_.finish();
    const TsigError error = judge(record, expected, now);
    is_first_ = false;
    unsigned_count_ = 0;
    begin_next(expected);
    if (error != TsigError::None) return error;
    return static_cast<TsigError>(record.error);
}

}  // namespace nearcast::transfer
