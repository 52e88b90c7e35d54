// SPDX-License-Identifier: Apache-2.0
//
// Answers what an ordinary responder does not: signed requests, and requests for a zone.
//
// It checks the signature, decides by the configuration, has the ordinary part answered by whoever
// does that, and signs the response. A transfer that is granted it does not send: it says so, and
// take_transfer() gives what sends it. One for each thread.

#pragma once

#include <cstdint>
#include <functional>
#include <memory>
#include <optional>
#include <span>
#include <vector>

#include "base/address.h"
#include "dns/message.h"
#include "transfer/transfer_config.h"
#include "transfer/tsig.h"
#include "transfer/zone_stream.h"
#include "zone/zone_table.h"

namespace nearcast::transfer {

// A question without signature, for an ordinary responder.
struct PlainQuestion {
    std::span<const uint8_t> message;
    std::span<uint8_t> room;
    bool is_stream = false;  // On TCP.
    size_t reserved = 0;     // Of the size that the client takes, what the signature will need.
};

struct Request {
    std::span<const uint8_t> message;
    std::span<uint8_t> room;  // Not overlapping; 1232 bytes or more.
    base::IpAddress peer;
    bool is_stream = false;
    uint64_t now = 0;  // Seconds since 1970.
};

// A zone on its way to who asked for it.
struct GrantedTransfer {
    zone::PinnedVersion version;
    ZoneStream stream;
    std::optional<TsigStream> signer;
    size_t tsig_size = 0;
    dns::Name zone;
    bool is_incremental = false;  // Asked for as IXFR.
};

class RequestDesk {
 public:
    // Returns the size of the response in PlainQuestion::room; zero for none.
    using AskOrdinary = std::function<size_t(const PlainQuestion&)>;

    struct Outcome {
        size_t size = 0;          // Of the response; zero: none.
        bool is_granted = false;  // A transfer, on TCP: nothing was written.
    };

    // What to tell who says that a zone has changed. The key is null when he did not sign.
    using Hear = std::function<dns::Rcode(const dns::Name& zone, const base::IpAddress& peer,
                                          const TsigKey* key)>;

    // The first two outlive the desk.
    RequestDesk(const TransferConfig& config, zone::ZoneTable& zones, AskOrdinary ask, Hear hear);

    [[nodiscard]] Outcome answer(const Request& request);

    // What the last answer() granted, once. Null otherwise.
    [[nodiscard]] std::unique_ptr<GrantedTransfer> take_transfer(const Request& request);

 private:
    [[nodiscard]] Outcome answer_transfer(const Request& request);
    [[nodiscard]] Outcome answer_notify(const Request& request);
    [[nodiscard]] Outcome ask(const Request& request, std::span<const uint8_t> question);
    [[nodiscard]] Outcome ask_for_soa(const Request& request);
    [[nodiscard]] Outcome reply(const Request& request, dns::Rcode rcode, uint16_t flags = 0);
    [[nodiscard]] Outcome sign(const Request& request, size_t size);
    [[nodiscard]] std::span<const uint8_t> soa_question(std::span<const uint8_t> request);
    [[nodiscard]] bool is_signed() const { return query_.has_tsig(); }

    const TransferConfig& config_;
    zone::ZoneTable& zones_;
    AskOrdinary ask_;
    Hear hear_;
    Hmac hmac_;
    dns::Query query_;
    TsigCheck signature_;         // Meaningful for a signed request.
    std::vector<uint8_t> plain_;  // The request without its signature.
};

// The serial that an IXFR's client has: of the SOA in the authority section. Nothing when there is
// none (RFC 1995 §3).
[[nodiscard]] std::optional<uint32_t> client_serial(const dns::Query& query,
                                                    std::span<const uint8_t> message);

// Whether `a` is later than `b` in the arithmetic of serials (RFC 1982 §3.2). False both ways for
// the two that are half of all apart.
[[nodiscard]] constexpr bool is_later_serial(uint32_t a, uint32_t b) {
    return a != b && a - b < uint32_t{1} << 31;
}

}  // namespace nearcast::transfer
