// SPDX-License-Identifier: Apache-2.0
//
// Asks one primary: for the SOA of a zone, and for the zone.
//
// Blocking, with a deadline on everything, so that a primary that says nothing, or drips, costs a
// known time. Responses are believed as far as the key proves them, if there is one.

#pragma once

#include <atomic>
#include <chrono>
#include <cstdint>
#include <vector>

#include "base/address.h"
#include "base/result.h"
#include "dns/name.h"
#include "transfer/tsig.h"
#include "transfer/zone_receiver.h"

namespace nearcast::transfer {

struct ClientLimits {
    // For the answer to a question over UDP, twice, then over TCP.
    std::chrono::milliseconds answer{2'000};
    std::chrono::milliseconds connect{5'000};
    // Between two messages of a transfer, and for all of it.
    std::chrono::milliseconds message{30'000};
    std::chrono::minutes transfer{60};
};

class PrimaryClient {
 public:
    // `key` may be null, and outlives the client. Once `is_stopping` is set, waits end soon.
    PrimaryClient(const dns::Name& zone, const base::SocketAddress& primary, const TsigKey* key,
                  const std::atomic<bool>& is_stopping, ClientLimits limits = {});

    // The rdata of the zone's SOA at the primary.
    [[nodiscard]] base::Result<std::vector<uint8_t>> ask_soa();

    // The zone, checked and built.
    [[nodiscard]] base::Result<zone::ImageBlock> fetch();

 private:
    struct Question {
        std::vector<uint8_t> message;
        uint16_t id = 0;
        Mac mac;
    };

    [[nodiscard]] Question make_question(dns::RRType type);
    [[nodiscard]] base::Result<std::vector<uint8_t>> ask_over_udp(const Question& question) const;
    [[nodiscard]] base::Result<std::vector<uint8_t>> ask_over_tcp(const Question& question) const;
    [[nodiscard]] base::Result<std::vector<uint8_t>> soa_in(const std::vector<uint8_t>& response,
                                                            const Question& question) const;

    const dns::Name& zone_;
    base::SocketAddress primary_;
    const TsigKey* key_;
    const std::atomic<bool>& is_stopping_;
    ClientLimits limits_;
    Hmac hmac_;
};

}  // namespace nearcast::transfer
