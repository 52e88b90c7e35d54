// SPDX-License-Identifier: Apache-2.0
//
// Signs messages with a shared secret, and checks those of others (TSIG, RFC 8945).
//
// Time is a parameter, in seconds since 1970. Checking follows §5.2: key, MAC, time, then whether
// the MAC was cut short; we take none that was. A request is checked with check_request() and its
// response signed with sign_response(). A row of messages on TCP, or a single response, is signed
// or checked by a TsigStream.

#pragma once

#include <cstdint>
#include <optional>
#include <span>
#include <vector>

#include "dns/header.h"
#include "dns/name.h"
#include "transfer/hmac.h"
#include "transfer/tsig_key.h"

namespace nearcast::transfer {

// How far two clocks may be apart, in seconds (§10 recommends it).
constexpr uint16_t kTsigFudge = 300;

// Messages without a signature that may stand between two signed ones (§5.3.1).
constexpr size_t kUnsignedMax = 99;

enum class TsigError : uint16_t {
    None = 0,
    FormErr = 1,  // Not a legal TSIG record, or none where one must be. Answered without TSIG.
    BadSig = 16,
    BadKey = 17,
    BadTime = 18,
    BadTrunc = 22,
};

// "BADSIG", as the RFC writes it.
[[nodiscard]] const char* to_text(TsigError error);

struct TsigRecord {
    size_t offset = 0;  // Where the record begins in the message.
    dns::Name key_name;
    dns::Name algorithm;
    uint64_t time_signed = 0;
    uint16_t fudge = 0;
    uint16_t original_id = 0;
    uint16_t error = 0;
    std::span<const uint8_t> mac;    // Part of the message.
    std::span<const uint8_t> other;  // Likewise.
};

// Reads the TSIG record at `offset`, which must end the message. False when it is not legal.
[[nodiscard]] bool read_tsig(std::span<const uint8_t> message, size_t offset,
                             TsigRecord& record) noexcept;

// Where the last record of `message` begins if that is a TSIG, and 0 if there is none. Nothing when
// the message is not whole, or a TSIG stands elsewhere.
[[nodiscard]] std::optional<size_t> locate_tsig(std::span<const uint8_t> message) noexcept;

// How many bytes a signature adds to a message.
[[nodiscard]] size_t tsig_size(const TsigKey& key);

// The outcome of checking a request; what its response is signed with.
struct TsigCheck {
    TsigError error = TsigError::FormErr;
    const TsigKey* key = nullptr;  // Null with FormErr, and BadKey.
    TsigRecord record;             // As far as it was read. Points into the request.
    Mac mac;                       // The request's, once it proved right.
};

// Checks a request whose TSIG begins at `offset`. `hmac` is free to use again afterwards.
[[nodiscard]] TsigCheck check_request(Hmac& hmac, const TsigKeyring& keys,
                                      std::span<const uint8_t> message, size_t offset,
                                      uint64_t now);

// Appends the TSIG that belongs to such a request to the response of `size` bytes in `room`, and
// returns the new size. With an error it says which; the rcode is the caller's (NOTAUTH). `room`
// must have tsig_response_size() bytes more. Not for FormErr.
size_t sign_response(Hmac& hmac, const TsigCheck& request, std::span<uint8_t> room, size_t size,
                     uint64_t now);
[[nodiscard]] size_t tsig_response_size(const TsigCheck& request);

// Appends a signature to a request, and returns its MAC: responses are checked with it.
[[nodiscard]] Mac sign_request(Hmac& hmac, const TsigKey& key, std::vector<uint8_t>& message,
                               uint64_t now);

// The request without its signature, written to `room`, which must be as large; returns the size.
size_t strip_tsig(std::span<const uint8_t> message, const TsigRecord& record,
                  std::span<uint8_t> room);

// The responses to one request, one after the other. `key` must outlive it.
class TsigStream {
 public:
    TsigStream(const TsigKey& key, const Mac& request_mac);

    // Signs the message of `size` bytes in `room`, which has tsig_size() more; returns its size.
    size_t sign(std::span<uint8_t> room, size_t size, uint64_t now);

    // Checks the next message, signed or not; the first must be. An error that the peer tells in
    // its TSIG is returned as if found here: either way the message proves nothing.
    [[nodiscard]] TsigError check(std::span<const uint8_t> message, uint64_t now);

    // Whether the last message checked was signed: until one is, those before prove nothing.
    [[nodiscard]] bool is_proven() const { return unsigned_count_ == 0 && !is_first_; }

 private:
    [[nodiscard]] TsigError check_signed(std::span<const uint8_t> message, const TsigRecord& record,
                                         uint64_t now);
    void begin_next(const Mac& prior);

    const TsigKey& key_;
    Hmac hmac_;
    bool is_first_ = true;
    size_t unsigned_count_ = 0;
};

}  // namespace nearcast::transfer
